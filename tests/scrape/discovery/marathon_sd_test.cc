#include <fstream>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "plan_answers.h"
#include "polling_fixture.h"
#include "scrape/discovery/marathon/marathon_plan.h"
#include "tests/support/temp_dir.h"

namespace sluice::scrape {
namespace {

using relabel::Labels;
using test::Addresses;
using test::AllTargets;
using test::Begun;
using test::PlanAnswer;
using test::PlanFailure;
using test::RunPlan;
using test::ScriptedRequest;
using Names = std::vector<std::string>;

MarathonSdConfig Config() {
  MarathonSdConfig config;
  config.servers = {"http://m1:8080/", "http://m2:8080"};
  return config;
}

Refreshed Read(const std::string& apps) {
  MarathonPlan plan(Config());
  return RunPlan(plan, {"{\"apps\": [" + apps + "]}"});
}

TEST_CASE("a task of Marathon has its labels", "[marathon_sd]") {
  const Refreshed refreshed = Read(R"({"id": "/web", "labels": {"team-of": "shop"},
    "container": {"docker": {"image": "repo/image:tag",
      "portMappings": [{"labels": {"prometheus": "yes"}, "hostPort": 31000},
                       {"labels": null, "hostPort": 0}]}},
    "tasks": [{"id": "t1", "host": "node1", "ports": [31000, 31001]},
              {"id": "t2", "host": "node2", "ports": [31000, 32001]}]})");
  CHECK(AllTargets(refreshed.groups) ==
        std::vector<Labels>{{{"__address__", "node1:31000"},
                             {"__meta_marathon_app", "/web"},
                             {"__meta_marathon_app_label_team_of", "shop"},
                             {"__meta_marathon_image", "repo/image:tag"},
                             {"__meta_marathon_port_index", "0"},
                             {"__meta_marathon_port_mapping_label_prometheus", "yes"},
                             {"__meta_marathon_task", "t1"}},
                            {{"__address__", "node1:31001"},
                             {"__meta_marathon_app", "/web"},
                             {"__meta_marathon_app_label_team_of", "shop"},
                             {"__meta_marathon_image", "repo/image:tag"},
                             {"__meta_marathon_port_index", "1"},
                             {"__meta_marathon_task", "t1"}},
                            {{"__address__", "node2:31000"},
                             {"__meta_marathon_app", "/web"},
                             {"__meta_marathon_app_label_team_of", "shop"},
                             {"__meta_marathon_image", "repo/image:tag"},
                             {"__meta_marathon_port_index", "0"},
                             {"__meta_marathon_port_mapping_label_prometheus", "yes"},
                             {"__meta_marathon_task", "t2"}},
                            {{"__address__", "node2:32001"},
                             {"__meta_marathon_app", "/web"},
                             {"__meta_marathon_app_label_team_of", "shop"},
                             {"__meta_marathon_image", "repo/image:tag"},
                             {"__meta_marathon_port_index", "1"},
                             {"__meta_marathon_task", "t2"}}});
}

TEST_CASE("where a task of Marathon listens depends on its application", "[marathon_sd]") {
  const std::string task = R"("tasks": [{"id": "t", "host": "node", "ports": [1234, 5678],
    "ipAddresses": [{"ipAddress": "1.2.3.4", "protocol": "IPv4"}]}])";
  const std::string mappings = R"("portMappings": [{"containerPort": 8080, "hostPort": 0},
    {"containerPort": 0, "hostPort": 31000}])";
  const std::string definitions =
      R"("portDefinitions": [{"port": 1, "labels": {"a": "b"}}, {"port": 2}])";
  for (const auto& [fields, addresses] : std::vector<std::pair<std::string, Names>>{
           {"\"container\": {" + mappings + "}", {"node:1234", "node:31000"}},
           {"\"container\": {" + mappings + R"(}, "networks": [{"mode": "container"}])",
            {"1.2.3.4:8080", "1.2.3.4:5678"}},
           {"\"container\": {" + mappings + R"(}, "networks": [{"mode": "host"}])",
            {"node:1234", "node:31000"}},
           {definitions, {"node:1234", "node:5678"}},
           {definitions + R"(, "requirePorts": true)", {"node:1", "node:2"}},
           {"\"x\": 1", {"node:1234", "node:5678"}}}) {
    CAPTURE(fields);
    const Refreshed refreshed = Read("{\"id\": \"/a\", " + fields + ", " + task + "}");
    CHECK(Addresses(refreshed.groups) == addresses);
  }
  const Refreshed defined = Read("{\"id\": \"/a\", " + definitions + ", " + task + "}");
  CHECK(AllTargets(defined.groups)[0].Get("__meta_marathon_port_definition_label_a") == "b");
}

TEST_CASE("a bad application of Marathon costs itself", "[marathon_sd]") {
  const Refreshed refreshed =
      Read(R"({"id": "/a", "tasks": [{"host": "h", "ports": [1]}]}, {"id": 5}, {},
              {"id": "/a", "tasks": []}, {"id": "/b", "tasks": 5})");
  CHECK(Addresses(refreshed.groups) == Names{"h:1"});
  CHECK(refreshed.bad_entries ==
        Names{"apps[1]: expected a string, got 5", "apps[2]: an application without an id",
              "apps: /a is there twice", "apps[4]: expected a list, got 5"});
}

TEST_CASE("servers of Marathon are asked in turn", "[marathon_sd]") {
  MarathonPlan plan(Config());
  CHECK(Begun(plan).at(0).url == "http://m1:8080/v2/apps/?embed=apps.tasks");
  CHECK(Begun(plan).at(0).url == "http://m2:8080/v2/apps/?embed=apps.tasks");
  CHECK(Begun(plan).at(0).url == "http://m1:8080/v2/apps/?embed=apps.tasks");
  CHECK(Begun(plan).at(0).headers.empty());
}

TEST_CASE("the token of Marathon is one of its own kind, and read anew", "[marathon_sd]") {
  using Headers = std::vector<std::pair<std::string, std::string>>;
  MarathonSdConfig config = Config();
  config.auth_token = Secret("t0k");
  MarathonPlan fixed(config);
  CHECK(Begun(fixed).at(0).headers == Headers{{"Authorization", "token=t0k"}});
  CHECK_FALSE(Begun(fixed).at(0).follow_redirects);
  const test::TempDir folder;
  config.auth_token = Secret();
  config.auth_token_file = (folder.path() / "token").string();
  MarathonPlan from_file(config);
  CHECK_THAT(from_file.Begin().error().message, Catch::Contains("cannot read the auth_token_file"));
  std::ofstream(config.auth_token_file) << " one\n";
  CHECK(Begun(from_file).at(0).headers == Headers{{"Authorization", "token=one"}});
  std::ofstream(config.auth_token_file) << "two";
  CHECK(Begun(from_file).at(0).headers == Headers{{"Authorization", "token=two"}});
  std::ofstream(config.auth_token_file) << "a\nb";
  CHECK_FALSE(from_file.Begin().ok());
}

TEST_CASE("answers of Marathon that are none are failures", "[marathon_sd]") {
  MarathonPlan plan(Config());
  CHECK(PlanFailure(plan, {PlanAnswer("{}", 503)}) == "http://h/: server returned HTTP status 503");
  CHECK_THAT(PlanFailure(plan, {PlanAnswer("{")}), Catch::Contains("not valid JSON"));
  CHECK_THAT(PlanFailure(plan, {PlanAnswer(R"({"apps": 5})")}), Catch::Contains("expected a list"));
}

TEST_CASE_METHOD(test::PollingFixture, "another server of Marathon is asked after a failure",
                 "[marathon_sd]") {
  server.SetScript([](const ScriptedRequest& request) {
    if (request.target.starts_with("/bad")) return test::ScriptedResponse{.status = 500};
    return test::Json(R"({"apps": [{"id": "/a", "tasks": [{"host": "h", "ports": [1]}]}]})");
  });
  MarathonSdConfig config = Config();
  config.servers = {server.Url("/bad"), server.Url("/good")};
  Start(config);
  REQUIRE(WaitForExposed(R"(prometheus_sd_refresh_failures_total{config="j",mechanism="marathon"})",
                         "1"));
  clock.Advance(std::chrono::seconds(1));
  REQUIRE(sink.WaitFor({"h:1"}));
}

}  // namespace
}  // namespace sluice::scrape
