#include "scrape/page.h"

#include <algorithm>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <catch2/catch.hpp>

#include "page_support.h"

namespace sluice::scrape {
namespace {

using test::SamplesOf;

constexpr double kDuration = 0.25;

// A page that is scraped every 15 s, and what a receiver would get, as sorted lines without the
// report.
class Target {
 public:
  explicit Target(SeriesRules rules = {})
      : rules_(rules), page_(std::move(rules), {MakeReportChunk()}) {}

  std::vector<std::string> Scrape(std::string_view body) {
    Begin();
    const Status status = page_.Feed(body);
    Result<PageResult> result = status.ok() ? page_.Succeed({kDuration}) : status.error();
    if (result.ok()) return Lines(*result);
    error_ = result.error().message;
    return Lines(page_.Fail(Page::Failure::kContent, {kDuration}));
  }

  std::vector<std::string> FailTransfer(std::string_view part = {}) {
    Begin();
    CHECK(page_.Feed(part).ok());
    return Lines(page_.Fail(Page::Failure::kTransfer, {kDuration}));
  }

  std::vector<std::string> Retire() { return Lines(page_.Retire(now_ms_ += 15'000, nullptr)); }

  void SetNow(TimestampMs now_ms) { now_ms_ = now_ms - 15'000; }

  Page& page() { return page_; }

  const SampleCounts& counts() const { return counts_; }

  const std::vector<double>& report() const { return report_; }

  const std::string& error() const { return error_; }

  size_t frame_count() const { return frame_count_; }

 private:
  void Begin() {
    now_ms_ += 15'000;
    error_.clear();
    page_.Begin(now_ms_, now_ms_);
  }

  std::vector<std::string> Lines(const PageResult& result) {
    counts_ = result.counts;
    frame_count_ = result.frames.size();
    report_.clear();
    std::vector<std::string> lines;
    for (const test::Seen& seen : SamplesOf(result.frames, rules_.target_labels)) {
      const bool is_report = seen.value_bits != buffer::kStaleNanBits && IsReport(seen.series);
      if (is_report) {
        report_.push_back(std::bit_cast<double>(seen.value_bits));
        continue;
      }
      // Times are relative to the scrape, so that "@0" is its own.
      lines.push_back(test::Describe(seen.timestamp_ms - now_ms_, seen.series, seen.value_bits));
    }
    std::sort(lines.begin(), lines.end());
    return lines;
  }

  bool IsReport(const std::string& series) const {
    for (const std::string_view name : kReportNames) {
      relabel::LabelsBuilder labels(rules_.target_labels);
      labels.Set(relabel::kMetricName, name);
      if (labels.Build().ToString() == series) return true;
    }
    return false;
  }

  SeriesRules rules_;
  Page page_;
  TimestampMs now_ms_ = 1'700'000'000'000;
  SampleCounts counts_;
  std::vector<double> report_;
  std::string error_;
  size_t frame_count_ = 0;
};

using Lines = std::vector<std::string>;

SeriesRules RulesWith(relabel::Labels target) {
  SeriesRules rules;
  rules.target_labels = std::move(target);
  return rules;
}

relabel::Program Compiled(relabel::Rule rule) {
  auto program = relabel::Program::Compile({std::move(rule)});
  REQUIRE(program.ok());
  return *program;
}

TEST_CASE("a page gives its samples and the report in one frame", "[page]") {
  Target target(RulesWith({{"instance", "h:1"}, {"job", "j"}}));
  CHECK(target.Scrape("# TYPE a counter\na{x=\"1\"} 5\nb 2.5\n") ==
        Lines{"{__name__=\"a\", instance=\"h:1\", job=\"j\", x=\"1\"} 5.0 @0",
              "{__name__=\"b\", instance=\"h:1\", job=\"j\"} 2.5 @0"});
  CHECK(target.report() == std::vector<double>{1, kDuration, 2, 2, 2});
  CHECK(target.frame_count() == 1);
  const auto layout = target.page().layout();
  CHECK(target.Scrape("# TYPE a counter\na{x=\"1\"} 6\nb 7\n") ==
        Lines{"{__name__=\"a\", instance=\"h:1\", job=\"j\", x=\"1\"} 6.0 @0",
              "{__name__=\"b\", instance=\"h:1\", job=\"j\"} 7.0 @0"});
  CHECK(target.report() == std::vector<double>{1, kDuration, 2, 2, 0});
  CHECK(target.page().layout() == layout);
}

TEST_CASE("a series that goes away gets one stale marker", "[page]") {
  Target target;
  target.Scrape("a 1\nb 2\nc 3\n");
  CHECK(target.Scrape("a 1\nc 3\n") ==
        Lines{"{__name__=\"a\"} 1.0 @0", "{__name__=\"b\"} stale @0", "{__name__=\"c\"} 3.0 @0"});
  CHECK(target.Scrape("a 1\nc 3\n").size() == 2);
  CHECK(target.Scrape("a 1\n") == Lines{"{__name__=\"a\"} 1.0 @0", "{__name__=\"c\"} stale @0"});
}

TEST_CASE("a failed transfer makes all series stale once", "[page]") {
  Target target;
  target.Scrape("a 1\nb 2\n");
  const auto layout = target.page().layout();
  CHECK(target.FailTransfer("a 1\n") ==
        Lines{"{__name__=\"a\"} stale @0", "{__name__=\"b\"} stale @0"});
  CHECK(target.report() == std::vector<double>{0, kDuration, 0, 0, 0});
  CHECK(target.FailTransfer().empty());
  CHECK(target.Scrape("a 1\n") == Lines{"{__name__=\"a\"} 1.0 @0"});
  // Nothing of it is new, because the series were remembered all the time.
  CHECK(target.report() == std::vector<double>{1, kDuration, 1, 1, 0});
  CHECK(target.Scrape("a 1\nb 2\n").size() == 2);
  CHECK(target.report().back() == 1);
}

TEST_CASE("an empty body is a scrape that went well, and all series are stale", "[page]") {
  Target target;
  target.Scrape("a 1\n");
  CHECK(target.Scrape("") == Lines{"{__name__=\"a\"} stale @0"});
  CHECK(target.report() == std::vector<double>{1, kDuration, 0, 0, 0});
}

TEST_CASE("after a parse error only what was not reached is stale", "[page]") {
  Target target;
  target.Scrape("a 1\nb 2\nc 3\n");
  CHECK(target.Scrape("a 1\nb 2\nx{ 4\nc 3\n") == Lines{"{__name__=\"c\"} stale @0"});
  CHECK_THAT(target.error(), Catch::StartsWith("line 3: expected label name"));
  CHECK(target.report() == std::vector<double>{0, kDuration, 2, 2, 0});
  CHECK(target.FailTransfer() == Lines{"{__name__=\"a\"} stale @0", "{__name__=\"b\"} stale @0"});
  CHECK(target.FailTransfer().empty());
  CHECK(target.Scrape("a 1\nb 2\nc 3\n").size() == 3);
}

TEST_CASE("an error in the last line without a newline is found at the end", "[page]") {
  Target target;
  CHECK(target.Scrape("a 1\nb{x=\"").empty());
  CHECK_THAT(target.error(), Catch::StartsWith("line 2: expected label value"));
  CHECK(target.Scrape("a 1\nb 2") == Lines{"{__name__=\"a\"} 1.0 @0", "{__name__=\"b\"} 2.0 @0"});
  CHECK(target.Scrape("a 1\nb 3") == Lines{"{__name__=\"a\"} 1.0 @0", "{__name__=\"b\"} 3.0 @0"});
}

TEST_CASE("of the same series twice the first one counts", "[page]") {
  Target target;
  const std::string_view page = "a 1\nb 5\na 2\na{} 3\n";
  for (int i = 0; i < 3; ++i) {
    CHECK(target.Scrape(page) == Lines{"{__name__=\"a\"} 1.0 @0", "{__name__=\"b\"} 5.0 @0"});
    CHECK(target.counts().duplicate == 2);
    CHECK(target.counts().scraped == 4);
    CHECK(target.counts().post_relabel == 4);
  }
  // The one that was a duplicate is now the first.
  CHECK(target.Scrape("b 5\na{} 3\na 2\n") ==
        Lines{"{__name__=\"a\"} 3.0 @0", "{__name__=\"b\"} 5.0 @0"});
  CHECK(target.counts().duplicate == 1);
}

TEST_CASE("a target cannot speak for the agent's own report", "[page]") {
  Target target;
  for (int i = 0; i < 2; ++i) {
    CHECK(target.Scrape("up 0\nup{x=\"1\"} 0\n") == Lines{"{__name__=\"up\", x=\"1\"} 0.0 @0"});
    CHECK(target.report() == std::vector<double>{1, kDuration, 2, 2, i == 0 ? 1.0 : 0.0});
    CHECK(target.counts().duplicate == 1);
  }
}

TEST_CASE("own timestamps are kept, must ascend and are not tracked", "[page]") {
  Target target;
  target.SetNow(1'000'000);
  CHECK(target.Scrape("a 1 900000\nb 2\n") ==
        Lines{"{__name__=\"a\"} 1.0 @-100000", "{__name__=\"b\"} 2.0 @0"});
  // The same timestamp again is out of order.
  CHECK(target.Scrape("a 1 900000\nb 2\n") == Lines{"{__name__=\"b\"} 2.0 @0"});
  CHECK(target.counts().out_of_order == 1);
  CHECK(target.counts().series_added == 0);
  CHECK(target.Scrape("a 3 900001\nb 2\n").size() == 2);
  // No marker for a series with its own timestamps.
  CHECK(target.Scrape("b 2\n") == Lines{"{__name__=\"b\"} 2.0 @0"});
  CHECK(target.Scrape("") == Lines{"{__name__=\"b\"} stale @0"});
}

TEST_CASE("several ascending samples of one series with timestamps are all kept", "[page]") {
  Target target;
  target.SetNow(1'000'000);
  const std::string_view page = "a 1 900000\na 2 900010\nb 1\na 3 900005\na 4 900020\na 5\n";
  CHECK(target.Scrape(page) == Lines{"{__name__=\"a\"} 1.0 @-100000",
                                     "{__name__=\"a\"} 2.0 @-99990", "{__name__=\"a\"} 4.0 @-99980",
                                     "{__name__=\"b\"} 1.0 @0"});
  CHECK(target.counts().out_of_order == 1);
  CHECK(target.counts().duplicate == 1);
  CHECK(target.Scrape(page) == Lines{"{__name__=\"b\"} 1.0 @0"});
  CHECK(target.counts().out_of_order == 4);
}

TEST_CASE("timestamps more than ten minutes ahead are dropped", "[page]") {
  Target target;
  target.SetNow(1'000'000);
  CHECK(target.Scrape("a 1 1600001\nb 1 1600000\n") == Lines{"{__name__=\"b\"} 1.0 @600000"});
  CHECK(target.counts().out_of_bounds == 1);
  CHECK(target.counts().series_added == 1);
}

TEST_CASE("a series that starts to state timestamps is stale under the old ones", "[page]") {
  Target target;
  target.SetNow(1'000'000);
  target.Scrape("a 1\nb 1\n");
  CHECK(target.Scrape("a 1\nb 1 1001000\n") == Lines{"{__name__=\"a\"} 1.0 @0",
                                                     "{__name__=\"b\"} 1.0 @-14000",
                                                     "{__name__=\"b\"} stale @0"});
  // The marker is behind it now, so that older timestamps are out of order.
  CHECK(target.Scrape("a 1\nb 1 1002000\n").size() == 1);
  CHECK(target.counts().out_of_order == 1);
  CHECK(target.Scrape("a 1\nb 1 1016000\n").size() == 2);
}

TEST_CASE("honor_timestamps: false ignores timestamps", "[page]") {
  SeriesRules rules;
  rules.honor_timestamps = false;
  Target target(rules);
  for (int i = 0; i < 2; ++i) {
    CHECK(target.Scrape("a 1 5\na 2 6\n") == Lines{"{__name__=\"a\"} 1.0 @0"});
    CHECK(target.counts().duplicate == 1);
  }
  CHECK(target.Scrape("") == Lines{"{__name__=\"a\"} stale @0"});
}

TEST_CASE("nothing is appended behind what was appended before", "[page]") {
  Target target;
  target.SetNow(2'000'000);
  target.Scrape("a 1\n");
  target.SetNow(1'000'000);  // the clock steps back
  CHECK(target.Scrape("a 1\n").empty());
  CHECK(target.frame_count() == 0);
  CHECK(target.counts().out_of_order == 1 + kReportSeriesCount);
  target.SetNow(3'000'000);
  CHECK(target.Scrape("a 1\n").size() == 1);
}

TEST_CASE("a page that changes while the clock is back is taken up when it is not", "[page]") {
  Target target;
  target.SetNow(2'000'000);
  target.Scrape("a 1\nb 1\nc 1\n");
  target.Scrape("a 1\nb{ 1\nc 1\n");  // b and c are stale, a is not yet
  target.SetNow(1'000'000);
  CHECK(target.Scrape("x 1\ny 1\na 1\nz 1\nd 1\ne 1\n").empty());
  target.SetNow(3'000'000);
  CHECK(target.Scrape("x 1\n") == Lines{"{__name__=\"a\"} stale @0", "{__name__=\"x\"} 1.0 @0"});
}

TEST_CASE("conflicting labels move out of the way of the target's", "[page]") {
  Target target(RulesWith({{"exported_instance", "e"}, {"instance", "t"}, {"job", "j"}}));
  CHECK(target.Scrape("a{instance=\"x\",job=\"\"} 1\n") ==
        Lines{"{__name__=\"a\", exported_exported_instance=\"x\", exported_instance=\"e\", "
              "instance=\"t\", job=\"j\"} 1.0 @0"});
}

TEST_CASE("honor_labels lets the exposed label win, even an empty one", "[page]") {
  SeriesRules rules = RulesWith({{"instance", "t"}, {"job", "j"}});
  rules.honor_labels = true;
  Target target(rules);
  CHECK(target.Scrape("a{instance=\"\",job=\"x\"} 1\nb 2\nc{job=\"j\"} 3\n") ==
        Lines{"{__name__=\"a\", job=\"x\"} 1.0 @0",
              "{__name__=\"b\", instance=\"t\", job=\"j\"} 2.0 @0",
              "{__name__=\"c\", instance=\"t\", job=\"j\"} 3.0 @0"});
}

TEST_CASE("metric relabeling drops and changes series once, and counts each time", "[page]") {
  SeriesRules rules = RulesWith({{"job", "j"}});
  relabel::Rule rule;
  rule.action = relabel::Action::kDrop;
  rule.source_labels = {"__name__"};
  rule.regex = "go_.*";
  rules.metric_relabel = Compiled(rule);
  Target target(rules);
  for (int i = 0; i < 2; ++i) {
    CHECK(target.Scrape("go_a 1\nb 2\ngo_c 3\n") == Lines{"{__name__=\"b\", job=\"j\"} 2.0 @0"});
    CHECK(target.counts().scraped == 3);
    CHECK(target.counts().post_relabel == 1);
  }
}

TEST_CASE("relabeling away the metric name fails the scrape", "[page]") {
  SeriesRules rules;
  relabel::Rule rule;
  rule.action = relabel::Action::kLabelDrop;
  rule.regex = "__name__";
  rules.metric_relabel = Compiled(rule);
  Target target(rules);
  CHECK(target.Scrape("a{x=\"1\"} 1\n").empty());
  CHECK(target.error() == "line 1: missing metric name (__name__ label)");
  // Without any label left, the series is dropped instead.
  CHECK(target.Scrape("a 1\n").empty());
  CHECK(target.error().empty());
}

TEST_CASE("a label twice, or a name that is not UTF-8, fails the scrape", "[page]") {
  Target target;
  target.Scrape("a 1\na{x=\"1\",x=\"2\"} 1\n");
  CHECK(target.error() == "line 2: label name \"x\" is not unique");
  target.Scrape("{\"a\xff\"} 1\n");
  CHECK(target.error() == "line 1: invalid metric name or label names: {__name__=\"a\\xff\"}");
  target.Scrape("a{\"b\xff\"=\"1\"} 1\n");
  CHECK(target.error() ==
        "line 1: invalid metric name or label names: {__name__=\"a\", \"b\\xff\"=\"1\"}");
  target.Scrape("{\"\"} 1\n");
  CHECK(target.error() == "line 1: missing metric name (__name__ label)");
}

TEST_CASE("le is spelled by the type above it, wherever the line moves", "[page]") {
  Target target;
  CHECK(target.Scrape("# TYPE h histogram\nh_bucket{le=\"1\"} 1\n# TYPE g gauge\ng 1\n") ==
        Lines{"{__name__=\"g\"} 1.0 @0", "{__name__=\"h_bucket\", le=\"1.0\"} 1.0 @0"});
  CHECK(target.Scrape("# TYPE g gauge\ng 1\nh_bucket{le=\"1\"} 1\n# TYPE h histogram\n") ==
        Lines{"{__name__=\"g\"} 1.0 @0", "{__name__=\"h_bucket\", le=\"1\"} 1.0 @0",
              "{__name__=\"h_bucket\", le=\"1.0\"} stale @0"});
}

std::multiset<std::string> FamiliesOf(const Page& page) {
  std::multiset<std::string> families;
  for (const auto& [series, family] : test::SeriesOf(*page.layout(), {})) {
    families.insert(series + " " + family);
  }
  return families;
}

TEST_CASE("series carry the metadata of the family above them", "[page]") {
  Target target;
  target.Scrape(
      "# HELP a A help.\n# TYPE a counter\na_total 1\na 2\nax 3\n# TYPE h histogram\n"
      "h_bucket{le=\"+Inf\"} 1\nh_sum 1\nh_count 1\nx 1\n");
  const auto families = FamiliesOf(target.page());
  CHECK(families.count("{__name__=\"a_total\"} a|1|A help.") == 1);
  CHECK(families.count("{__name__=\"a\"} a|1|A help.") == 1);
  CHECK(families.count("{__name__=\"ax\"} |0|") == 1);
  CHECK(families.count("{__name__=\"h_bucket\", le=\"+Inf\"} h|3|") == 1);
  CHECK(families.count("{__name__=\"h_sum\"} h|3|") == 1);
  CHECK(families.count("{__name__=\"x\"} |0|") == 1);
}

TEST_CASE("changed metadata is taken over without touching the series", "[page]") {
  Target target;
  target.Scrape("# HELP a Old.\na 1\nb 1\n");
  CHECK(target.Scrape("# HELP a New.\na 1\nb 1\n").size() == 2);
  CHECK(target.report().back() == 0);
  CHECK(FamiliesOf(target.page()).count("{__name__=\"a\"} a|0|New.") == 1);
  target.Scrape("a 1\nb 1\n");
  CHECK(FamiliesOf(target.page()).count("{__name__=\"a\"} |0|") == 1);
}

TEST_CASE("comments and blank lines may change freely", "[page]") {
  Target target;
  target.Scrape("# generated at 1\na 1\nb 2\n");
  const auto layout = target.page().layout();
  CHECK(target.Scrape("# generated at 2\n\na 1\n# more\nb 2\n").size() == 2);
  CHECK(target.page().layout() == layout);
}

TEST_CASE("a line that continues differently than its beginning is not mistaken", "[page]") {
  Target target;
  target.Scrape("foo 1\nbar 1\n");
  CHECK(target.Scrape("foo {a=\"b\"} 1\nbar 1\n") == Lines{"{__name__=\"bar\"} 1.0 @0",
                                                           "{__name__=\"foo\", a=\"b\"} 1.0 @0",
                                                           "{__name__=\"foo\"} stale @0"});
  CHECK(target.Scrape("foo  2\nbar 1\n").size() == 3);
}

TEST_CASE("lines in quotes are counted for the errors after them", "[page]") {
  Target target;
  const std::string_view good = "a{x=\"1\n2\n3\"} 1\nb 2\n";
  target.Scrape(good);
  for (int i = 0; i < 2; ++i) {
    target.Scrape(std::string(good) + "c{ 1\n");
    CHECK_THAT(target.error(), Catch::StartsWith("line 5: "));
  }
}

TEST_CASE("a target that is gone leaves markers for its series and its report", "[page]") {
  Target target;
  CHECK(target.Retire().empty());
  target.Scrape("a 1\n");
  CHECK(target.Retire() ==
        Lines{"{__name__=\"a\"} stale @0", "{__name__=\"scrape_duration_seconds\"} stale @0",
              "{__name__=\"scrape_samples_post_metric_relabeling\"} stale @0",
              "{__name__=\"scrape_samples_scraped\"} stale @0",
              "{__name__=\"scrape_series_added\"} stale @0", "{__name__=\"up\"} stale @0"});
  target.Scrape("a 1\n");
  target.FailTransfer();
  CHECK(target.Retire().size() == kReportSeriesCount);
}

TEST_CASE("an endless line fails the scrape instead of eating the memory", "[page]") {
  Page page({}, {MakeReportChunk()});
  page.Begin(1000, 1000);
  const std::string piece(1 << 20, '\n');
  Status status = page.Feed("a{x=\"");
  for (int i = 0; i < 20 && status.ok(); ++i) status = page.Feed(piece);
  REQUIRE_FALSE(status.ok());
  CHECK(status.error().message == "line 1: line too long");
  CHECK(page.Fail(Page::Failure::kContent, {}).frames.size() == 1);
}

}  // namespace
}  // namespace sluice::scrape
