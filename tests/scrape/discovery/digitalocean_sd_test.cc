#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "plan_answers.h"
#include "polling_fixture.h"
#include "scrape/discovery/digitalocean/digitalocean_plan.h"

namespace sluice::scrape {
namespace {

using relabel::Labels;
using test::Addresses;
using test::AllTargets;
using test::FinishRound;
using test::PlanAnswer;
using test::PlanFailure;
using Names = std::vector<std::string>;

const std::string kDroplet = R"({
  "id": 3164444, "name": "example.com", "memory": 1024, "vcpus": 1, "disk": 25, "locked": false,
  "status": "active", "features": ["backups", "ipv6"],
  "image": {"id": 7555620, "name": "20.04 x64", "slug": "ubuntu-20-04-x64"},
  "size_slug": "s-1vcpu-1gb",
  "networks": {"v4": [{"ip_address": "10.128.192.124", "netmask": "255.255.0.0", "type": "private"},
                      {"ip_address": "192.241.165.154", "type": "public"},
                      {"ip_address": "192.241.165.155", "type": "public"}],
               "v6": [{"ip_address": "2604:a880:0:1010::18a:a001", "netmask": 64,
                       "type": "public"}]},
  "region": {"name": "New York 3", "slug": "nyc3"}, "tags": ["web", "env:prod"],
  "vpc_uuid": "760e09ef-dc84-11e8-981e-3cfdfeaae000"})";

std::string Page(const std::string& entries, bool more, const std::string& list = "droplets") {
  const std::string links =
      more ? R"({"pages": {"next": "https://elsewhere.example/?page=7", "last": "https://x/"}})"
           : R"({"pages": {"first": "https://x/?page=1", "prev": "https://x/?page=1"}})";
  return "{\"" + list + "\": [" + entries + "], \"links\": " + links +
         ", \"meta\": {\"total\": 2}}";
}

TEST_CASE("a droplet has its labels", "[digitalocean_sd]") {
  DigitalOceanPlan plan({});
  const Refreshed refreshed =
      FinishRound(plan, [](const HttpRequest&) { return PlanAnswer(Page(kDroplet, false)); });
  CHECK(AllTargets(refreshed.groups) ==
        std::vector<Labels>{{{"__address__", "192.241.165.154:80"},
                             {"__meta_digitalocean_droplet_id", "3164444"},
                             {"__meta_digitalocean_droplet_name", "example.com"},
                             {"__meta_digitalocean_features", ",backups,ipv6,"},
                             {"__meta_digitalocean_image", "ubuntu-20-04-x64"},
                             {"__meta_digitalocean_image_name", "20.04 x64"},
                             {"__meta_digitalocean_private_ipv4", "10.128.192.124"},
                             {"__meta_digitalocean_public_ipv4", "192.241.165.154"},
                             {"__meta_digitalocean_public_ipv6", "2604:a880:0:1010::18a:a001"},
                             {"__meta_digitalocean_region", "nyc3"},
                             {"__meta_digitalocean_size", "s-1vcpu-1gb"},
                             {"__meta_digitalocean_status", "active"},
                             {"__meta_digitalocean_tags", ",web,env:prod,"},
                             {"__meta_digitalocean_vpc", "760e09ef-dc84-11e8-981e-3cfdfeaae000"}}});
}

TEST_CASE("droplets are read page by page, by number", "[digitalocean_sd]") {
  DigitalOceanSdConfig config;
  config.port = 9100;
  DigitalOceanPlan plan(config);
  std::vector<HttpRequest> asked;
  const std::string private_only =
      R"({"id": 1, "image": null, "networks": {"v4": [{"ip_address": "10.0.0.9", "type": "private"}]},
          "features": [], "tags": null})";
  const std::string others =
      R"(, {"id": 2, "networks": {"v4": []}}, {"id": 3, "networks": null}, {"id": "x",
          "networks": {"v4": [{}]}})";
  const Refreshed refreshed = FinishRound(
      plan,
      [&](const HttpRequest& request) {
        const bool first = request.url.find("page=1") != std::string::npos;
        return PlanAnswer(Page(first ? kDroplet : private_only + others, first));
      },
      &asked);
  CHECK(test::Urls(asked) == Names{"https://api.digitalocean.com/v2/droplets?page=1&per_page=200",
                                   "https://api.digitalocean.com/v2/droplets?page=2&per_page=200"});
  CHECK(Addresses(refreshed.groups) == Names{"192.241.165.154:9100", ":9100"});
  CHECK(AllTargets(refreshed.groups).at(1) ==
        Labels{{"__address__", ":9100"},
               {"__meta_digitalocean_droplet_id", "1"},
               {"__meta_digitalocean_private_ipv4", "10.0.0.9"}});
  CHECK(refreshed.bad_entries == Names{"droplets[3]: expected a whole number, got \"x\""});
}

TEST_CASE("a managed database has its labels", "[digitalocean_sd]") {
  DigitalOceanSdConfig config;
  config.role = DigitalOceanRole::kDatabases;
  DigitalOceanPlan plan(config);
  std::vector<HttpRequest> asked;
  const std::string databases = R"(
    {"id": "9cc10173", "name": "backend", "engine": "pg", "version": "10", "status": "online",
     "region": "nyc3", "size": "db-s-2vcpu-4gb", "num_nodes": 2, "tags": ["production", "a-b:c"],
     "connection": {"host": "backend-do-user.db.example.com", "port": 25060},
     "private_connection": {"host": "private-backend.db.example.com", "port": 25060}},
    {"id": "b", "connection": {"host": "public.example.com"}, "private_connection": null},
    {"id": "c", "connection": null})";
  const Refreshed refreshed = FinishRound(
      plan,
      [&](const HttpRequest& request) {
        const bool first = request.url.find("page=1") != std::string::npos;
        return PlanAnswer(Page(first ? databases : "", true, "databases"));
      },
      &asked);
  CHECK(test::Urls(asked) ==
        Names{"https://api.digitalocean.com/v2/databases?page=1&per_page=200",
              "https://api.digitalocean.com/v2/databases?page=2&per_page=200"});
  CHECK(refreshed.groups.at(0).source == "DigitalOcean Databases");
  CHECK(AllTargets(refreshed.groups) ==
        std::vector<Labels>{
            {{"__address__", "private-backend.db.example.com:80"},
             {"__meta_digitalocean_db_engine", "pg"},
             {"__meta_digitalocean_db_host", "backend-do-user.db.example.com"},
             {"__meta_digitalocean_db_id", "9cc10173"},
             {"__meta_digitalocean_db_name", "backend"},
             {"__meta_digitalocean_db_num_nodes", "2"},
             {"__meta_digitalocean_db_private_host", "private-backend.db.example.com"},
             {"__meta_digitalocean_db_region", "nyc3"},
             {"__meta_digitalocean_db_size", "db-s-2vcpu-4gb"},
             {"__meta_digitalocean_db_status", "online"},
             {"__meta_digitalocean_db_tag_a-b:c", "true"},
             {"__meta_digitalocean_db_tag_production", "true"},
             {"__meta_digitalocean_db_version", "10"}},
            {{"__address__", "public.example.com:80"},
             {"__meta_digitalocean_db_host", "public.example.com"},
             {"__meta_digitalocean_db_id", "b"},
             {"__meta_digitalocean_db_num_nodes", "0"}},
            {{"__meta_digitalocean_db_id", "c"}, {"__meta_digitalocean_db_num_nodes", "0"}}});
}

TEST_CASE("answers of DigitalOcean that are none are failures", "[digitalocean_sd]") {
  DigitalOceanPlan plan({});
  CHECK(PlanFailure(plan, {PlanAnswer(R"({"id": "unauthorized"})", 401)}) ==
        "http://h/: server returned HTTP status 401");
  CHECK_THAT(PlanFailure(plan, {PlanAnswer("{")}), Catch::Contains("not valid JSON"));
  CHECK(PlanFailure(plan, {PlanAnswer("[]")}) == "http://h/: expected an object, got []");
  CHECK(PlanFailure(plan, {PlanAnswer(R"({"droplets": 5})")}) ==
        "http://h/: expected a list, got 5");
}

}  // namespace
}  // namespace sluice::scrape
