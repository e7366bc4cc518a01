#include "scrape/series.h"

#include <string>
#include <vector>

#include <catch2/catch.hpp>

namespace sluice::scrape {
namespace {

using relabel::NameScheme;

// What comes of a series of this name and this label: "kept", "dropped" or the error.
std::string FateOf(const SeriesRules& rules, const std::string& name, const std::string& label) {
  SeriesMaker maker(rules);
  Entry entry;
  entry.name = name;
  entry.labels = {{label, "v"}};
  SeriesContent series;
  const Result<SeriesFate> fate = maker.Make(entry, buffer::MetricType::kUnknown, series);
  if (!fate.ok()) return fate.error().message;
  return *fate == SeriesFate::kKept ? "kept" : "dropped";
}

SeriesRules RulesOf(NameScheme scheme, relabel::Labels target = {}) {
  SeriesRules rules;
  rules.name_scheme = scheme;
  rules.target_labels = std::move(target);
  return rules;
}

relabel::Program Renaming(const std::string& from, const std::string& to, NameScheme scheme) {
  relabel::Rule rule;
  rule.action = relabel::Action::kReplace;
  rule.source_labels = {from};
  rule.regex = ".+";
  rule.target_label = relabel::kMetricName;
  rule.replacement = to;
  auto program = relabel::Program::Compile({rule}, scheme);
  REQUIRE(program.ok());
  return *program;
}

TEST_CASE("names beyond the legacy scheme fail a scrape that allows only these", "[series]") {
  const SeriesRules legacy = RulesOf(NameScheme::kLegacy, {{"job", "j"}});
  CHECK(FateOf(legacy, "a:b_1", "l_1") == "kept");
  CHECK(FateOf(legacy, "a.b", "l") ==
        "invalid metric name or label names: {__name__=\"a.b\", job=\"j\", l=\"v\"}");
  CHECK(FateOf(legacy, "a", "l.m") ==
        "invalid metric name or label names: {__name__=\"a\", job=\"j\", \"l.m\"=\"v\"}");
  CHECK(FateOf(legacy, "a", "b:c") ==
        "invalid metric name or label names: {__name__=\"a\", \"b:c\"=\"v\", job=\"j\"}");
  CHECK(FateOf(legacy, "1a", "l") ==
        "invalid metric name or label names: {__name__=\"1a\", job=\"j\", l=\"v\"}");
  const SeriesRules utf8 = RulesOf(NameScheme::kUtf8, {{"job", "j"}});
  for (const std::string name : {"a.b", "1a", "\xc3\xa4", " "})
    CHECK(FateOf(utf8, name, "l") == "kept");
  CHECK(FateOf(utf8, "a", "l.m") == "kept");
}

TEST_CASE("le and quantile get one spelling, unless they are to stay as exposed", "[series]") {
  SeriesRules rules;
  for (const bool respell : {true, false}) {
    rules.respell_labels = respell;
    SeriesMaker maker(rules);
    Entry entry;
    entry.name = "a_bucket";
    entry.labels = {{"le", "1"}};
    SeriesContent series;
    REQUIRE(maker.Make(entry, buffer::MetricType::kHistogram, series).ok());
    REQUIRE(series.set.size() == 2);
    CHECK(series.set[1].value == (respell ? "1.0" : "1"));
    CHECK(maker.le_depends() == respell);
  }
}

TEST_CASE("a series that shares labels with its target is checked like any other", "[series]") {
  const SeriesRules legacy = RulesOf(NameScheme::kLegacy, {{"l", "t"}});
  CHECK(FateOf(legacy, "a", "l") == "kept");
  CHECK_THAT(FateOf(legacy, "a.b", "l"), Catch::StartsWith("invalid metric name or label names"));
}

TEST_CASE("what relabeling makes of a name is what counts", "[series]") {
  SeriesRules rules = RulesOf(NameScheme::kLegacy);
  rules.metric_relabel = Renaming("__name__", "good", NameScheme::kLegacy);
  CHECK(FateOf(rules, "a.b", "l") == "kept");
  rules.metric_relabel = Renaming("__name__", "not.good", NameScheme::kLegacy);
  CHECK_THAT(FateOf(rules, "a", "l"), Catch::StartsWith("invalid metric name or label names"));
}

TEST_CASE("labels of a target with names beyond the scheme fail all its series", "[series]") {
  const SeriesRules rules = RulesOf(NameScheme::kLegacy, {{"a.b", "c"}});
  CHECK(FateOf(rules, "m", "l") ==
        "invalid metric name or label names: {__name__=\"m\", \"a.b\"=\"c\", l=\"v\"}");
}

TEST_CASE("an error about a series with many labels is cut", "[series]") {
  const SeriesRules rules = RulesOf(NameScheme::kLegacy, {{"a.b", std::string(100'000, 'x')}});
  CHECK(FateOf(rules, "m", "l").size() < 1100);
}

}  // namespace
}  // namespace sluice::scrape
