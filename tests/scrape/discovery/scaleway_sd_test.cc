#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "plan_answers.h"
#include "scrape/discovery/scaleway/scaleway_plan.h"

namespace sluice::scrape {
namespace {

using relabel::Labels;
using test::Addresses;
using test::AllTargets;
using test::FinishRound;
using test::PlanAnswer;
using test::PlanFailure;
using Names = std::vector<std::string>;

const std::string kInstance = R"({"id": "93c18a61", "name": "scw-nervous-shirley",
  "arch": "x86_64", "commercial_type": "DEV1-S", "boot_type": "local", "organization": "cb334986",
  "project": "cb33498f", "hostname": "scw-nervous-shirley", "tags": ["a", "b"],
  "image": {"id": "45a86b35", "name": "Ubuntu 20.04 Focal Fossa", "arch": "x86_64"},
  "public_ip": {"address": "51.15.0.10", "dynamic": false}, "private_ip": "10.70.60.57",
  "public_ips": [{"address": "51.15.0.10", "family": "inet"},
                 {"address": "2001:DB8::1", "family": "inet6"}],
  "ipv6": {"address": "2001:bc8:630:1e1c::1"}, "state": "running",
  "location": {"zone_id": "fr-par-1", "platform_id": "14", "cluster_id": "40",
               "hypervisor_id": "1601", "node_id": "29"},
  "security_group": {"id": "a6a7", "name": "Default security group"}, "zone": "fr-par-1"})";
const std::string kPublicOnly = R"({"id": "two", "name": "n", "zone": "z",
  "public_ips": [{"address": "2001:db8::2", "family": "inet6"},
                 {"address": "51.158.0.2", "family": "inet"}],
  "image": null, "location": null, "security_group": null, "private_ip": null, "ipv6": null})";
const std::string kNoAddress = R"({"id": "three", "name": "n", "zone": "fr-par-1"})";

std::string Servers(const std::string& entries) { return "{\"servers\": [" + entries + "]}"; }

HttpAnswer Counted(std::string body, const std::string& total) {
  HttpAnswer answer = PlanAnswer(std::move(body));
  answer.head.headers = {{"x-total-count", total}};
  return answer;
}

HttpAnswer ServeInstances(const HttpRequest& request) {
  const bool second = request.url.find("page=2") != std::string::npos;
  return Counted(
      second ? Servers(kNoAddress + R"(, {"id": 5})") : Servers(kInstance + "," + kPublicOnly),
      "4");
}

TEST_CASE("an instance of Scaleway has its labels", "[scaleway_sd]") {
  ScalewayPlan plan({});
  const Refreshed refreshed = FinishRound(plan, ServeInstances);
  const std::vector<Labels> targets = AllTargets(refreshed.groups);
  REQUIRE(targets.size() == 2);
  CHECK(targets[0] ==
        Labels{{"__address__", "10.70.60.57:80"},
               {"__meta_scaleway_instance_boot_type", "local"},
               {"__meta_scaleway_instance_hostname", "scw-nervous-shirley"},
               {"__meta_scaleway_instance_id", "93c18a61"},
               {"__meta_scaleway_instance_image_arch", "x86_64"},
               {"__meta_scaleway_instance_image_id", "45a86b35"},
               {"__meta_scaleway_instance_image_name", "Ubuntu 20.04 Focal Fossa"},
               {"__meta_scaleway_instance_location_cluster_id", "40"},
               {"__meta_scaleway_instance_location_hypervisor_id", "1601"},
               {"__meta_scaleway_instance_location_node_id", "29"},
               {"__meta_scaleway_instance_name", "scw-nervous-shirley"},
               {"__meta_scaleway_instance_organization_id", "cb334986"},
               {"__meta_scaleway_instance_private_ipv4", "10.70.60.57"},
               {"__meta_scaleway_instance_project_id", "cb33498f"},
               {"__meta_scaleway_instance_public_ipv4", "51.15.0.10"},
               {"__meta_scaleway_instance_public_ipv4_addresses", ",51.15.0.10,"},
               {"__meta_scaleway_instance_public_ipv6", "2001:bc8:630:1e1c::1"},
               {"__meta_scaleway_instance_public_ipv6_addresses", ",2001:db8::1,"},
               {"__meta_scaleway_instance_region", "fr-par"},
               {"__meta_scaleway_instance_security_group_id", "a6a7"},
               {"__meta_scaleway_instance_security_group_name", "Default security group"},
               {"__meta_scaleway_instance_status", "running"},
               {"__meta_scaleway_instance_tags", ",a,b,"},
               {"__meta_scaleway_instance_type", "DEV1-S"},
               {"__meta_scaleway_instance_zone", "fr-par-1"}});
  CHECK(targets[1] == Labels{{"__address__", "51.158.0.2:80"},
                             {"__meta_scaleway_instance_id", "two"},
                             {"__meta_scaleway_instance_name", "n"},
                             {"__meta_scaleway_instance_public_ipv4_addresses", ",51.158.0.2,"},
                             {"__meta_scaleway_instance_public_ipv6_addresses", ",2001:db8::2,"},
                             {"__meta_scaleway_instance_zone", "z"}});
  CHECK(refreshed.bad_entries == Names{"servers[1]: expected a string, got 5"});
}

TEST_CASE("instances of Scaleway are read page by page, with the filters", "[scaleway_sd]") {
  ScalewaySdConfig config;
  config.api_url = "http://s/";
  config.zone = "nl-ams-1";
  config.project_id = "p";
  config.name_filter = "a b";
  config.tags_filter = {"x", "y"};
  config.port = 9100;
  ScalewayPlan plan(config);
  std::vector<HttpRequest> asked;
  const Refreshed refreshed = FinishRound(plan, ServeInstances, &asked);
  const std::string url = "http://s/instance/v1/zones/nl-ams-1/servers?page=";
  CHECK(test::Urls(asked) == Names{url + "1&per_page=100&name=a%20b&tags=x%2Cy",
                                   url + "2&per_page=100&name=a%20b&tags=x%2Cy"});
  CHECK(Addresses(refreshed.groups) == Names{"10.70.60.57:9100", "51.158.0.2:9100"});
  // The next round begins anew.
  CHECK(FinishRound(plan, ServeInstances).groups == refreshed.groups);
}

HttpAnswer ServeBaremetal(const HttpRequest& request) {
  const bool second = request.url.find("page=2") != std::string::npos;
  if (request.url.find("/offers") != std::string::npos) {
    return PlanAnswer(second ? R"({"offers": [{"id": "o2", "name": "EM-B"}], "total_count": 2})"
                             : R"({"offers": [{"id": "o1", "name": "EM-A"}], "total_count": 2})");
  }
  if (request.url.find("/os") != std::string::npos) {
    return PlanAnswer(R"({"os": [{"id": "s1", "name": "Debian", "version": "12"}],
                          "total_count": 1})");
  }
  return PlanAnswer(R"({"total_count": 4, "servers": [
    {"id": "b1", "name": "metal", "status": "ready", "offer_id": "o2", "project_id": "p",
     "install": {"os_id": "s1", "hostname": "h"}, "tags": ["t"], "zone": "fr-par-2",
     "ips": [{"address": "2001:DB8::3", "version": "IPv6"},
             {"address": "51.159.0.3", "version": "IPv4"}]},
    {"id": "b2", "name": "six", "offer_id": "o9", "install": null, "zone": "fr-par-2",
     "ips": [{"address": "2001:db8::4", "version": "IPv6"}]},
    {"id": "b3", "ips": []},
    {"id": "b4", "ips": [{"address": "1.2.3.4", "version": "IPv5"}]}]})");
}

TEST_CASE("a bare-metal server of Scaleway has its labels", "[scaleway_sd]") {
  ScalewaySdConfig config;
  config.role = ScalewayRole::kBaremetal;
  config.project_id = "p";
  config.tags_filter = {"x", "y"};
  ScalewayPlan plan(config);
  std::vector<HttpRequest> asked;
  const Refreshed refreshed = FinishRound(plan, ServeBaremetal, &asked);
  const std::string url = "https://api.scaleway.com/baremetal/v1/zones/fr-par-1/";
  CHECK(test::Urls(asked) ==
        Names{url + "offers?page=1&page_size=100", url + "offers?page=2&page_size=100",
              url + "os?page=1&page_size=100",
              url + "servers?page=1&page_size=100&project_id=p&tags=x&tags=y"});
  CHECK(AllTargets(refreshed.groups) ==
        std::vector<Labels>{{{"__address__", "51.159.0.3:80"},
                             {"__meta_scaleway_baremetal_id", "b1"},
                             {"__meta_scaleway_baremetal_name", "metal"},
                             {"__meta_scaleway_baremetal_os_name", "Debian"},
                             {"__meta_scaleway_baremetal_os_version", "12"},
                             {"__meta_scaleway_baremetal_project_id", "p"},
                             {"__meta_scaleway_baremetal_public_ipv4", "51.159.0.3"},
                             {"__meta_scaleway_baremetal_public_ipv6", "2001:db8::3"},
                             {"__meta_scaleway_baremetal_status", "ready"},
                             {"__meta_scaleway_baremetal_tags", ",t,"},
                             {"__meta_scaleway_baremetal_type", "EM-B"},
                             {"__meta_scaleway_baremetal_zone", "fr-par-2"}},
                            {{"__address__", "[2001:db8::4]:80"},
                             {"__meta_scaleway_baremetal_id", "b2"},
                             {"__meta_scaleway_baremetal_name", "six"},
                             {"__meta_scaleway_baremetal_public_ipv6", "2001:db8::4"},
                             {"__meta_scaleway_baremetal_zone", "fr-par-2"}}});
  CHECK(refreshed.bad_entries == Names{"servers[3]: unknown IP version: IPv5"});
}

TEST_CASE("without a total the last page of Scaleway is one that is not full", "[scaleway_sd]") {
  std::string full;
  for (int i = 0; i < 100; ++i) full += (full.empty() ? "" : ",") + kPublicOnly;
  ScalewayPlan plan({});
  std::vector<HttpRequest> asked;
  const Refreshed refreshed = FinishRound(
      plan,
      [&](const HttpRequest& request) {
        const bool second = request.url.find("page=2") != std::string::npos;
        return PlanAnswer(Servers(second ? "" : full));
      },
      &asked);
  CHECK(asked.size() == 2);
  CHECK(Addresses(refreshed.groups).size() == 100);
}

TEST_CASE("answers of Scaleway that are none are failures", "[scaleway_sd]") {
  ScalewayPlan plan({});
  CHECK(PlanFailure(plan, {PlanAnswer("{}", 403)}) == "http://h/: server returned HTTP status 403");
  CHECK_THAT(PlanFailure(plan, {PlanAnswer("{")}), Catch::Contains("not valid JSON"));
  CHECK_THAT(PlanFailure(plan, {PlanAnswer(R"({"servers": 5})")}),
             Catch::Contains("expected a list"));
}

}  // namespace
}  // namespace sluice::scrape
