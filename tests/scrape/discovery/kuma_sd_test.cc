#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "plan_answers.h"
#include "polling_fixture.h"
#include "scrape/discovery/kuma/kuma_plan.h"

namespace sluice::scrape {
namespace {

using relabel::Labels;
using test::AllTargets;
using test::Begun;
using test::PlanAnswer;
using test::PlanFailure;
using test::RunPlan;
using test::ScriptedRequest;
using test::ScriptedResponse;
using Names = std::vector<std::string>;

const std::string kType = "type.googleapis.com/kuma.observability.v1.MonitoringAssignment";

std::string Response(const std::string& resources, const std::string& version) {
  return "{\"version_info\": \"" + version + "\", \"type_url\": \"" + kType + "\", \"nonce\": \"n" +
         version + "\", \"resources\": [" + resources + "]}";
}

std::string Assignment(const std::string& fields) {
  return "{\"@type\": \"" + kType + "\", " + fields + "}";
}

const std::string kProduct = Assignment(R"("mesh": "metrics", "service": "prod",
  "labels": {"team-1": "infra", "commonlabel": "assignment"},
  "targets": [{"name": "prod-01", "scheme": "http", "address": "10.1.4.32:9090",
               "metrics_path": "/custom-metrics",
               "labels": {"commonlabel": "target", "env": "test"}},
              {"name": "prod-02", "scheme": "https", "address": "10.1.4.33:9090",
               "metricsPath": ""}])");

KumaSdConfig Config() {
  KumaSdConfig config;
  config.server = "http://kuma:5676/";
  config.client_id = "me";
  return config;
}

TEST_CASE("a target of Kuma has its labels", "[kuma_sd]") {
  KumaPlan plan(Config());
  const Refreshed refreshed = RunPlan(
      plan,
      {Response(kProduct + R"(, {"@type": "other"}, )" + Assignment(R"("targets": 5)"), "1")});
  CHECK(AllTargets(refreshed.groups) ==
        std::vector<Labels>{{{"__address__", "10.1.4.32:9090"},
                             {"__meta_kuma_dataplane", "prod-01"},
                             {"__meta_kuma_label_commonlabel", "assignment"},
                             {"__meta_kuma_label_env", "test"},
                             {"__meta_kuma_label_team_1", "infra"},
                             {"__meta_kuma_mesh", "metrics"},
                             {"__meta_kuma_service", "prod"},
                             {"__metrics_path__", "/custom-metrics"},
                             {"__scheme__", "http"},
                             {"instance", "prod-01"}},
                            {{"__address__", "10.1.4.33:9090"},
                             {"__meta_kuma_dataplane", "prod-02"},
                             {"__meta_kuma_label_commonlabel", "assignment"},
                             {"__meta_kuma_label_team_1", "infra"},
                             {"__meta_kuma_mesh", "metrics"},
                             {"__meta_kuma_service", "prod"},
                             {"__scheme__", "https"},
                             {"instance", "prod-02"}}});
  CHECK(refreshed.bad_entries == Names{"resources[1]: a resource of the type \"other\"",
                                       "resources[2]: expected a list, got 5"});
}

TEST_CASE("Kuma is asked for what is newer than the last good version", "[kuma_sd]") {
  KumaSdConfig config = Config();
  config.fetch_timeout = std::chrono::seconds(60);
  KumaPlan plan(config);
  const HttpRequest first = Begun(plan).at(0);
  CHECK(first.method == "POST");
  CHECK(first.url == "http://kuma:5676/v3/discovery:monitoringassignments?fetch-timeout=1m");
  CHECK(first.timeout == std::chrono::seconds(75));
  CHECK(*first.body == R"({"node":{"id":"me"},"type_url":")" + kType + "\"}");
  const Refreshed known = RunPlan(plan, {Response(kProduct, "1")});
  CHECK(*Begun(plan).at(0).body == R"({"version_info":"1","node":{"id":"me"},"type_url":")" +
                                       kType + R"(","response_nonce":"n1"})");
  // Nothing is new, and what is known stays.
  Begun(plan);
  const auto unchanged = plan.Next({PlanAnswer("", 304)});
  REQUIRE(unchanged.ok());
  CHECK(std::get<Refreshed>(*unchanged).groups == known.groups);
  // A failure changes nothing.
  CHECK(PlanFailure(plan, {PlanAnswer("", 503)}) == "http://h/: server returned HTTP status 503");
  CHECK_THAT(*Begun(plan).at(0).body, Catch::Contains(R"("version_info":"1")"));
  // An empty version is one, too.
  CHECK(AllTargets(RunPlan(plan, {Response("", "2")}).groups).empty());
}

TEST_CASE("answers of Kuma that are none are failures", "[kuma_sd]") {
  KumaPlan plan(Config());
  CHECK_THAT(PlanFailure(plan, {PlanAnswer("{")}), Catch::Contains("not valid JSON"));
  CHECK_THAT(PlanFailure(plan, {PlanAnswer("{}")}), Catch::Contains("an answer of the type \"\""));
  CHECK_THAT(PlanFailure(plan, {PlanAnswer(R"({"resources": 5})")}),
             Catch::Contains("expected a list"));
}

TEST_CASE_METHOD(test::PollingFixture, "Kuma answers when something changes", "[kuma_sd]") {
  server.SetScript([](const ScriptedRequest& request) {
    if (request.body.find("version_info") == std::string::npos) {
      return test::Json(Response(kProduct, "1"));
    }
    ScriptedResponse later = test::Json(Response("", "2"));
    later.fault = test::Fault::kHang;
    return later;
  });
  KumaSdConfig config = Config();
  config.server = server.Url("");
  Start(config);
  REQUIRE(sink.WaitFor({"10.1.4.32:9090", "10.1.4.33:9090"}));
  clock.Advance(std::chrono::seconds(15));
  REQUIRE(server.WaitForRequests(2));
  CHECK(sink.calls() == 1);
  server.ReleaseHanging();
  REQUIRE(sink.WaitFor({}));
  server.SetScript([](const ScriptedRequest&) { return ScriptedResponse{.status = 503}; });
  clock.Advance(std::chrono::seconds(15));
  REQUIRE(WaitForExposed("prometheus_sd_kuma_fetch_failures_total", "1"));
}

}  // namespace
}  // namespace sluice::scrape
