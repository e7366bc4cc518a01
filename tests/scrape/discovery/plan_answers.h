// Answers for an HttpPlan, without a server.
#pragma once

#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <catch2/catch.hpp>

#include "group_sink.h"
#include "scrape/discovery/http_plan.h"

namespace sluice::test {

inline scrape::HttpAnswer PlanAnswer(std::string body, int status = 200) {
  scrape::HttpAnswer answer;
  answer.head.status = status;
  answer.head.content_type = "application/json";
  answer.body = std::move(body);
  answer.url = "http://h/";
  return answer;
}

inline std::vector<scrape::HttpAnswer> PlanAnswers(const std::vector<std::string>& bodies) {
  std::vector<scrape::HttpAnswer> answers;
  for (const std::string& body : bodies) answers.push_back(PlanAnswer(body));
  return answers;
}

// What a plan of one step makes of these bodies, in the order of its requests.
inline scrape::Refreshed RunPlan(scrape::HttpPlan& plan, const std::vector<std::string>& bodies) {
  REQUIRE(plan.Begin().size() == bodies.size());
  Result<scrape::HttpStep> step = plan.Next(PlanAnswers(bodies));
  if (!step.ok()) FAIL(step.error().message);
  REQUIRE(std::holds_alternative<scrape::Refreshed>(*step));
  return std::get<scrape::Refreshed>(*step);
}

// The message of its failure; empty if there is none.
inline std::string PlanFailure(scrape::HttpPlan& plan,
                               const std::vector<scrape::HttpAnswer>& answers) {
  plan.Begin();
  const auto step = plan.Next(answers);
  return step.ok() ? "" : step.error().message;
}

// All targets, each with the labels of its group.
inline std::vector<relabel::Labels> AllTargets(const scrape::TargetGroups& groups) {
  std::vector<relabel::Labels> targets;
  for (const scrape::TargetGroup& group : groups) {
    for (const relabel::Labels& target : group.targets) {
      relabel::LabelsBuilder builder(group.labels);
      for (const relabel::Label& label : target) builder.Set(label.name, label.value);
      targets.push_back(builder.Build());
    }
  }
  return targets;
}

}  // namespace sluice::test
