// What a page makes of its memory must be what it would make without: random pages, mutated from
// scrape to scrape, against a page that has never seen anything.
#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <map>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "page_support.h"
#include "scrape/entry_scanner.h"
#include "scrape/page.h"
#include "scrape/text_parser.h"

namespace sluice::scrape {
namespace {

using test::SamplesOf;
using test::Seen;
using test::SeriesOf;

constexpr int kRounds = 120;
constexpr int kScrapes = 25;

// A page as lines, so that it can be changed like one.
class RandomPage {
 public:
  explicit RandomPage(uint32_t seed) : random_(seed) {
    const size_t families = Below(12);
    for (size_t i = 0; i < families; ++i) AddFamily();
  }

  void Mutate() {
    const size_t changes = Below(4);
    for (size_t i = 0; i < changes; ++i) MutateOnce();
  }

  std::string Text() {
    std::string text;
    for (const std::string& line : lines_) {
      text += line;
      if (!line.empty() && line[0] == '#') {
        text += '\n';
        continue;
      }
      text += Value();
      if (with_timestamps_ && Below(3) == 0) text += ' ' + std::to_string(900'000 + Below(200'000));
      if (Below(50) == 0) text += ' ';
      text += '\n';
    }
    if (Below(5) == 0 && !text.empty()) text.pop_back();
    if (Below(12) == 0) text += Below(2) == 0 ? "\nbroken{ 1\n" : "\nbroken{x=\"";
    return text;
  }

  size_t Below(size_t limit) {
    return std::uniform_int_distribution<size_t>(0, limit - 1)(random_);
  }

 private:
  std::string Value() {
    static const std::vector<std::string> kValues = {
        "0", "1", "-1.5", "NaN", "+Inf", "1e300", "0.1", "3e-10", "+7", "inf", "12345678"};
    return kValues[Below(kValues.size())];
  }

  std::string Name() { return "m" + std::to_string(Below(15)); }

  void AddFamily() {
    static const std::vector<std::string> kTypes = {"counter", "gauge", "histogram", "summary"};
    const std::string name = Name();
    std::vector<std::string> block;
    if (Below(3) != 0) block.push_back("# HELP " + name + " help " + std::to_string(Below(3)));
    if (Below(3) != 0) block.push_back("# TYPE " + name + " " + kTypes[Below(kTypes.size())]);
    const size_t count = Below(60);
    for (size_t i = 0; i < count; ++i) block.push_back(Sample(name));
    const auto at = static_cast<ptrdiff_t>(Below(lines_.size() + 1));
    lines_.insert(lines_.begin() + at, block.begin(), block.end());
  }

  std::string Sample(const std::string& name) {
    static const std::vector<std::string> kLabels = {
        "a=\"x\"",   "le=\"1\"",  "le=\"+Inf\"", "quantile=\"0.50\"", "job=\"mine\"",
        "drop=\"\"", "n=\"\\n\"", "q=\"\n\"",    "drop=\"yes\"",      "\"u t\"=\"f\""};
    static const std::vector<std::string> kSuffixes = {"", "", "_bucket", "_total", "_sum"};
    std::string line =
        name + kSuffixes[Below(kSuffixes.size())] + "{i=\"" + std::to_string(Below(40)) + "\"";
    if (Below(2) == 0) line += "," + kLabels[Below(kLabels.size())];
    return line + (Below(30) == 0 ? "}" : "} ");
  }

  void MutateOnce() {
    if (lines_.empty()) {
      AddFamily();
      return;
    }
    const auto at = lines_.begin() + static_cast<ptrdiff_t>(Below(lines_.size()));
    switch (Below(9)) {
      case 0:
        lines_.erase(at);
        break;
      case 1:
        lines_.insert(at, Sample(Name()));
        break;
      case 2:
        std::shuffle(lines_.begin(), lines_.end(), random_);
        break;
      case 3:
        std::iter_swap(at, lines_.begin());
        break;
      case 4:
        AddFamily();
        break;
      case 5:
        lines_.erase(at, lines_.end());
        break;
      case 6:
        std::rotate(lines_.begin(), at, lines_.end());
        break;
      case 7:
        lines_.insert(at, std::string(*at));
        break;
      default:
        with_timestamps_ = Below(2) == 0;
        break;
    }
  }

  std::mt19937 random_;
  std::vector<std::string> lines_;
  bool with_timestamps_ = false;
};

SeriesRules RandomRules(RandomPage& random) {
  SeriesRules rules;
  rules.target_labels = {{"instance", "h:1"}, {"job", "j"}};
  rules.honor_labels = random.Below(2) == 0;
  rules.honor_timestamps = random.Below(4) != 0;
  if (random.Below(2) == 0) {
    relabel::Rule rule;
    rule.action = relabel::Action::kDrop;
    rule.source_labels = {"drop"};
    rule.regex = "yes";
    relabel::Rule merge;
    merge.action = relabel::Action::kLabelDrop;
    merge.regex = "a";
    auto program = relabel::Program::Compile({rule, merge});
    REQUIRE(program.ok());
    rules.metric_relabel = *program;
  }
  return rules;
}

// The samples of a body in its order, by brute force; empty and false when it has an error.
struct Plain {
  struct Sample {
    std::string series;
    double value;
    bool has_timestamp;
    TimestampMs timestamp_ms;
    std::string family;
  };

  std::vector<Sample> samples;
  size_t scraped = 0;
  bool ok = true;
};

Plain ReadPlainly(const SeriesRules& rules, std::string text) {
  Plain plain;
  if (!text.ends_with('\n')) text += '\n';
  TextParser parser;
  Entry entry;
  SeriesMaker maker(rules);
  SeriesContent content;
  FamilyContext families;
  for (size_t at = 0; at < text.size();) {
    const std::string_view rest = std::string_view(text).substr(at);
    EntryScanner scanner;
    const size_t size = std::min(scanner.FindEnd(rest), rest.size());
    at += size + 1;
    plain.ok = parser.Parse(rest.substr(0, size), entry).ok();
    if (!plain.ok) return plain;
    if (entry.kind == EntryKind::kHelp || entry.kind == EntryKind::kType) {
      families.OnMetadata(entry);
    }
    if (entry.kind != EntryKind::kSample) continue;
    const auto fate = maker.Make(entry, families.last_type(), content);
    plain.ok = fate.ok();
    if (!plain.ok) return plain;
    ++plain.scraped;
    if (*fate == SeriesFate::kDropped) continue;
    relabel::LabelsBuilder labels(rules.target_labels);
    for (const std::string_view name : content.unset) labels.Delete(name);
    for (const buffer::LabelView& label : content.set) labels.Set(label.name, label.value);
    const FamilyId id = families.FamilyOf(entry.name);
    const Family family = id == kNoFamily ? Family() : families.families().at(id);
    plain.samples.push_back(
        {labels.Build().ToString(), entry.value, entry.has_timestamp && rules.honor_timestamps,
         entry.timestamp_ms,
         family.name + "|" + std::to_string(static_cast<int>(family.type)) + "|" + family.help});
  }
  return plain;
}

// A target's past by the plain rules of Prometheus, without layouts or templates.
class PlainTarget {
 public:
  explicit PlainTarget(const SeriesRules& rules) : rules_(rules) {}

  // Everything but the report, sorted.
  std::vector<Seen> Scrape(const std::string& body, TimestampMs now_ms) {
    const Plain plain = ReadPlainly(rules_, body);
    ok = plain.ok;
    std::vector<Seen> result;
    std::set<std::string> seen;
    std::set<std::string> fresh;
    const auto before = latest_;
    families.clear();
    for (const Plain::Sample& sample : plain.samples) {
      const bool first = seen.insert(sample.series).second;
      if (first) families[sample.series] = sample.family;
      if (!first && !sample.has_timestamp) continue;
      const TimestampMs time = sample.has_timestamp ? sample.timestamp_ms : now_ms;
      const auto last = latest_.find(sample.series);
      if (last != latest_.end() && time <= last->second) continue;
      if (time > now_ms + kAheadMsMax) continue;
      latest_[sample.series] = time;
      if (first && !sample.has_timestamp) fresh.insert(sample.series);
      result.push_back({sample.series, time, std::bit_cast<uint64_t>(sample.value)});
    }
    if (!ok) {
      latest_ = before;
      result.clear();
    }
    // What a failed scrape has seen counts, but only of series that had been there before.
    std::set<std::string> still;
    for (const std::string& series : tracked_) {
      if (ok ? fresh.count(series) != 0 : seen.count(series) != 0) {
        still.insert(series);
      } else if (latest_.count(series) == 0 || latest_[series] < now_ms) {
        result.push_back({series, now_ms, buffer::kStaleNanBits});
        latest_[series] = now_ms;
      }
    }
    tracked_ = ok ? fresh : still;
    if (ok) {
      // Series that are not on the page are forgotten.
      std::erase_if(latest_, [&](const auto& entry) { return seen.count(entry.first) == 0; });
    }
    std::sort(result.begin(), result.end());
    return result;
  }

  bool ok = true;
  std::map<std::string, std::string> families;

 private:
  const SeriesRules& rules_;
  std::set<std::string> tracked_;
  std::map<std::string, TimestampMs> latest_;
};

Status FeedInPieces(Page& page, std::string_view body, RandomPage& random) {
  while (!body.empty()) {
    const size_t limit = random.Below(3) == 0 ? 4 : 700;
    const size_t size = std::min(body.size(), random.Below(limit) + 1);
    // An exact copy, so that a sanitizer sees reads past the piece.
    const std::vector<char> piece(body.begin(), body.begin() + static_cast<ptrdiff_t>(size));
    if (Status status = page.Feed({piece.data(), piece.size()}); !status.ok()) return status;
    body.remove_prefix(size);
  }
  return Status::Ok();
}

std::vector<Seen> WithoutReport(std::vector<Seen> samples) {
  std::erase_if(samples, [](const Seen& seen) {
    return seen.series.starts_with("{__name__=\"up\"") ||
           seen.series.starts_with("{__name__=\"scrape_");
  });
  std::sort(samples.begin(), samples.end());
  return samples;
}

// What `a` has and `b` has not.
std::vector<std::string> Difference(const std::vector<Seen>& a, const std::vector<Seen>& b) {
  std::vector<Seen> rest;
  std::set_difference(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(rest));
  std::vector<std::string> lines;
  for (const Seen& seen : rest) {
    lines.push_back(test::Describe(seen.timestamp_ms, seen.series, seen.value_bits));
  }
  return lines;
}

uint32_t Seed() {
  const char* const given = std::getenv("SLUICE_TEST_SEED");
  return given != nullptr ? static_cast<uint32_t>(std::strtoul(given, nullptr, 10))
                          : std::random_device()();
}

TEST_CASE("a page with a past gives what the plain rules give, whatever changes", "[page]") {
  const uint32_t seed = Seed();
  for (uint32_t round = 0; round < kRounds; ++round) {
    CAPTURE(seed, round);
    RandomPage random(seed + round);
    const SeriesRules rules = RandomRules(random);
    Page page(rules, {MakeReportChunk()});
    PlainTarget plain(rules);
    TimestampMs now_ms = 1'000'000;
    for (int scrape = 0; scrape < kScrapes; ++scrape) {
      random.Mutate();
      const std::string body = random.Text();
      now_ms += 15'000;
      CAPTURE(scrape, body);
      page.Begin(now_ms, now_ms);
      const Status status = FeedInPieces(page, body, random);
      auto result = status.ok() ? page.Succeed({}) : Result<PageResult>(status.error());
      const std::vector<Seen> expected = plain.Scrape(body, now_ms);
      REQUIRE(result.ok() == plain.ok);
      const PageResult outcome = result.ok() ? *result : page.Fail(Page::Failure::kContent, {});
      const std::vector<Seen> actual =
          WithoutReport(SamplesOf(outcome.frames, rules.target_labels));
      CAPTURE(Difference(actual, expected), Difference(expected, actual));
      REQUIRE((actual == expected));
      if (!plain.ok) continue;
      std::map<std::string, std::string> families;
      for (const auto& [series, family] : SeriesOf(*page.layout(), rules.target_labels)) {
        if (family.find("|2|") == std::string::npos || plain.families.count(series) != 0) {
          families[series] = family;
        }
      }
      REQUIRE(families == plain.families);
    }
  }
}

}  // namespace
}  // namespace sluice::scrape
