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
#include "random_page.h"
#include "scrape/page.h"
#include "scrape/text_dialect.h"

namespace sluice::scrape {
namespace {

using test::RandomPage;
using test::SamplesOf;
using test::Seen;
using test::SeriesOf;

constexpr int kRounds = 120;
constexpr int kScrapes = 25;

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

struct OwnExemplar {
  std::string text;  // of its labels and value
  double value;
  bool has_timestamp;
  TimestampMs timestamp_ms;
};

// The samples of a body in its order, by brute force; empty and false when it has an error.
struct Plain {
  struct Sample {
    std::string series;
    double value;
    bool has_timestamp;
    TimestampMs timestamp_ms;
    std::string family;
    std::vector<OwnExemplar> exemplars;
  };

  std::vector<Sample> samples;
  size_t scraped = 0;
  bool ok = true;
};

std::vector<OwnExemplar> ExemplarsOf(const Entry& entry) {
  std::vector<OwnExemplar> exemplars;
  for (const ExemplarView& exemplar : entry.exemplars) {
    exemplars.push_back({test::DescribeExemplar("", exemplar, 0), exemplar.value,
                         exemplar.has_timestamp, exemplar.timestamp_ms});
  }
  return exemplars;
}

template <class Dialect>
Plain ReadPlainly(const SeriesRules& rules, std::string text) {
  Plain plain;
  if (!Dialect::kIsMarked && !text.ends_with('\n')) text += '\n';
  typename Dialect::Parser parser;
  Entry entry;
  SeriesMaker maker(rules);
  SeriesContent content;
  FamilyContext families;
  for (size_t at = 0; at < text.size();) {
    plain.ok = entry.kind != EntryKind::kEnd;
    if (!plain.ok) return plain;
    const std::string_view rest = std::string_view(text).substr(at);
    typename Dialect::Scanner scanner;
    const size_t end = scanner.FindEnd(rest);
    const std::string_view whole = rest.substr(0, end == std::string_view::npos ? end : end + 1);
    at += whole.size();
    plain.ok = Dialect::Parse(parser, whole, entry).ok();
    if (!plain.ok) return plain;
    if (entry.kind != EntryKind::kSample) {
      families.OnMetadata(entry);
      continue;
    }
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
    plain.samples.push_back({labels.Build().ToString(), entry.value,
                             entry.has_timestamp && rules.honor_timestamps, entry.timestamp_ms,
                             family.name + "|" + std::to_string(static_cast<int>(family.type)) +
                                 "|" + family.help + (family.unit.empty() ? "" : "|" + family.unit),
                             ExemplarsOf(entry)});
  }
  plain.ok = !Dialect::kIsMarked || entry.kind == EntryKind::kEnd;
  return plain;
}

// A target's past by the plain rules of Prometheus, without layouts or templates.
class PlainTarget {
 public:
  PlainTarget(const SeriesRules& rules, PageFormat format) : rules_(rules), format_(format) {}

  // Everything but the report, sorted.
  std::vector<Seen> Scrape(const std::string& body, TimestampMs now_ms) {
    const Plain plain = format_ == PageFormat::kOpenMetrics
                            ? ReadPlainly<OpenMetricsText>(rules_, body)
                            : ReadPlainly<PrometheusText>(rules_, body);
    ok = plain.ok;
    std::vector<Seen> result;
    std::set<std::string> seen;
    std::set<std::string> fresh;
    const auto before = latest_;
    const auto exemplars_before = latest_exemplars_;
    families.clear();
    exemplars.clear();
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
      TakeExemplars(sample, time);
    }
    if (!ok) {
      latest_ = before;
      latest_exemplars_ = exemplars_before;
      result.clear();
      exemplars.clear();
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
      const auto is_gone = [&](const auto& entry) { return seen.count(entry.first) == 0; };
      std::erase_if(latest_, is_gone);
      std::erase_if(latest_exemplars_, is_gone);
    }
    std::sort(exemplars.begin(), exemplars.end());
    std::sort(result.begin(), result.end());
    return result;
  }

  bool ok = true;
  std::map<std::string, std::string> families;
  std::vector<std::string> exemplars;  // series, text and time; sorted

 private:
  // Those of one text differ in nothing but value and time, so that no hash decides.
  void TakeExemplars(const Plain::Sample& sample, TimestampMs sample_ms) {
    for (OwnExemplar exemplar : sample.exemplars) {
      if (!exemplar.has_timestamp) exemplar.timestamp_ms = sample_ms;
      const auto last = latest_exemplars_.find(sample.series);
      if (last != latest_exemplars_.end()) {
        const OwnExemplar& old = last->second;
        const bool same_time = old.timestamp_ms == exemplar.timestamp_ms;
        const bool timeless = !old.has_timestamp && !exemplar.has_timestamp;
        if (old.text == exemplar.text && (same_time || timeless)) continue;
        if (exemplar.timestamp_ms < old.timestamp_ms) continue;
        if (same_time && exemplar.value < old.value) continue;
      }
      latest_exemplars_[sample.series] = exemplar;
      exemplars.push_back(sample.series + exemplar.text + " " +
                          std::to_string(exemplar.timestamp_ms));
    }
  }

  const SeriesRules& rules_;
  const PageFormat format_;
  std::map<std::string, OwnExemplar> latest_exemplars_;
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

std::vector<std::string> SortedExemplarsOf(const std::vector<PageFrame>& frames,
                                           const relabel::Labels& target) {
  std::vector<std::string> lines;
  for (const std::string& line : test::ExemplarsOf(frames, target)) {
    // As OwnExemplar has it: a time of 0 in the text, and the real one behind it.
    const size_t at = line.rfind(" @");
    lines.push_back(line.substr(0, at) + " @0 " + line.substr(at + 2));
  }
  std::sort(lines.begin(), lines.end());
  return lines;
}

uint32_t Seed() {
  const char* const given = std::getenv("SLUICE_TEST_SEED");
  return given != nullptr ? static_cast<uint32_t>(std::strtoul(given, nullptr, 10))
                          : std::random_device()();
}

void CheckAgainstPlainRules(PageFormat format) {
  const uint32_t seed = Seed();
  for (uint32_t round = 0; round < kRounds; ++round) {
    CAPTURE(seed, round);
    RandomPage random(seed + round, format);
    const SeriesRules rules = RandomRules(random);
    Page page(rules, {MakeReportChunk()});
    PlainTarget plain(rules, format);
    TimestampMs now_ms = 1'000'000;
    for (int scrape = 0; scrape < kScrapes; ++scrape) {
      random.Mutate();
      const std::string body = random.Text();
      now_ms += 15'000;
      CAPTURE(scrape, body);
      page.Begin(now_ms, now_ms);
      page.SetFormat(format);
      const Status status = FeedInPieces(page, body, random);
      auto result = status.ok() ? page.Succeed({}) : Result<PageResult>(status.error());
      const std::vector<Seen> expected = plain.Scrape(body, now_ms);
      REQUIRE(result.ok() == plain.ok);
      const PageResult outcome = result.ok() ? *result : page.Fail(Page::Failure::kContent, {});
      const std::vector<Seen> actual =
          WithoutReport(SamplesOf(outcome.frames, rules.target_labels));
      CAPTURE(Difference(actual, expected), Difference(expected, actual));
      REQUIRE((actual == expected));
      REQUIRE(SortedExemplarsOf(outcome.frames, rules.target_labels) == plain.exemplars);
      if (!plain.ok) continue;
      std::map<std::string, std::string> families;
      const std::vector<uint32_t> gone = page.View().gone;
      uint32_t slot = 0;
      for (const auto& [series, family] : SeriesOf(*page.layout(), rules.target_labels)) {
        if (std::binary_search(gone.begin(), gone.end(), slot++)) continue;
        if (family.find("|2|") == std::string::npos || plain.families.count(series) != 0) {
          families[series] = family;
        }
      }
      REQUIRE(families == plain.families);
    }
  }
}

TEST_CASE("a page with a past gives what the plain rules give, whatever changes", "[page]") {
  CheckAgainstPlainRules(PageFormat::kPrometheusText);
}

TEST_CASE("an OpenMetrics page with a past gives what the plain rules give", "[page]") {
  CheckAgainstPlainRules(PageFormat::kOpenMetrics);
}

}  // namespace
}  // namespace sluice::scrape
