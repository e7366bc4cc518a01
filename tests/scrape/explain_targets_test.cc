#include "scrape/explain_targets.h"

#include <random>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

namespace sluice::scrape {
namespace {

relabel::Rule Drop(std::string source, std::string regex) {
  relabel::Rule rule;
  rule.action = relabel::Action::kDrop;
  rule.source_labels = {std::move(source)};
  rule.regex = std::move(regex);
  return rule;
}

relabel::Rule Copy(std::string source, std::string target) {
  relabel::Rule rule;
  rule.source_labels = {std::move(source)};
  rule.target_label = std::move(target);
  return rule;
}

JobConfig JobWith(std::vector<relabel::Rule> rules) {
  JobConfig job;
  job.name = "j";
  auto program = relabel::Program::Compile(std::move(rules));
  REQUIRE(program.ok());
  job.relabel = *program;
  return job;
}

TEST_CASE("the rule that drops a target, or what is wrong with it, is named", "[target]") {
  const JobConfig job = JobWith({Copy("copied", "instance"), Drop("env", "dev")});
  const auto all = ExplainTargets(job, {{.source = "g",
                                         .targets = {{{"__address__", "a:1"}},
                                                     {{"__address__", "b:1"}, {"env", "dev"}},
                                                     {{"env", "prod"}}},
                                         .labels = {}}});
  REQUIRE(all.size() == 3);
  REQUIRE(all[0].target);
  CHECK(all[0].target->url == "http://a:1/metrics");
  CHECK(all[0].discovered_labels.Get("job") == "j");
  CHECK_FALSE(all[1].target);
  CHECK(all[1].dropped_by == 1);
  CHECK_FALSE(all[2].target);
  CHECK(all[2].error == "no address");
}

TEST_CASE("targets that only differed in what relabeling took away are the same", "[target]") {
  relabel::Rule rule;
  rule.action = relabel::Action::kLabelDrop;
  rule.regex = "node";
  const auto all =
      ExplainTargets(JobWith({rule}), {{.source = "g",
                                        .targets = {{{"__address__", "a:1"}, {"node", "1"}},
                                                    {{"__address__", "a:1"}, {"node", "2"}}},
                                        .labels = {}}});
  REQUIRE(all.size() == 2);
  CHECK(all[0].target);
  REQUIRE(all[1].is_same_as);
  CHECK(all[1].is_same_as->Get("node") == "1");
}

TEST_CASE("what is explained is what is scraped", "[target]") {
  const auto seed = std::random_device()();
  INFO("seed " << seed);
  std::mt19937 random(seed);
  const auto pick = [&](std::vector<std::string> values) {
    return values[random() % values.size()];
  };
  const JobConfig job =
      JobWith({Drop("env", "dev|test"), Copy("a", "__address__"), Drop("__address__", "y:1")});
  TargetGroups groups;
  for (int i = 0; i < 20; ++i) {
    TargetGroup group{.source = std::to_string(i), .targets = {}, .labels = {}};
    for (int k = 0; k < 20; ++k) {
      group.targets.push_back(relabel::Labels::From({{"__address__", pick({"", "x:1", "bad/x"})},
                                                     {"a", pick({"", "", "y:1", "z:1"})},
                                                     {"env", pick({"", "dev", "prod"})}}));
    }
    groups.push_back(std::move(group));
  }
  const TargetSet set = BuildTargets(job, groups);
  std::vector<std::string> active;
  std::vector<relabel::Labels> dropped;
  size_t errors = 0;
  for (const ExplainedTarget& target : ExplainTargets(job, groups)) {
    if (target.target) active.push_back(target.target->url + target.target->labels.ToString());
    if (target.dropped_by) dropped.push_back(target.discovered_labels);
    if (!target.error.empty()) ++errors;
  }
  std::vector<std::string> expected;
  for (const Target& target : set.active) expected.push_back(target.url + target.labels.ToString());
  CHECK(active == expected);
  CHECK(dropped == set.dropped);
  CHECK(errors == set.errors.size());
}

}  // namespace
}  // namespace sluice::scrape
