#include "agent/explain/explain.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "agent/explain/explanation_json.h"
#include "remotewrite/sharding.h"
#include "scrape/page.h"
#include "scrape/target.h"

namespace sluice::agent {
namespace {

constexpr TimestampMs kNow = 1'700'000'000'000;  // 2023-11-14 22:13:20

relabel::Program Drop(const std::string& source, const std::string& regex) {
  relabel::Rule rule;
  rule.action = relabel::Action::kDrop;
  rule.source_labels = {source};
  rule.regex = regex;
  auto program = relabel::Program::Compile({rule});
  REQUIRE(program.ok());
  return *program;
}

// An agent with one job, whose targets are all up and have the same page.
struct Case {
  Case() {
    job.name = "node";
    job.relabel = Drop("env", "dev");
    job.metric_relabel = Drop("__name__", "node_debug.*");
    destinations.push_back({});
    destinations.back().name = "vm";
    statuses.push_back({});
    statuses.back().name = "vm";
    statuses.back().progress.ledger.acknowledged = 1;
  }

  void AddTarget(relabel::Labels labels) { group.targets.push_back(std::move(labels)); }

  AgentView View() {
    AgentView view;
    scrape::PoolView pool;
    pool.job = std::make_shared<scrape::JobConfig>(job);
    pool.groups = {std::make_shared<scrape::TargetGroup>(group)};
    for (const scrape::Target& target : scrape::BuildTargets(job, {group}).active) {
      scrape::TargetStatus status;
      status.id = ++last_id;
      status.job = job.name;
      status.labels = target.labels;
      status.url = target.url;
      status.health = health;
      status.last_error = health == scrape::TargetHealth::kDown ? "refused" : "";
      status.last_scrape_ms = kNow - 5'000;
      pool.ids.emplace(target.identity, status.id);
      labels_of[status.id] = target.labels;
      view.scraper.scraped.push_back(status);
    }
    view.scraper.pools.push_back(std::move(pool));
    view.destinations = std::make_shared<DestinationConfigs>(destinations);
    view.statuses = statuses;
    view.now_ms = kNow;
    return view;
  }

  Result<scrape::PageView> PageOf(uint64_t id) {
    scrape::SeriesRules rules;
    rules.target_labels = labels_of.at(id);
    rules.metric_relabel = job.metric_relabel;
    scrape::Page page(rules, {scrape::MakeReportChunk()});
    page.Begin(kNow, kNow);
    REQUIRE(page.Feed("node_cpu{cpu=\"0\"} 1\nnode_cpu{cpu=\"1\"} 1\nnode_debug 1\n").ok());
    REQUIRE(page.Succeed({}).ok());
    return page.View();
  }

  Explanation Ask(std::string_view text) {
    const auto selector = Selector::Parse(text);
    REQUIRE(selector.ok());
    return Explain(*selector, View(),
                   {.page_of = [this](uint64_t id) { return PageOf(id); },
                    .refusal_of =
                        [this](const std::string& destination, const relabel::Labels& series) {
                          const auto found = refusals.find({destination, series.ToString()});
                          return found == refusals.end() ? std::nullopt
                                                         : std::optional(found->second);
                        },
                    .is_out_of_time = [this] { return out_of_time; }});
  }

  scrape::JobConfig job;
  scrape::TargetGroup group;
  scrape::TargetHealth health = scrape::TargetHealth::kUp;
  DestinationConfigs destinations;
  std::vector<remotewrite::DestinationStatus> statuses;
  std::map<uint64_t, relabel::Labels> labels_of;
  uint64_t last_id = 0;
  std::map<std::pair<std::string, std::string>, remotewrite::Refusal> refusals;
  bool out_of_time = false;
};

struct OneTarget : Case {
  OneTarget() { AddTarget({{"__address__", "a:1"}}); }
};

}  // namespace

TEST_CASE_METHOD(OneTarget, "a series that is delivered is followed all the way", "[explain]") {
  const Explanation all = Ask(R"(node_cpu{cpu="0"})");
  CHECK(all.sentence == "job node: delivered to vm");
  CHECK(all.complete);
  REQUIRE(all.paths.size() == 1);
  const Path& path = all.paths[0];
  CHECK(path.is_series);
  CHECK(path.labels.ToString() == R"({__name__="node_cpu", cpu="0", instance="a:1", job="node"})");
  std::string stages;
  for (const Stage& stage : path.stages) {
    CHECK(stage.verdict == Verdict::kPassed);
    stages += stage.name + ": " + stage.text + "\n";
  }
  CHECK(stages ==
        "discovery: found as a:1\n"
        "relabel_configs: kept\n"
        "target: http://a:1/metrics\n"
        "scrape: up, last scraped at 22:13:15\n"
        "metric_relabel_configs: kept\n"
        "limits: none exceeded\n"
        "layout: one of 2 series of its target's last page\n");
  REQUIRE(path.deliveries.size() == 1);
  CHECK(path.deliveries[0].labels == path.labels);
}

TEST_CASE_METHOD(OneTarget, "the rule that drops a series is named", "[explain]") {
  const Explanation all = Ask("node_debug");
  CHECK(all.sentence ==
        R"(job node: dropped by metric_relabel_configs[0] (drop [__name__] "node_debug.*"))");
  REQUIRE(all.paths.size() == 1);
  CHECK(all.paths[0].deliveries.empty());
  REQUIRE(all.paths[0].stages.back().steps.size() == 1);
  CHECK_FALSE(all.paths[0].stages.back().steps[0].kept);
}

TEST_CASE_METHOD(OneTarget, "a series that no page has is said to be missing", "[explain]") {
  const Explanation all = Ask(R"(node_typo{job="node"})");
  CHECK(all.sentence ==
        "job node: no such series is on the last page of http://a:1/metrics, which has 2 series");
  REQUIRE(all.paths.size() == 1);
  CHECK(all.paths[0].labels.Get("__name__") == "node_typo");
  CHECK(Ask(R"(node_cpu{job="other"})").sentence ==
        "nothing that was discovered matches, and no page has such a series");
}

TEST_CASE("the rule that drops a target is named, for its series, too", "[explain]") {
  Case agent;
  agent.AddTarget({{"__address__", "a:1"}, {"env", "dev"}});
  const std::string sentence =
      R"(job node: target a:1: dropped by relabel_configs[0] (drop [env] "dev"))";
  CHECK(agent.Ask(R"({instance="a:1"})").sentence == sentence);
  CHECK(agent.Ask(R"(node_cpu{instance="a:1"})").sentence == sentence);
}

TEST_CASE_METHOD(OneTarget, "a target that is down is why its series are missing", "[explain]") {
  health = scrape::TargetHealth::kDown;
  const std::string sentence = "job node: target a:1: the scrape at 22:13:15 failed: refused";
  CHECK(Ask(R"({job="node"})").sentence == sentence);
  CHECK(Ask("node_cpu{cpu=\"0\"}").sentence == sentence);
}

TEST_CASE("target_limit, equal targets and bad addresses are named", "[explain]") {
  Case agent;
  agent.AddTarget({{"__address__", "a:1"}});
  agent.AddTarget({{"__address__", "b:1"}});
  agent.AddTarget({{"__address__", "b/c"}});
  agent.job.target_limit = 1;
  CHECK(agent.Ask(R"({instance="a:1"})").sentence ==
        "job node: target a:1: not scraped: target_limit is 1, and there are 2 targets");
  CHECK(agent.Ask(R"({instance="b/c"})").sentence ==
        "job node: target b/c: cannot be a target: \"b/c\" is not a valid hostname");
}

TEST_CASE_METHOD(OneTarget, "each destination has its say", "[explain]") {
  destinations.push_back({});
  destinations.back().name = "mimir";
  statuses.push_back({});
  statuses.back().name = "mimir";
  statuses.back().state = remotewrite::DestinationState::kPaused;
  statuses.back().last_error = "401 Unauthorized";
  statuses.back().pending_seconds = 80;
  for (buffer::LaneProgress& lane : statuses.back().progress.lanes) lane.pending_samples = 1;
  destinations.push_back({});
  destinations.back().name = "few";
  destinations.back().write_relabel = Drop("cpu", "0");
  statuses.push_back({});
  statuses.back().name = "few";
  CHECK(Ask(R"(node_cpu{cpu="0"})").sentence ==
        "job node: delivered to vm; held back for mimir since 22:12:00: 401 Unauthorized; "
        "dropped for few by write_relabel_configs[0] (drop [cpu] \"0\")");
}

TEST_CASE_METHOD(OneTarget, "a destination that catches up says how long it takes", "[explain]") {
  statuses[0].state = remotewrite::DestinationState::kSending;
  statuses[0].pending_seconds = 200;
  statuses[0].catch_up = std::chrono::seconds(90);
  for (buffer::LaneProgress& lane : statuses[0].progress.backlog) lane.pending_samples = 1;
  CHECK(Ask(R"(node_cpu{cpu="0"})").sentence ==
        "job node: on its way to vm, which lacks samples since 22:10:00, caught up in about 1m30s");
}

TEST_CASE_METHOD(OneTarget, "what a receiver said of the series when it refused it is told",
                 "[explain]") {
  refusals[{"vm", R"({__name__="node_cpu", cpu="0", instance="a:1", job="node"})"}] = {
      "2023-11-14T22:13:20.123Z", "400", "out of bounds"};
  CHECK(Ask(R"(node_cpu{cpu="0"})").sentence ==
        "job node: delivered to vm; of this series it last refused samples at "
        "2023-11-14T22:13:20.123Z: HTTP 400, out of bounds");
  CHECK(Ask(R"(node_cpu{cpu="1"})").sentence == "job node: delivered to vm");
}

TEST_CASE_METHOD(OneTarget, "a series is found by what it is called at its receiver", "[explain]") {
  destinations[0].external_labels = {{"cluster", "c"}};
  const Explanation all = Ask(R"(node_cpu{cluster="c",cpu="1"})");
  REQUIRE(all.paths.size() == 1);
  CHECK(all.sentence == "job node: delivered to vm");
  CHECK(all.paths[0].deliveries[0].labels.Get("cluster") == "c");
}

TEST_CASE_METHOD(OneTarget, "what the agent reports of a target is a series, too", "[explain]") {
  CHECK(Ask("up").sentence == "job node: delivered to vm");
}

TEST_CASE("more than a page full of paths is counted and said", "[explain]") {
  Case agent;
  for (int i = 0; i < 15; ++i) agent.AddTarget({{"__address__", "a:" + std::to_string(i)}});
  const Explanation all = agent.Ask("node_cpu");
  CHECK(all.matched == 30);
  CHECK(all.paths.size() == kPathsShownMax);
  CHECK(all.sentence == "30 series match: job node: delivered to vm");
  REQUIRE(all.notes.size() == 1);
  CHECK(all.notes[0] == "the first 20 of 30 are shown");
}

TEST_CASE_METHOD(OneTarget, "an explanation that ran out of time says so", "[explain]") {
  out_of_time = true;
  const Explanation all = Ask("node_cpu");
  CHECK_FALSE(all.complete);
  REQUIRE(all.notes.size() == 1);
  CHECK(all.notes[0] == "there was no time to look at all of it: name a job or an instance");
}

TEST_CASE_METHOD(OneTarget, "an explanation is one JSON answer", "[explain]") {
  const auto answer = nlohmann::json::parse(ExplanationJson(Ask("node_debug")));
  CHECK(answer["complete"] == true);
  const auto& path = answer["paths"][0];
  CHECK(answer["sentence"] == path["sentence"]);
  CHECK(path["kind"] == "series");
  CHECK(path["scrapePool"] == "node");
  CHECK(path["labels"]["__name__"] == "node_debug");
  CHECK(path["stages"][4]["verdict"] == "stopped");
  CHECK(path["stages"][4]["steps"][0]["text"] == R"(drop [__name__] "node_debug.*")");
}

}  // namespace sluice::agent
