#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "plan_answers.h"
#include "polling_fixture.h"
#include "scrape/discovery/nomad/nomad_plan.h"

namespace sluice::scrape {
namespace {

using relabel::Labels;
using test::Addresses;
using test::AllTargets;
using test::FinishRound;
using test::PlanAnswer;
using test::PlanFailure;
using test::ScriptedRequest;
using Names = std::vector<std::string>;

constexpr const char* kServices = R"([
  {"Namespace": "default", "Services": [
     {"ServiceName": "hello-world", "Tags": ["metrics"]}, {"ServiceName": "a/b", "Tags": null}]},
  {"Namespace": "other", "Services": [{"ServiceName": "hello-world", "Tags": []}]}])";

constexpr const char* kHello = R"([{
  "Address": "127.0.0.1", "AllocID": "d3a3d3a3", "CreateIndex": 30, "Datacenter": "dc1",
  "ID": "_nomad-task-f8d0-group-app-hello-world-http", "JobID": "hello", "ModifyIndex": 30,
  "Namespace": "default", "NodeID": "a1b2", "Port": 30456, "ServiceName": "hello-world",
  "Tags": ["metrics", "v1"]}])";

HttpAnswer Serve(const HttpRequest& request) {
  if (request.url.find("/v1/services") != std::string::npos) return PlanAnswer(kServices);
  if (request.url.find("/service/hello-world?") != std::string::npos) return PlanAnswer(kHello);
  return PlanAnswer(R"([{"Address": "fe80::1", "Port": 0}, {"Address": 5}, null])");
}

TEST_CASE("an instance of a Nomad service has its labels", "[nomad_sd]") {
  NomadPlan plan({});
  const Refreshed refreshed = FinishRound(plan, Serve);
  REQUIRE(refreshed.groups.size() == 2);
  CHECK(refreshed.groups[1].source == "hello-world");
  CHECK(refreshed.groups[1].targets ==
        std::vector<Labels>{
            {{"__address__", "127.0.0.1:30456"},
             {"__meta_nomad_address", "127.0.0.1"},
             {"__meta_nomad_dc", "dc1"},
             {"__meta_nomad_namespace", "default"},
             {"__meta_nomad_node_id", "a1b2"},
             {"__meta_nomad_service", "hello-world"},
             {"__meta_nomad_service_address", "127.0.0.1"},
             {"__meta_nomad_service_id", "_nomad-task-f8d0-group-app-hello-world-http"},
             {"__meta_nomad_service_port", "30456"},
             {"__meta_nomad_tags", ",metrics,v1,"}}});
}

TEST_CASE("an instance with a mistake costs only itself, and one that is nothing is empty",
          "[nomad_sd]") {
  NomadPlan plan({});
  const Refreshed refreshed = FinishRound(plan, Serve);
  CHECK(Addresses(refreshed.groups) == Names{"[fe80::1]:0", ":0", "127.0.0.1:30456"});
  CHECK(refreshed.bad_entries == Names{"service a/b[1]: expected a string, got 5"});
}

TEST_CASE("each Nomad service is asked for once, with all that the configuration says",
          "[nomad_sd]") {
  NomadSdConfig config;
  config.server = "https://n:4646/";
  config.ns = "*";
  config.region = "eu west";
  NomadPlan plan(config);
  std::vector<HttpRequest> asked;
  FinishRound(plan, Serve, &asked);
  CHECK(test::Urls(asked) ==
        Names{"https://n:4646/v1/services?namespace=%2A&region=eu%20west&stale=",
              "https://n:4646/v1/service/a%2Fb?namespace=%2A&region=eu%20west&stale=",
              "https://n:4646/v1/service/hello-world?namespace=%2A&region=eu%20west&stale="});
  config.ns.clear();
  config.region.clear();
  config.allow_stale = false;
  NomadPlan bare(config);
  CHECK(test::Begun(bare).at(0).url == "https://n:4646/v1/services");
}

TEST_CASE("a Nomad service that cannot be read keeps its targets", "[nomad_sd]") {
  NomadPlan plan({});
  for (const HttpAnswer& bad :
       {PlanAnswer("oops", 500), PlanAnswer("[{"), PlanAnswer("{}"), PlanAnswer("", 403)}) {
    const Refreshed refreshed = FinishRound(plan, [&](const HttpRequest& request) {
      return request.url.find("hello") == std::string::npos ? Serve(request) : bad;
    });
    REQUIRE(refreshed.groups.size() == 1);
    CHECK(refreshed.groups[0].source == "a/b");
    CHECK(refreshed.unknown.contains("hello-world"));
  }
}

TEST_CASE("without a list of Nomad services nothing is known", "[nomad_sd]") {
  NomadPlan plan({});
  CHECK(PlanFailure(plan, {PlanAnswer("Permission denied", 403)}) ==
        "http://h/: server returned HTTP status 403");
  CHECK_THAT(PlanFailure(plan, {PlanAnswer("[{")}), Catch::Contains("not valid JSON"));
  CHECK(PlanFailure(plan, {PlanAnswer("{}")}) == "http://h/: expected a list, got {}");
  CHECK(FinishRound(plan, [](const HttpRequest&) { return PlanAnswer("[]"); }).groups.empty());
  CHECK(FinishRound(plan, [](const HttpRequest&) { return PlanAnswer("null"); }).groups.empty());
}

TEST_CASE_METHOD(test::PollingFixture, "a Nomad server is asked, and failures are counted",
                 "[nomad_sd]") {
  server.SetScript([](const ScriptedRequest& request) {
    HttpRequest asked;
    asked.url = request.target;
    return test::Json(Serve(asked).body);
  });
  NomadSdConfig config;
  config.server = server.Url("");
  Start(config);
  REQUIRE(sink.WaitFor({"[fe80::1]:0", ":0", "127.0.0.1:30456"}));
  server.SetScript([](const ScriptedRequest&) {
    auto response = test::Json("no");
    response.status = 403;
    return response;
  });
  clock.Advance(std::chrono::milliseconds(60'000));
  REQUIRE(WaitForExposed("prometheus_sd_nomad_failures_total", "1"));
  CHECK(sink.calls() == 1);
}

}  // namespace
}  // namespace sluice::scrape
