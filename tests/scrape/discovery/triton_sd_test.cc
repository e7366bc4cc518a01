#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "plan_answers.h"
#include "polling_fixture.h"
#include "scrape/discovery/triton/triton_plan.h"

namespace sluice::scrape {
namespace {

using relabel::Labels;
using test::AllTargets;
using test::FinishRound;
using test::PlanAnswer;
using test::PlanFailure;
using test::ScriptedRequest;
using Names = std::vector<std::string>;

constexpr const char* kContainers = R"({"containers": [
  {"groups": ["foo", "bar"], "server_uuid": "44454c4c", "vm_alias": "server01",
   "vm_brand": "lx", "vm_image_uuid": "7b27a514", "vm_uuid": "ad466fbf"},
  {"server_uuid": "a5894692", "vm_alias": "server02", "vm_brand": "kvm", "vm_uuid": "7b27a514"},
  {"vm_uuid": 5}]})";
constexpr const char* kNodes = R"({"cns": [
  {"server_hostname": "server01", "server_uuid": "44454c4c"}, {"server_uuid": []}]})";

TritonSdConfig Config(TritonRole role) {
  TritonSdConfig config;
  config.role = role;
  config.dns_suffix = "cns.triton.example";
  config.endpoint = "cmon.example";
  return config;
}

TEST_CASE("a container of Triton has its labels", "[triton_sd]") {
  TritonSdConfig config = Config(TritonRole::kContainer);
  config.groups = {"foo", "b r"};
  TritonPlan plan(config);
  std::vector<HttpRequest> asked;
  const Refreshed refreshed = FinishRound(
      plan, [](const HttpRequest&) { return PlanAnswer(kContainers); }, &asked);
  CHECK(test::Urls(asked) == Names{"https://cmon.example:9163/v1/discover?groups=foo%2Cb%20r"});
  CHECK(AllTargets(refreshed.groups) ==
        std::vector<Labels>{{{"__address__", "ad466fbf.cns.triton.example:9163"},
                             {"__meta_triton_groups", ",foo,bar,"},
                             {"__meta_triton_machine_alias", "server01"},
                             {"__meta_triton_machine_brand", "lx"},
                             {"__meta_triton_machine_id", "ad466fbf"},
                             {"__meta_triton_machine_image", "7b27a514"},
                             {"__meta_triton_server_id", "44454c4c"}},
                            {{"__address__", "7b27a514.cns.triton.example:9163"},
                             {"__meta_triton_machine_alias", "server02"},
                             {"__meta_triton_machine_brand", "kvm"},
                             {"__meta_triton_machine_id", "7b27a514"},
                             {"__meta_triton_server_id", "a5894692"}}});
  CHECK(refreshed.bad_entries == Names{"containers[2]: expected a string, got 5"});
}

TEST_CASE("a compute node of Triton has its labels", "[triton_sd]") {
  TritonSdConfig config = Config(TritonRole::kComputeNode);
  config.port = 99;
  config.version = 2;
  TritonPlan plan(config);
  std::vector<HttpRequest> asked;
  const Refreshed refreshed = FinishRound(
      plan, [](const HttpRequest&) { return PlanAnswer(kNodes); }, &asked);
  CHECK(test::Urls(asked) == Names{"https://cmon.example:99/v2/gz/discover"});
  CHECK(AllTargets(refreshed.groups) ==
        std::vector<Labels>{{{"__address__", "44454c4c.cns.triton.example:99"},
                             {"__meta_triton_machine_alias", "server01"},
                             {"__meta_triton_machine_id", "44454c4c"}}});
  CHECK(refreshed.bad_entries == Names{"cns[1]: expected a string, got []"});
}

TEST_CASE("answers of Triton that are none are failures", "[triton_sd]") {
  TritonPlan plan(Config(TritonRole::kContainer));
  CHECK(PlanFailure(plan, {PlanAnswer("{}", 503)}) == "http://h/: server returned HTTP status 503");
  CHECK_THAT(PlanFailure(plan, {PlanAnswer("{")}), Catch::Contains("not valid JSON"));
  CHECK_THAT(PlanFailure(plan, {PlanAnswer("[]")}), Catch::Contains("expected an object"));
}

TEST_CASE_METHOD(test::PollingFixture, "containers of Triton come and go", "[triton_sd]") {
  server.SetScript([](const ScriptedRequest&) { return test::Json(kContainers); });
  TritonSdConfig config = Config(TritonRole::kContainer);
  const std::string address = server.address();
  config.scheme = "http";
  config.endpoint = address.substr(0, address.find(':'));
  config.port = static_cast<uint16_t>(std::stoi(address.substr(address.find(':') + 1)));
  Start(config);
  const std::string port = std::to_string(config.port);
  REQUIRE(
      sink.WaitFor({"ad466fbf.cns.triton.example:" + port, "7b27a514.cns.triton.example:" + port}));
  server.SetScript([](const ScriptedRequest&) { return test::Json(R"({"containers": []})"); });
  clock.Advance(std::chrono::seconds(60));
  REQUIRE(sink.WaitFor({}));
}

}  // namespace
}  // namespace sluice::scrape
