// What a page keeps between scrapes follows its series, not its bodies.
#include <algorithm>
#include <bit>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include <catch2/catch.hpp>

#include "page_support.h"
#include "scrape/page.h"

namespace sluice::scrape {
namespace {

using test::SamplesOf;

constexpr size_t kMiB = 1U << 20;
constexpr int kSeries = 100;

SeriesRules WithDropRule() {
  SeriesRules rules;
  relabel::Rule rule;
  rule.action = relabel::Action::kDrop;
  rule.source_labels = {"__name__"};
  rule.regex = "dropped";
  auto program = relabel::Program::Compile({rule});
  REQUIRE(program.ok());
  rules.metric_relabel = *program;
  return rules;
}

// One target, to which bodies come piece by piece.
class Target {
 public:
  void Begin() {
    now_ms_ += 15'000;
    page_.Begin(now_ms_, now_ms_);
    page_.SetFormat(PageFormat::kPrometheusText);
  }

  void Feed(std::string_view piece) { REQUIRE(page_.Feed(piece).ok()); }

  // The sum of the samples of `a`.
  double End() {
    const auto result = page_.Succeed({});
    REQUIRE(result.ok());
    double sum = 0;
    for (const test::Seen& seen : SamplesOf(result->frames, {})) {
      if (seen.value_bits == buffer::kStaleNanBits) continue;
      if (seen.series.starts_with("{__name__=\"a\"")) sum += std::bit_cast<double>(seen.value_bits);
    }
    return sum;
  }

  double Scrape(const std::vector<std::string>& pieces) {
    Begin();
    for (const std::string& piece : pieces) Feed(piece);
    return End();
  }

  const Page& page() const { return page_; }

 private:
  Page page_{WithDropRule(), {MakeReportChunk()}};
  TimestampMs now_ms_ = 1'000'000;
};

// The text of series `i` up to the blank before its value.
std::string Series(int i) { return "a{i=\"" + std::to_string(i) + "\"} "; }

std::string Value(int i) { return std::to_string(i) + "\n"; }

constexpr double kSum = kSeries * (kSeries - 1) / 2.0;

std::vector<std::string> Plain() {
  std::vector<std::string> pieces;
  for (int i = 0; i < kSeries; ++i) pieces.push_back(Series(i) + Value(i));
  return pieces;
}

// Letters as of nothing else.
std::string RandomText(std::mt19937& random, size_t size) {
  std::string text;
  while (text.size() < size) text += static_cast<char>('a' + random() % 26);
  return text;
}

// Around each series.
struct Filler {
  std::string before;
  std::string inside;  // before the value
};

// Of a page as large as `mib`.
Filler FillerOf(std::string_view kind, size_t mib) {
  const size_t size = mib * kMiB / kSeries;
  const auto repeated = [&](const std::string& line) {
    std::string text;
    while (text.size() < size) text += line;
    return text;
  };
  if (kind == "HELP text") return {"# HELP a " + std::string(size, 'x') + "\n", ""};
  if (kind == "metadata") return {repeated("# HELP b Some text.\n# TYPE b gauge\n"), ""};
  if (kind == "blanks before a value") return {"", std::string(size, ' ')};
  if (kind == "duplicates") return {repeated("a{i=\"7\"} 7\n"), ""};
  if (kind == "comments") return {repeated("# Some comment.\n\n"), ""};
  FAIL("unknown kind");
  return {};
}

TEST_CASE("a large body is forgotten but for its series", "[page_memory]") {
  const std::string kind = GENERATE(as<std::string>(), "HELP text", "metadata",
                                    "blanks before a value", "duplicates", "comments");
  CAPTURE(kind);
  const Filler filler = FillerOf(kind, 8);
  Target target;
  CHECK(target.Scrape(Plain()) == kSum);
  const size_t before = target.page().memory_bytes();
  std::vector<std::string> pieces;
  for (int i = 0; i < kSeries; ++i) {
    pieces.push_back(filler.before + Series(i) + filler.inside + Value(i));
  }
  for (int scrape = 0; scrape < 3; ++scrape) {
    CHECK(target.Scrape(pieces) == kSum);
    CHECK(target.page().series_count() == kSeries);
    CHECK(target.page().memory_bytes() < before + 2 * kMiB);
  }
  CHECK(target.Scrape(Plain()) == kSum);
  CHECK(target.page().memory_bytes() < before + kMiB / 8);
}

TEST_CASE("dropped series are remembered, up to a bound", "[page_memory]") {
  constexpr size_t kLineSize = 1000;
  Target target;
  std::mt19937 random(1);
  std::vector<std::string> pieces = Plain();
  for (size_t i = 0; i < 80 * kMiB / kLineSize; ++i) {
    pieces.push_back("dropped{x=\"" + RandomText(random, kLineSize) + "\"} 1\n");
  }
  for (int scrape = 0; scrape < 2; ++scrape) {
    CHECK(target.Scrape(pieces) == kSum);
    CHECK(target.page().memory_bytes() > 60 * kMiB);
    CHECK(target.page().memory_bytes() < 74 * kMiB);
  }
}

TEST_CASE("families with long metadata are told from each other", "[page_memory]") {
  const std::string text(3 * kKeyBytesMax, 'x');
  Target target;
  const auto family = [&](const std::string& help) {
    target.Scrape({"# HELP a " + text + help + "\n" + Series(0) + Value(0)});
    return test::SeriesOf(*target.page().layout(), {}).front().second;
  };
  CHECK(family("1") == "a|0|" + text + "1");
  CHECK(family("1") == "a|0|" + text + "1");
  CHECK(family("2") == "a|0|" + text + "2");
  CHECK(family("") == "a|0|" + text);
}

TEST_CASE("long series keep their identity", "[page_memory]") {
  const std::string value(2 * kKeyBytesMax, 'x');
  const auto line = [&](const std::string& end, int sample) {
    return "a{v=\"" + value + end + "\"} " + Value(sample);
  };
  Target target;
  for (int scrape = 0; scrape < 3; ++scrape) {
    CHECK(target.Scrape({line("1", 1), line("2", 2), line("1", 4)}) == 3);
    CHECK(target.page().series_count() == 2);
    CHECK(target.Scrape({line("2", 2), line("3", 4)}) == 6);
  }
}

// Long enough that a text of moderately many lines is large, though what lines have in common is
// kept once.
std::string LongLine(int i, int version) {
  std::mt19937 random(static_cast<uint32_t>(i));
  return "a{i=\"" + std::to_string(i) + "\",version=\"" + std::to_string(version) + "\",x=\"" +
         RandomText(random, 1950) + "\"} 1\n";
}

TEST_CASE("of a page with too much text, series are known by digests of their lines",
          "[page_memory]") {
  constexpr int kMany = 36'000;
  std::vector<std::string> lines;
  for (int i = 0; i < kMany; ++i) lines.push_back(LongLine(i, 0));
  Target target;
  CHECK(target.Scrape(lines) == kMany);
  const size_t line_bytes = lines.front().size() * kMany;
  CHECK(line_bytes > PageTemplate::kPlainBytesMax + 3 * kMiB);
  const auto is_bounded = [&] {
    return target.page().memory_bytes() < PageTemplate::kPlainBytesMax + 2 * kMiB;
  };
  const auto layout = target.page().layout();
  CHECK(target.Scrape(lines) == kMany);
  CHECK(target.page().layout() == layout);

  // One of them goes away, one is another one now.
  lines[kMany - 7] = LongLine(kMany - 7, 1);
  lines.erase(lines.end() - 100);
  CHECK(target.Scrape(lines) == kMany - 1);
  CHECK(target.page().series_count() == kMany - 1);

  // Those that have digests change their places with others.
  const auto changed = target.page().layout();
  std::rotate(lines.begin(), lines.end() - 2000, lines.end());
  CHECK(target.Scrape(lines) == kMany - 1);
  CHECK(target.page().layout() == changed);
  CHECK(is_bounded());
}

}  // namespace
}  // namespace sluice::scrape
