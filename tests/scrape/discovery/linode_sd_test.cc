#include <map>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "plan_answers.h"
#include "polling_fixture.h"
#include "scrape/discovery/linode/linode_plan.h"

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

std::string Page(const std::string& entries, int page = 1, int pages = 1) {
  return "{\"data\": [" + entries + "], \"page\": " + std::to_string(page) +
         ", \"pages\": " + std::to_string(pages) + ", \"results\": 3}";
}

const std::string kInstance = R"({"id": 26838044, "label": "prometheus-linode-sd-exporter-1",
  "group": "g", "status": "running", "type": "g6-standard-2", "ipv4": ["45.33.82.151",
  "96.126.108.16", "192.168.170.51", "192.168.201.25", "9.9.9.9"],
  "ipv6": "2600:3c03::f03c:92ff:fe1a:1382/128", "image": "linode/arch", "region": "us-east",
  "specs": {"disk": 81920, "memory": 4096, "vcpus": 2, "gpus": 0, "transfer": 4000},
  "backups": {"enabled": false}, "hypervisor": "kvm", "tags": ["monitoring", "b"]})";
const std::string kBare = R"({"id": 7, "label": "bare", "ipv4": ["192.168.1.1"], "ipv6": null,
  "image": null, "specs": {"disk": 1}, "backups": {"enabled": true}, "tags": []})";

// Two pages of addresses and of instances.
HttpAnswer Serve(const HttpRequest& request) {
  const bool second = request.url.find("page=2") != std::string::npos;
  if (request.url.find("/networking/ips") != std::string::npos) {
    return PlanAnswer(second ? Page(R"(
      {"address": "192.168.170.51", "public": false, "rdns": null},
      {"address": "192.168.201.25", "public": false, "rdns": "p.example"},
      {"address": "2600:3c03::f03c:92ff:fe1a:1382", "public": true, "rdns": "six.example"},
      {"address": 5})",
                                    2, 2)
                             : Page(R"(
      {"address": "45.33.82.151", "public": true, "rdns": "li1028-151.members.linode.com"},
      {"address": "96.126.108.16", "public": true, "rdns": "null"})",
                                    1, 2));
  }
  if (request.url.find("/ranges") != std::string::npos) {
    return PlanAnswer(Page(R"(
      {"range": "2600:3c03:e000:123::", "prefix": 64,
       "route_target": "2600:3c03::f03c:92ff:fe1a:1382"},
      {"range": "2600:3c04:e000:123::", "prefix": 56, "route_target": "other"})"));
  }
  return PlanAnswer(
      second ? Page(kBare + R"(, {"id": 8, "ipv4": []}, {"id": "x", "ipv4": ["a"]})", 2, 2)
             : Page(kInstance, 1, 2));
}

TEST_CASE("an instance of Linode has its labels", "[linode_sd]") {
  LinodePlan plan({});
  const Refreshed refreshed = FinishRound(plan, Serve);
  const std::vector<Labels> targets = AllTargets(refreshed.groups);
  REQUIRE(targets.size() == 2);
  CHECK(targets[0] == Labels{{"__address__", "45.33.82.151:80"},
                             {"__meta_linode_backups", "disabled"},
                             {"__meta_linode_extra_ips", ",96.126.108.16,192.168.201.25,"},
                             {"__meta_linode_gpus", "0"},
                             {"__meta_linode_group", "g"},
                             {"__meta_linode_hypervisor", "kvm"},
                             {"__meta_linode_image", "linode/arch"},
                             {"__meta_linode_instance_id", "26838044"},
                             {"__meta_linode_instance_label", "prometheus-linode-sd-exporter-1"},
                             {"__meta_linode_ipv6_ranges", ",2600:3c03:e000:123::/64,"},
                             {"__meta_linode_private_ipv4", "192.168.170.51"},
                             {"__meta_linode_public_ipv4", "45.33.82.151"},
                             {"__meta_linode_public_ipv4_rdns", "li1028-151.members.linode.com"},
                             {"__meta_linode_public_ipv6", "2600:3c03::f03c:92ff:fe1a:1382"},
                             {"__meta_linode_public_ipv6_rdns", "six.example"},
                             {"__meta_linode_region", "us-east"},
                             {"__meta_linode_specs_disk_bytes", "85899345920"},
                             {"__meta_linode_specs_memory_bytes", "4294967296"},
                             {"__meta_linode_specs_transfer_bytes", "4194304000"},
                             {"__meta_linode_specs_vcpus", "2"},
                             {"__meta_linode_status", "running"},
                             {"__meta_linode_tags", ",monitoring,b,"},
                             {"__meta_linode_type", "g6-standard-2"}});
  CHECK(targets[1].Get("__address__") == ":80");
  CHECK(targets[1].Get("__meta_linode_backups") == "enabled");
  CHECK(targets[1].Get("__meta_linode_private_ipv4").empty());
  CHECK(refreshed.bad_entries == Names{"ips[3]: expected a string, got 5",
                                       "instances[2]: expected a whole number, got \"x\""});
}

TEST_CASE("lists of Linode are read page by page", "[linode_sd]") {
  LinodeSdConfig config;
  config.region = "us-east";
  config.port = 9100;
  config.tag_separator = ";";
  LinodePlan plan(config);
  std::vector<HttpRequest> asked;
  const Refreshed refreshed = FinishRound(plan, Serve, &asked);
  const std::string base = "https://api.linode.com/v4/";
  CHECK(test::Urls(asked) == Names{base + "networking/ips?page=1&page_size=500",
                                   base + "networking/ips?page=2&page_size=500",
                                   base + "networking/ipv6/ranges?page=1&page_size=500",
                                   base + "linode/instances?page=1&page_size=500",
                                   base + "linode/instances?page=2&page_size=500"});
  CHECK(asked[0].headers.empty());
  CHECK(asked[4].headers ==
        std::vector<std::pair<std::string, std::string>>{{"X-Filter", R"({"region": "us-east"})"}});
  CHECK(Addresses(refreshed.groups) == Names{"45.33.82.151:9100", ":9100"});
  CHECK(AllTargets(refreshed.groups)[0].Get("__meta_linode_tags") == ";monitoring;b;");
  // The next round begins anew.
  CHECK(FinishRound(plan, Serve).groups == refreshed.groups);
}

TEST_CASE("answers of Linode that are none are failures", "[linode_sd]") {
  LinodePlan plan({});
  CHECK(PlanFailure(plan, {PlanAnswer("{}", 401)}) == "http://h/: server returned HTTP status 401");
  CHECK_THAT(PlanFailure(plan, {PlanAnswer("{")}), Catch::Contains("not valid JSON"));
  CHECK_THAT(PlanFailure(plan, {PlanAnswer(R"({"data": 5})")}), Catch::Contains("expected a list"));
}

TEST_CASE_METHOD(test::PollingFixture, "Linode is asked with the token", "[linode_sd]") {
  server.SetScript([](const ScriptedRequest& request) {
    HttpRequest asked;
    asked.url = request.target;
    return test::Json(Serve(asked).body);
  });
  HttpClientConfig http;
  http.authorization.emplace();
  http.authorization->credentials = Secret("t0ken");
  LinodeSdConfig config;
  config.api_url = server.Url("");
  config.client = std::make_shared<const HttpClient>(std::move(http));
  Start(config);
  REQUIRE(sink.WaitFor({"45.33.82.151:80", ":80"}));
  CHECK(server.requests().at(4).headers.at("authorization") == "Bearer t0ken");
  server.SetScript([](const ScriptedRequest&) { return test::ScriptedResponse{.status = 503}; });
  clock.Advance(std::chrono::seconds(60));
  REQUIRE(WaitForExposed("prometheus_sd_linode_failures_total", "1"));
  CHECK(sink.calls() == 1);
}

}  // namespace
}  // namespace sluice::scrape
