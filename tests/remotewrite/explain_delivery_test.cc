#include "remotewrite/explain_delivery.h"

#include <catch2/catch.hpp>

namespace sluice::remotewrite::test {
namespace {

relabel::Rule Drop(std::string source, std::string regex) {
  relabel::Rule rule;
  rule.action = relabel::Action::kDrop;
  rule.source_labels = {std::move(source)};
  rule.regex = std::move(regex);
  return rule;
}

DestinationConfig With(std::vector<relabel::Rule> rules) {
  DestinationConfig config;
  config.name = "d";
  config.external_labels = {{"cluster", "c"}};
  auto program = relabel::Program::Compile(std::move(rules));
  REQUIRE(program.ok());
  config.write_relabel = *program;
  return config;
}

const relabel::Labels kSeries = {{"__name__", "a"}, {"job", "j"}};

}  // namespace

TEST_CASE("what a destination does to a series is told step by step", "[explain]") {
  relabel::Rule copy;
  copy.source_labels = {"job"};
  copy.target_label = "team";
  const auto sent = ExplainDelivery(With({copy, Drop("team", "x")}), kSeries);
  CHECK(sent.fate == SeriesFate::kSent);
  CHECK(sent.relabeled == relabel::Labels{{"__name__", "a"}, {"cluster", "c"}, {"job", "j"}});
  CHECK(sent.labels ==
        relabel::Labels{{"__name__", "a"}, {"cluster", "c"}, {"job", "j"}, {"team", "j"}});
  REQUIRE(sent.steps.size() == 2);
  CHECK(sent.steps[0].after.Get("team") == "j");

  const auto dropped = ExplainDelivery(With({copy, Drop("team", "j")}), kSeries);
  CHECK(dropped.fate == SeriesFate::kDropped);
  CHECK(dropped.dropped_by == 1);
  CHECK(dropped.labels.empty());
}

TEST_CASE("a series that no request can hold is told apart from a dropped one", "[explain]") {
  relabel::Rule nameless;
  nameless.action = relabel::Action::kLabelDrop;
  nameless.regex = "__name__";
  const auto unfit = ExplainDelivery(With({nameless}), kSeries);
  CHECK(unfit.fate == SeriesFate::kUnfit);
  CHECK_FALSE(unfit.dropped_by);
}

TEST_CASE("the tenant of a series is named, and the lack of one", "[explain]") {
  DestinationConfig config = With({});
  config.tenant.label = "job";
  const auto own = ExplainDelivery(config, kSeries);
  CHECK(own.fate == SeriesFate::kSent);
  CHECK(own.tenant == "j");
  CHECK_FALSE(own.labels.Has("job"));
  config.tenant.label = "team";
  config.tenant.header.clear();
  CHECK(ExplainDelivery(config, kSeries).fate == SeriesFate::kWithoutTenant);
}

TEST_CASE("of a group that shares series, one member has each", "[explain]") {
  int sent = 0;
  for (const std::string self : {"aaaaaa", "bbbbbb", "cccccc"}) {
    DestinationConfig config = With({});
    config.sharding = Sharding({"aaaaaa", "bbbbbb", "cccccc"}, self, 1);
    const SeriesFate fate = ExplainDelivery(config, kSeries).fate;
    if (fate == SeriesFate::kSent) ++sent;
    CHECK((fate == SeriesFate::kSent || fate == SeriesFate::kElsewhere));
  }
  CHECK(sent == 1);
}

}  // namespace sluice::remotewrite::test
