// Answers for an HttpPlan, without a server.
#pragma once

#include <functional>
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

// The first requests of a round.
inline scrape::HttpRequests Begun(scrape::HttpPlan& plan) {
  Result<scrape::HttpRequests> requests = plan.Begin();
  if (!requests.ok()) FAIL(requests.error().message);
  return std::move(*requests);
}

// What a plan of one step makes of these bodies, in the order of its requests.
inline scrape::Refreshed RunPlan(scrape::HttpPlan& plan, const std::vector<std::string>& bodies) {
  REQUIRE(Begun(plan).size() == bodies.size());
  Result<scrape::HttpStep> step = plan.Next(PlanAnswers(bodies));
  if (!step.ok()) FAIL(step.error().message);
  REQUIRE(std::holds_alternative<scrape::Refreshed>(*step));
  return std::get<scrape::Refreshed>(*step);
}

// The message of its failure; empty if there is none.
inline std::string PlanFailure(scrape::HttpPlan& plan,
                               const std::vector<scrape::HttpAnswer>& answers) {
  Begun(plan);
  const auto step = plan.Next(answers);
  return step.ok() ? "" : step.error().message;
}

// What answers the requests of a plan: usually by their URL.
using PlanServer = std::function<scrape::HttpAnswer(const HttpRequest&)>;

// A whole round, however many steps it takes. The requests are added to `asked`.
inline Result<scrape::Refreshed> RunRound(scrape::HttpPlan& plan, const PlanServer& server,
                                          std::vector<HttpRequest>* asked = nullptr) {
  Result<scrape::HttpRequests> begun = plan.Begin();
  if (!begun.ok()) return begun.error();
  scrape::HttpRequests requests = std::move(*begun);
  for (int steps = 0; steps < 1000; ++steps) {
    REQUIRE_FALSE(requests.empty());
    std::vector<scrape::HttpAnswer> answers;
    for (const HttpRequest& request : requests) {
      answers.push_back(server(request));
      answers.back().url = request.url;
      if (asked != nullptr) asked->push_back(request);
    }
    Result<scrape::HttpStep> step = plan.Next(answers);
    if (!step.ok()) return step.error();
    if (auto* refreshed = std::get_if<scrape::Refreshed>(&*step)) return std::move(*refreshed);
    requests = std::move(std::get<scrape::HttpRequests>(*step));
  }
  FAIL("the round does not end");
  return scrape::Refreshed{};
}

// The same where it must not fail.
inline scrape::Refreshed FinishRound(scrape::HttpPlan& plan, const PlanServer& server,
                                     std::vector<HttpRequest>* asked = nullptr) {
  Result<scrape::Refreshed> refreshed = RunRound(plan, server, asked);
  if (!refreshed.ok()) FAIL(refreshed.error().message);
  return std::move(*refreshed);
}

// The URLs of requests.
inline std::vector<std::string> Urls(const std::vector<HttpRequest>& requests) {
  std::vector<std::string> urls;
  for (const HttpRequest& request : requests) urls.push_back(request.url);
  return urls;
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
