#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "plan_answers.h"
#include "polling_fixture.h"
#include "scrape/discovery/hetzner/hetzner_plan.h"
#include "scrape/discovery/ip_text.h"

namespace sluice::scrape {
namespace {

using relabel::Labels;
using test::Addresses;
using test::AllTargets;
using test::FinishRound;
using test::PlanAnswer;
using test::PlanFailure;
using test::RunRound;
using test::ScriptedRequest;
using Names = std::vector<std::string>;

std::string Page(const std::string& list, const std::string& entries, const std::string& next) {
  return "{\"" + list + "\": [" + entries + R"(], "meta": {"pagination": {"page": 1, "per_page": 50,
      "previous_page": null, "next_page": )" +
         next + R"(, "last_page": 2, "total_entries": 2}}})";
}

const std::string kServer = R"({
  "id": 42, "name": "my-server", "status": "running", "created": "2016-01-30T23:50:00+00:00",
  "public_net": {"ipv4": {"ip": "1.2.3.4", "blocked": false, "dns_ptr": "s.example"},
                 "ipv6": {"ip": "2001:db8::/64", "blocked": false, "dns_ptr": []},
                 "floating_ips": [478]},
  "private_net": [{"network": 4711, "ip": "10.0.0.2", "alias_ips": []},
                  {"network": 9, "ip": "10.9.0.2"}],
  "server_type": {"id": 1, "name": "cx11", "cores": 1, "memory": 3.9, "disk": 25,
                  "cpu_type": "shared", "storage_type": "local"},
  "datacenter": {"id": 1, "name": "fsn1-dc8",
                 "location": {"id": 1, "name": "fsn1", "network_zone": "eu-central"}},
  "image": {"id": 4711, "name": "ubuntu-20.04", "description": "Ubuntu 20.04 Standard 64 bit",
            "os_flavor": "ubuntu", "os_version": "20.04"},
  "labels": {"my-key": "my-value", "empty": ""}})";

// What a private server without an image has.
const std::string kBare = R"({
  "id": 44, "name": "bare", "status": "off", "public_net": {"ipv4": null, "ipv6": null},
  "private_net": [], "server_type": {"name": "cpx11", "cores": 2, "memory": 2, "disk": 40},
  "location": {"name": "hel1", "network_zone": "eu-north"}, "datacenter": null, "image": null,
  "labels": {}})";

HttpAnswer ServeCloud(const HttpRequest& request) {
  const bool second = request.url.find("page=2") != std::string::npos;
  if (request.url.find("/networks") != std::string::npos) {
    return PlanAnswer(second ? Page("networks", R"({"id": 4711, "name": "my net"})", "null")
                             : Page("networks", R"({"id": 1, "name": "other"})", "2"));
  }
  return PlanAnswer(second ? Page("servers", kBare, "null")
                           : Page("servers", kServer + R"(, {"id": "x"})", "2"));
}

TEST_CASE("a cloud server has its labels", "[hetzner_sd]") {
  HetznerPlan plan({});
  const std::vector<Labels> targets = AllTargets(FinishRound(plan, ServeCloud).groups);
  REQUIRE(targets.size() == 2);
  CHECK(targets[0] ==
        Labels{{"__address__", "1.2.3.4:80"},
               {"__meta_hetzner_datacenter", "fsn1-dc8"},
               {"__meta_hetzner_hcloud_cpu_cores", "1"},
               {"__meta_hetzner_hcloud_cpu_type", "shared"},
               {"__meta_hetzner_hcloud_datacenter_location", "fsn1"},
               {"__meta_hetzner_hcloud_datacenter_location_network_zone", "eu-central"},
               {"__meta_hetzner_hcloud_disk_size_gb", "25"},
               {"__meta_hetzner_hcloud_image_description", "Ubuntu 20.04 Standard 64 bit"},
               {"__meta_hetzner_hcloud_image_name", "ubuntu-20.04"},
               {"__meta_hetzner_hcloud_image_os_flavor", "ubuntu"},
               {"__meta_hetzner_hcloud_image_os_version", "20.04"},
               {"__meta_hetzner_hcloud_label_my_key", "my-value"},
               {"__meta_hetzner_hcloud_labelpresent_empty", "true"},
               {"__meta_hetzner_hcloud_labelpresent_my_key", "true"},
               {"__meta_hetzner_hcloud_location", "fsn1"},
               {"__meta_hetzner_hcloud_location_network_zone", "eu-central"},
               {"__meta_hetzner_hcloud_memory_size_gb", "3"},
               {"__meta_hetzner_hcloud_private_ipv4_my_net", "10.0.0.2"},
               {"__meta_hetzner_hcloud_server_type", "cx11"},
               {"__meta_hetzner_public_ipv4", "1.2.3.4"},
               {"__meta_hetzner_public_ipv6_network", "2001:db8::/64"},
               {"__meta_hetzner_role", "hcloud"},
               {"__meta_hetzner_server_id", "42"},
               {"__meta_hetzner_server_name", "my-server"},
               {"__meta_hetzner_server_status", "running"}});
  CHECK(targets[1] == Labels{{"__address__", "<nil>:80"},
                             {"__meta_hetzner_hcloud_cpu_cores", "2"},
                             {"__meta_hetzner_hcloud_datacenter_location", "hel1"},
                             {"__meta_hetzner_hcloud_datacenter_location_network_zone", "eu-north"},
                             {"__meta_hetzner_hcloud_disk_size_gb", "40"},
                             {"__meta_hetzner_hcloud_location", "hel1"},
                             {"__meta_hetzner_hcloud_location_network_zone", "eu-north"},
                             {"__meta_hetzner_hcloud_memory_size_gb", "2"},
                             {"__meta_hetzner_hcloud_server_type", "cpx11"},
                             {"__meta_hetzner_public_ipv4", "<nil>"},
                             {"__meta_hetzner_public_ipv6_network", "<nil>"},
                             {"__meta_hetzner_role", "hcloud"},
                             {"__meta_hetzner_server_id", "44"},
                             {"__meta_hetzner_server_name", "bare"},
                             {"__meta_hetzner_server_status", "off"}});
}

TEST_CASE("cloud networks and servers are read page by page", "[hetzner_sd]") {
  HetznerSdConfig config;
  config.label_selector = "env in (prod)";
  config.port = 9100;
  HetznerPlan plan(config);
  std::vector<HttpRequest> asked;
  const Refreshed refreshed = FinishRound(plan, ServeCloud, &asked);
  const std::string base = "https://api.hetzner.cloud/v1";
  CHECK(test::Urls(asked) ==
        Names{base + "/networks?page=1&per_page=50", base + "/networks?page=2&per_page=50",
              base + "/servers?label_selector=env%20in%20%28prod%29&page=1&per_page=50",
              base + "/servers?label_selector=env%20in%20%28prod%29&page=2&per_page=50"});
  CHECK(refreshed.bad_entries == Names{"servers[1]: expected a whole number, got \"x\""});
  CHECK(Addresses(refreshed.groups) == Names{"1.2.3.4:9100", "<nil>:9100"});
  // The next round begins anew.
  CHECK(FinishRound(plan, ServeCloud).groups == refreshed.groups);
}

TEST_CASE("pages of the cloud that lead back are a failure", "[hetzner_sd]") {
  HetznerPlan plan({});
  const auto refreshed =
      RunRound(plan, [](const HttpRequest&) { return PlanAnswer(Page("networks", "", "1")); });
  REQUIRE_FALSE(refreshed.ok());
  CHECK_THAT(refreshed.error().message, Catch::EndsWith("the page after it is 1"));
}

TEST_CASE("answers of Hetzner that are none are failures", "[hetzner_sd]") {
  for (const HetznerRole role : {HetznerRole::kHcloud, HetznerRole::kRobot}) {
    HetznerSdConfig config;
    config.role = role;
    HetznerPlan plan(config);
    CHECK(PlanFailure(plan, {PlanAnswer(R"({"error": {"code": "unauthorized"}})", 401)}) ==
          "http://h/: server returned HTTP status 401");
    CHECK_THAT(PlanFailure(plan, {PlanAnswer("{")}), Catch::Contains("not valid JSON"));
    CHECK_THAT(PlanFailure(plan, {PlanAnswer("5")}), Catch::Contains("expected"));
  }
}

constexpr const char* kRobot = R"([
  {"server": {"server_ip": "123.123.123.123", "server_ipv6_net": "2a01:4f8:111:4221::",
    "server_number": 321, "server_name": "server1", "product": "DS 3000", "dc": "NBG1-DC1",
    "traffic": "5 TB", "status": "ready", "cancelled": false, "paid_until": "2010-09-02",
    "ip": ["123.123.123.123"], "subnet": [{"ip": "1.1.1.0", "mask": "28"},
                                          {"ip": "2a01:4f8:111:4221::", "mask": "64"}]}},
  {"server": {"server_ip": null, "server_number": 421, "server_name": "", "product": "X5",
    "dc": "FSN1-DC10", "status": "in process", "cancelled": true, "subnet": null}},
  {"server": {"server_number": "421"}}])";

TEST_CASE("a robot server has its labels", "[hetzner_sd]") {
  HetznerSdConfig config;
  config.role = HetznerRole::kRobot;
  HetznerPlan plan(config);
  std::vector<HttpRequest> asked;
  const Refreshed refreshed = FinishRound(
      plan, [](const HttpRequest&) { return PlanAnswer(kRobot); }, &asked);
  CHECK(test::Urls(asked) == Names{"https://robot-ws.your-server.de/server"});
  CHECK(AllTargets(refreshed.groups) ==
        std::vector<Labels>{{{"__address__", "123.123.123.123:80"},
                             {"__meta_hetzner_datacenter", "nbg1-dc1"},
                             {"__meta_hetzner_public_ipv4", "123.123.123.123"},
                             {"__meta_hetzner_public_ipv6_network", "2a01:4f8:111:4221::/64"},
                             {"__meta_hetzner_robot_cancelled", "false"},
                             {"__meta_hetzner_robot_product", "DS 3000"},
                             {"__meta_hetzner_role", "robot"},
                             {"__meta_hetzner_server_id", "321"},
                             {"__meta_hetzner_server_name", "server1"},
                             {"__meta_hetzner_server_status", "ready"}},
                            {{"__address__", ":80"},
                             {"__meta_hetzner_datacenter", "fsn1-dc10"},
                             {"__meta_hetzner_robot_cancelled", "true"},
                             {"__meta_hetzner_robot_product", "X5"},
                             {"__meta_hetzner_role", "robot"},
                             {"__meta_hetzner_server_id", "421"},
                             {"__meta_hetzner_server_status", "in process"}}});
  CHECK(refreshed.bad_entries == Names{"server[2]: expected a whole number, got \"421\""});
}

TEST_CASE("addresses and networks are written as Go writes them", "[hetzner_sd]") {
  for (const auto& [text, expected] :
       std::vector<std::pair<std::string, std::string>>{{"1.2.3.4", "1.2.3.4"},
                                                        {"2001:DB8:0:0:0::1", "2001:db8::1"},
                                                        {"::", "::"},
                                                        {"::1", "::1"},
                                                        {"1::", "1::"},
                                                        {"1:0:2:0:0:3:0:0", "1:0:2::3:0:0"},
                                                        {"1:2:3:4:5:0:7:8", "1:2:3:4:5:0:7:8"},
                                                        {"::ffff:1.2.3.4", "1.2.3.4"},
                                                        {"::1.2.3.4", "::102:304"},
                                                        {"", "-"},
                                                        {"1.2.3", "-"},
                                                        {"1.2.3.256", "-"},
                                                        {"fe80::1%eth0", "-"},
                                                        {std::string("1.2.3.4\0", 8), "-"}}) {
    CAPTURE(text);
    CHECK(CanonicalIp(text).value_or("-") == expected);
  }
  for (const auto& [text, expected] : std::vector<std::pair<std::string, std::string>>{
           {"2001:db8:1:2:3::/64", "2001:db8:1:2::/64"},
           {"10.1.2.3/12", "10.0.0.0/12"},
           {"10.1.2.3/32", "10.1.2.3/32"},
           {"10.1.2.3/0", "0.0.0.0/0"},
           {"10.1.2.3/33", "-"},
           {"10.1.2.3/", "-"},
           {"10.1.2.3/-1", "-"},
           {"10.1.2.3", "-"},
           {"x/8", "-"}}) {
    CAPTURE(text);
    CHECK(CanonicalNetwork(text).value_or("-") == expected);
  }
  CHECK(IsIpv4("1.2.3.4"));
  CHECK_FALSE(IsIpv4("::1"));
  CHECK_FALSE(IsIpv4(""));
}

TEST_CASE_METHOD(test::PollingFixture, "the cloud of Hetzner is asked with the token",
                 "[hetzner_sd]") {
  server.SetScript([](const ScriptedRequest& request) {
    HttpRequest asked;
    asked.url = request.target;
    return test::Json(ServeCloud(asked).body);
  });
  HttpClientConfig http;
  http.authorization.emplace();
  http.authorization->credentials = Secret("t0ken");
  HetznerSdConfig config;
  config.hcloud_url = server.Url("/v1");
  config.client = std::make_shared<const HttpClient>(std::move(http));
  Start(config);
  REQUIRE(sink.WaitFor({"1.2.3.4:80", "<nil>:80"}));
  CHECK(server.requests().at(3).headers.at("authorization") == "Bearer t0ken");
}

}  // namespace
}  // namespace sluice::scrape
