#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "plan_answers.h"
#include "polling_fixture.h"
#include "scrape/discovery/ionos/ionos_plan.h"

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

std::string Servers(const std::string& entries) {
  return R"({"id": "8feda53f/servers", "type": "collection", "items": [)" + entries + "]}";
}

const std::string kServer = R"({"id": "523415e6", "type": "server",
  "metadata": {"state": "AVAILABLE"},
  "properties": {"name": "prometheus-2", "cores": 1, "availabilityZone": "AUTO",
    "vmState": "RUNNING", "bootCdrom": {"id": "0e4d57f9"}, "bootVolume": {"id": "97f6b0b6"},
    "cpuFamily": "INTEL_SKYLAKE", "type": "ENTERPRISE"},
  "entities": {
    "volumes": {"items": [{"properties": {"image": "fd8248dc"}}, {"properties": {}}]},
    "nics": {"items": [
      {"properties": {"name": "metadata nic", "ips": ["85.215.243.177"]}},
      {"properties": {"name": null, "ips": ["10.1.0.2", "10.1.0.3"]}},
      {"properties": {"name": "metadata nic", "ips": ["10.2.0.4"]}}]}}})";
const std::string kBare = R"({"id": "bare", "properties": {"name": "b", "bootVolume": null},
  "entities": {"nics": {"items": [{"properties": {"ips": ["10.3.0.1"]}}]}}})";

TEST_CASE("a server of IONOS has its labels", "[ionos_sd]") {
  IonosSdConfig config;
  config.datacenter_id = "8feda/53f";
  config.port = 9100;
  IonosPlan plan(config);
  std::vector<HttpRequest> asked;
  const Refreshed refreshed = FinishRound(
      plan,
      [](const HttpRequest&) {
        return PlanAnswer(Servers(kServer + "," + kBare + R"(, {"id": "no-ip"}, {"entities": 5})"));
      },
      &asked);
  CHECK(test::Urls(asked) ==
        Names{"https://api.ionos.com/cloudapi/v6/datacenters/8feda%2F53f/servers?depth=3&offset=0&"
              "limit=1000"});
  CHECK(AllTargets(refreshed.groups) ==
        std::vector<Labels>{
            {{"__address__", "10.2.0.4:9100"},
             {"__meta_ionos_server_availability_zone", "AUTO"},
             {"__meta_ionos_server_boot_cdrom_id", "0e4d57f9"},
             {"__meta_ionos_server_boot_image_id", "fd8248dc"},
             {"__meta_ionos_server_boot_volume_id", "97f6b0b6"},
             {"__meta_ionos_server_cpu_family", "INTEL_SKYLAKE"},
             {"__meta_ionos_server_id", "523415e6"},
             {"__meta_ionos_server_ip", ",10.2.0.4,10.1.0.2,10.1.0.3,85.215.243.177,"},
             {"__meta_ionos_server_lifecycle", "AVAILABLE"},
             {"__meta_ionos_server_name", "prometheus-2"},
             {"__meta_ionos_server_nic_ip_metadata_nic", ",10.2.0.4,85.215.243.177,"},
             {"__meta_ionos_server_nic_ip_unnamed", ",10.1.0.2,10.1.0.3,"},
             {"__meta_ionos_server_servers_id", "8feda53f/servers"},
             {"__meta_ionos_server_state", "RUNNING"},
             {"__meta_ionos_server_type", "ENTERPRISE"}},
            {{"__address__", "10.3.0.1:9100"},
             {"__meta_ionos_server_id", "bare"},
             {"__meta_ionos_server_ip", ",10.3.0.1,"},
             {"__meta_ionos_server_name", "b"},
             {"__meta_ionos_server_nic_ip_unnamed", ",10.3.0.1,"},
             {"__meta_ionos_server_servers_id", "8feda53f/servers"}}});
  CHECK(refreshed.bad_entries == Names{"items[3]: expected an object, got 5"});
}

TEST_CASE("servers of IONOS are read page by page", "[ionos_sd]") {
  std::string full;
  for (int i = 0; i < 1000; ++i) full += (full.empty() ? "" : ",") + kBare;
  IonosPlan plan({});
  std::vector<HttpRequest> asked;
  const auto serve = [&](const HttpRequest& request) {
    const bool first = request.url.find("offset=0&") != std::string::npos;
    return PlanAnswer(Servers(first ? full : kBare));
  };
  const Refreshed refreshed = FinishRound(plan, serve, &asked);
  REQUIRE(asked.size() == 2);
  CHECK_THAT(asked[1].url, Catch::EndsWith("?depth=3&offset=1000&limit=1000"));
  CHECK(Addresses(refreshed.groups).size() == 1001);
  // The next round begins anew.
  CHECK(FinishRound(plan, serve).groups == refreshed.groups);
}

TEST_CASE("answers of IONOS that are none are failures", "[ionos_sd]") {
  IonosPlan plan({});
  CHECK(PlanFailure(plan, {PlanAnswer("{}", 401)}) == "http://h/: server returned HTTP status 401");
  CHECK_THAT(PlanFailure(plan, {PlanAnswer("{")}), Catch::Contains("not valid JSON"));
  CHECK_THAT(PlanFailure(plan, {PlanAnswer(R"({"items": {}})")}),
             Catch::Contains("expected a list"));
}

TEST_CASE_METHOD(test::PollingFixture, "IONOS is asked with user and password", "[ionos_sd]") {
  server.SetScript([](const ScriptedRequest&) { return test::Json(Servers(kBare)); });
  HttpClientConfig http;
  http.basic_auth.emplace();
  http.basic_auth->username = "u";
  http.basic_auth->password = Secret("p");
  IonosSdConfig config;
  config.datacenter_id = "d";
  config.api_url = server.Url("/cloudapi/v6");
  config.client = std::make_shared<const HttpClient>(std::move(http));
  Start(config);
  REQUIRE(sink.WaitFor({"10.3.0.1:80"}));
  CHECK(server.requests().at(0).headers.at("authorization") == "Basic dTpw");
}

}  // namespace
}  // namespace sluice::scrape
