#include "scrape/explain_series.h"

#include <map>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "page_target.h"
#include "protobuf_support.h"

namespace sluice::scrape {
namespace {

using test::PageTarget;

SeriesRules Rules() {
  relabel::Rule drop;
  drop.action = relabel::Action::kDrop;
  drop.source_labels = {"__name__"};
  drop.regex = "drop_.*";
  relabel::Rule zone;
  zone.source_labels = {"l"};
  zone.target_label = "zone";
  auto program = relabel::Program::Compile({drop, zone});
  REQUIRE(program.ok());
  SeriesRules rules;
  rules.target_labels = {{"instance", "i"}, {"job", "j"}};
  rules.metric_relabel = *program;
  return rules;
}

// By what metric_relabel_configs see, or else what is stored: the state, and what is stored.
std::map<std::string, std::string> Explained(const PageView& page) {
  std::map<std::string, std::string> all;
  SeriesExplainer explainer(page);
  while (explainer.Next()) {
    const ExplainedSeries& series = explainer.series();
    std::string text = std::to_string(static_cast<int>(series.state));
    if (!series.is_relabeled) text += " whole";
    if (!series.labels.empty()) text += " " + series.labels.ToString();
    REQUIRE(all.emplace(series.merged.ToString(), text).second);
  }
  return all;
}

const std::string kUp = R"({__name__="up", instance="i", job="j"})";

}  // namespace

TEST_CASE("each line of a page is explained as the scrape treated it", "[explain]") {
  const PageFormat format = GENERATE(PageFormat::kPrometheusText, PageFormat::kOpenMetrics);
  PageTarget target(Rules());
  target.Scrape(
      format,
      "# TYPE kept gauge\nkept{l=\"1\"} 1\nkept{job=\"own\"} 2\ndrop_me{l=\"2\"} 3\n# EOF\n");
  REQUIRE(target.error().empty());
  auto all = Explained(target.page().View());
  CHECK(all.at(R"({__name__="kept", instance="i", job="j", l="1"})") ==
        R"(0 {__name__="kept", instance="i", job="j", l="1", zone="1"})");
  CHECK(all.at(R"({__name__="kept", exported_job="own", instance="i", job="j"})") ==
        R"(0 {__name__="kept", exported_job="own", instance="i", job="j"})");
  CHECK(all.at(R"({__name__="drop_me", instance="i", job="j", l="2"})") == "1");
  CHECK(all.at(kUp) == "0 whole " + kUp);
  CHECK(all.size() == 3 + kReportSeriesCount);
}

TEST_CASE("series of a protobuf page are explained by their keys", "[explain]") {
  PageTarget target(Rules());
  target.Scrape(PageFormat::kProtobuf,
                test::PageOf({"name: 'kept' type: GAUGE metric { label { name: 'l' value: 'x' } "
                              "gauge { value: 1 } }",
                              "name: 'drop_it' type: GAUGE metric { gauge { value: 1 } }",
                              "name: 'h' type: HISTOGRAM metric { histogram { sample_count: 4 "
                              "sample_sum: 9 bucket { cumulative_count: 4 upper_bound: 5 } } }"}));
  REQUIRE(target.error().empty());
  auto all = Explained(target.page().View());
  CHECK(all.at(R"({__name__="kept", instance="i", job="j", l="x"})") ==
        R"(0 {__name__="kept", instance="i", job="j", l="x", zone="x"})");
  CHECK(all.at(R"({__name__="drop_it", instance="i", job="j"})") == "1");
  CHECK(all.at(R"({__name__="h_bucket", instance="i", job="j", le="5.0"})").starts_with("0 {"));
  CHECK(all.at(R"({__name__="h_sum", instance="i", job="j"})").starts_with("0 {"));
  CHECK(all.size() == 2 + 4 + kReportSeriesCount);
}

TEST_CASE("a series whose line is not remembered as text is known by its layout", "[explain]") {
  PageTarget target(Rules());
  const std::string value(3'000, 'x');
  target.Scrape(PageFormat::kPrometheusText, "long{a=\"" + value + "\"} 1\n");
  auto all = Explained(target.page().View());
  const std::string labels = R"({__name__="long", a=")" + value + R"(", instance="i", job="j"})";
  CHECK(all.at(labels) == "0 whole " + labels);
}

TEST_CASE("what the sample limit refused is told apart from what is stored", "[explain]") {
  SeriesRules rules = Rules();
  rules.sample_limit = 1;
  rules.sample_limit_policy = SampleLimitPolicy::kKeepKnown;
  PageTarget target(std::move(rules));
  target.Scrape(PageFormat::kPrometheusText, "a 1\n");
  target.Scrape(PageFormat::kPrometheusText, "a 1\nb 2\n");
  auto all = Explained(target.page().View());
  CHECK(all.at(R"({__name__="a", instance="i", job="j"})").starts_with("0 "));
  CHECK(all.at(R"({__name__="b", instance="i", job="j"})").starts_with("2"));
}

TEST_CASE("a page that was never scraped has what the agent reports", "[explain]") {
  const PageTarget target(Rules());
  CHECK(Explained(target.page().View()).size() == kReportSeriesCount);
}

}  // namespace sluice::scrape
