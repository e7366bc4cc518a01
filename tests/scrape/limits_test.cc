#include "scrape/limits.h"

#include <algorithm>
#include <bit>
#include <string>
#include <string_view>
#include <vector>

#include <catch2/catch.hpp>

#include "page_support.h"
#include "scrape/page.h"

namespace sluice::scrape {
namespace {

using Lines = std::vector<std::string>;

// A page that is scraped every 15 s. Lines are sorted, without labels and timestamps.
class Target {
 public:
  explicit Target(SeriesRules rules, bool extra = false)
      : rules_(rules),
        page_(std::move(rules), {.chunk = MakeReportChunk(),
                                 .extra = extra ? MakeExtraReportChunk() : nullptr,
                                 .timeout_seconds = 9.5}) {}

  Lines Scrape(std::string_view body) {
    now_ms_ += 15'000;
    page_.Begin(now_ms_, now_ms_);
    const ScrapeMeasures measures{0.5, static_cast<double>(body.size())};
    const Status status = page_.Feed(body);
    Result<PageResult> result = status.ok() ? page_.Succeed(measures) : status.error();
    error_ = result.ok() ? "" : result.error().message;
    return Described(result.ok() ? *result : page_.Fail(Page::Failure::kContent, measures));
  }

  Lines FailTransfer() {
    now_ms_ += 15'000;
    page_.Begin(now_ms_, now_ms_);
    return Described(page_.Fail(Page::Failure::kTransfer, {0.5, -1}));
  }

  const std::string& error() const { return error_; }

  const SampleCounts& counts() const { return counts_; }

  // up, duration, scraped, post_relabel, added, and the extra ones.
  const std::vector<double>& report() const { return report_; }

  TimestampMs now_ms() const { return now_ms_; }

 private:
  Lines Described(const PageResult& result) {
    counts_ = result.counts;
    report_.clear();
    Lines lines;
    for (const test::Seen& seen : test::SamplesOf(result.frames, rules_.target_labels)) {
      const double value = std::bit_cast<double>(seen.value_bits);
      const bool is_stale = seen.value_bits == buffer::kStaleNanBits;
      const size_t from = seen.series.find('"') + 1;
      const std::string name = seen.series.substr(from, seen.series.find('"', from) - from);
      const bool is_report = name == "up" || name.starts_with("scrape_");
      if (is_report && !is_stale) {
        report_.push_back(value);
      } else {
        lines.push_back(name +
                        (is_stale ? " stale" : " " + std::to_string(static_cast<int>(value))));
      }
    }
    std::sort(lines.begin(), lines.end());
    return lines;
  }

  SeriesRules rules_;
  Page page_;
  TimestampMs now_ms_ = 1'700'000'000'000;
  std::string error_;
  SampleCounts counts_;
  std::vector<double> report_;
};

SeriesRules LimitedTo(uint64_t limit, SampleLimitPolicy policy = SampleLimitPolicy::kFail) {
  SeriesRules rules;
  rules.sample_limit = limit;
  rules.sample_limit_policy = policy;
  return rules;
}

TEST_CASE("above the sample limit the whole scrape fails, with true counts", "[limits]") {
  Target target(LimitedTo(4));
  CHECK(target.Scrape("a 1\nb 2\nc 3\nd 4\n") == Lines{"a 1", "b 2", "c 3", "d 4"});
  CHECK_FALSE(target.counts().sample_limit_exceeded);
  // The series before the limit were seen: no markers.
  CHECK(target.Scrape("a 1\nb 2\nc 3\nd 4\ne 5\nf 6\n").empty());
  CHECK(target.error() == "sample limit exceeded");
  CHECK(target.counts().sample_limit_exceeded);
  CHECK(target.report() == std::vector<double>{0, 0.5, 6, 6, 0});
  CHECK(target.Scrape("a 1\nb 2\nc 3\nd 4\n") == Lines{"a 1", "b 2", "c 3", "d 4"});
  CHECK(target.FailTransfer() == Lines{"a stale", "b stale", "c stale", "d stale"});
}

TEST_CASE("series behind the sample limit become stale", "[limits]") {
  Target target(LimitedTo(2));
  target.Scrape("a 1\nb 2\n");
  CHECK(target.Scrape("n 1\na 1\nb 2\n") == Lines{"b stale"});
  CHECK(target.report() == std::vector<double>{0, 0.5, 3, 3, 1});
}

TEST_CASE("samples dropped by relabeling and repeats do not count for the limit", "[limits]") {
  relabel::Rule rule;
  rule.action = relabel::Action::kDrop;
  rule.source_labels = {"__name__"};
  rule.regex = "drop.*";
  SeriesRules rules = LimitedTo(2);
  rules.metric_relabel = *relabel::Program::Compile({rule});
  Target target(rules);
  for (int i = 0; i < 3; ++i) {
    CHECK(target.Scrape("drop1 1\na 1\na 9\ndrop2 1\nb 2\ndrop3 1\nb 9\n") == Lines{"a 1", "b 2"});
    CHECK(target.error().empty());
    CHECK(target.counts().post_relabel == 4);
  }
}

TEST_CASE("a known page whose repeats get timestamps can exceed the limit", "[limits]") {
  Target target(LimitedTo(2));
  const std::string old_ms = " 1600000000000";
  CHECK(target.Scrape("a 1\na 1\nb 2\n") == Lines{"a 1", "b 2"});
  CHECK(target.Scrape("a 1\na 1" + old_ms + "\nb 2\n") == Lines{"b stale"});
  CHECK(target.error() == "sample limit exceeded");
  CHECK(target.counts().post_relabel == 3);
}

TEST_CASE("an error behind the sample limit has the say, and both count", "[limits]") {
  Target target(LimitedTo(1));
  CHECK(target.Scrape("a 1\nb 2\nc x\n").empty());
  CHECK_THAT(target.error(), Catch::StartsWith("line 3: "));
  CHECK(target.counts().sample_limit_exceeded);
}

TEST_CASE("keep_known refuses new series and keeps the scrape", "[limits]") {
  Target target(LimitedTo(3, SampleLimitPolicy::kKeepKnown));
  CHECK(target.Scrape("a 1\nb 2\n") == Lines{"a 1", "b 2"});
  CHECK(target.Scrape("n 1\nm 1\na 1\nb 2\n") == Lines{"a 1", "b 2", "n 1"});
  CHECK(target.error().empty());
  CHECK(target.counts().refused == 1);
  CHECK(target.counts().sample_limit_exceeded);
  CHECK(target.report() == std::vector<double>{1, 0.5, 4, 4, 1});
  // The same page again: nothing is new, and the refused line stays refused.
  CHECK(target.Scrape("n 1\nm 1\na 1\nb 2\n") == Lines{"a 1", "b 2", "n 1"});
  CHECK(target.counts().refused == 1);
  CHECK(target.report() == std::vector<double>{1, 0.5, 4, 4, 0});
}

TEST_CASE("keep_known gives a free place away at the next scrape", "[limits]") {
  Target target(LimitedTo(2, SampleLimitPolicy::kKeepKnown));
  CHECK(target.Scrape("a 1\nb 2\nc 3\n") == Lines{"a 1", "b 2"});
  CHECK(target.Scrape("b 2\nc 3\n") == Lines{"a stale", "b 2"});
  CHECK(target.counts().refused == 1);
  CHECK(target.Scrape("b 2\nc 3\n") == Lines{"b 2", "c 3"});
  CHECK(target.counts().refused == 0);
  CHECK(target.Scrape("b 2\nc 4\n") == Lines{"b 2", "c 4"});
}

TEST_CASE("label limits fail the scrape in Prometheus's words", "[limits]") {
  struct Row {
    LabelLimits limits;
    std::string body;
    std::string words;
  };

  const std::string long_value(60, 'v');
  const std::vector<Row> rows = {
      {{.count = 3}, "a{x=\"1\"} 1\n", ""},
      {{.count = 3}, "a{x=\"1\",y=\"\"} 1\n", ""},
      {{.count = 3},
       "a{x=\"1\",y=\"2\"} 1\n",
       "line 1: label_limit exceeded (metric: a, number of labels: 4, limit: 3)"},
      {{.name_length = 8}, "a{eight_ch=\"1\"} 1\n", ""},
      {{.name_length = 8},
       "a{nine_char=\"1\"} 1\n",
       "line 1: label_name_length_limit exceeded (metric: a, label name: nine_char, length: 9, "
       "limit: 8)"},
      {{.value_length = 5}, "abcde{x=\"12345\"} 1\n", ""},
      {{.value_length = 5},
       "a 1\nb{x=\"\\\"23456\"} 1\n",
       "line 2: label_value_length_limit exceeded (metric: b, label name: x, value: \"\\\"23456\", "
       "length: 6, limit: 5)"},
      {{.value_length = 5},
       "abcdef 1\n",
       "line 1: label_value_length_limit exceeded (metric: abcdef, label name: __name__, value: "
       "\"abcdef\", length: 6, limit: 5)"},
      {{.value_length = 5},
       "a{x=\"" + long_value + "\"} 1\n",
       "line 1: label_value_length_limit exceeded (metric: a, label name: x, value: \"" +
           long_value.substr(10) + "\", length: 60, limit: 5)"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.body);
    SeriesRules rules;
    rules.target_labels = {{"host", "h"}};
    rules.label_limits = row.limits;
    Target target(rules);
    target.Scrape(row.body);
    CHECK(target.error() == row.words);
    CHECK(target.counts().label_limit_exceeded == !row.words.empty());
  }
}

TEST_CASE("label limits look at what relabeling leaves", "[limits]") {
  SeriesRules rules;
  rules.label_limits.count = 2;
  relabel::Rule rule;
  rule.action = relabel::Action::kLabelDrop;
  rule.regex = "x";
  rules.metric_relabel = *relabel::Program::Compile({rule});
  Target target(rules);
  CHECK(target.Scrape("a{x=\"1\",y=\"2\"} 1\n") == Lines{"a 1"});
  CHECK(target.Scrape("a{z=\"1\",y=\"2\"} 1\n").size() == 1);
  CHECK(target.counts().label_limit_exceeded);
}

TEST_CASE("extra_scrape_metrics adds three series to the report", "[limits]") {
  Target target(LimitedTo(2), true);
  CHECK(target.Scrape("a 1\n") == Lines{"a 1"});
  CHECK(target.report() == std::vector<double>{1, 0.5, 1, 1, 1, 9.5, 2, 4});
  CHECK(target.Scrape("a 1\nb 2\nc 3\n").empty());
  CHECK(target.report() == std::vector<double>{0, 0.5, 3, 3, 1, 9.5, 2, 12});
  CHECK(target.FailTransfer() == Lines{"a stale"});
  CHECK(target.report() == std::vector<double>{0, 0.5, 0, 0, 0, 9.5, 2, -1});
  // Then only the scrape itself may report them.
  CHECK(target.Scrape("scrape_sample_limit 7\n").empty());
  CHECK(target.counts().duplicate == 1);
  Target plain(LimitedTo(2));
  plain.Scrape("scrape_sample_limit 7\n");
  CHECK(plain.counts().duplicate == 0);
}

TEST_CASE("track_timestamps_staleness gives markers to series with own timestamps", "[limits]") {
  for (const bool track : {false, true}) {
    CAPTURE(track);
    SeriesRules rules;
    rules.track_timestamps_staleness = track;
    Target target(rules);
    const std::string stamp = " " + std::to_string(target.now_ms());
    CHECK(target.Scrape("a 1" + stamp + "\n") == Lines{"a 1"});
    // An unchanged sample is no new one, but its series is still there.
    CHECK(target.Scrape("a 1" + stamp + "\n").empty());
    CHECK(target.Scrape("a 1" + stamp + "\nb 1\n") == Lines{"b 1"});
    CHECK(target.Scrape("b 1\n") == (track ? Lines{"a stale", "b 1"} : Lines{"b 1"}));
    CHECK(target.Scrape("b 1\n") == Lines{"b 1"});
  }
}

}  // namespace
}  // namespace sluice::scrape
