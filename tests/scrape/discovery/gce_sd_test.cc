#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "plan_answers.h"
#include "scrape/discovery/gce/gce_plan.h"

namespace sluice::scrape {
namespace {

using relabel::Labels;
using test::Addresses;
using test::AllTargets;
using test::FinishRound;
using test::PlanAnswer;
using test::PlanFailure;
using test::RunRound;
using Names = std::vector<std::string>;

const std::string kInstance = R"({"id": "18446744073709551615", "name": "web-1",
  "status": "RUNNING", "zone": "https://www.googleapis.com/compute/v1/projects/p/zones/z",
  "machineType": "https://www.googleapis.com/compute/v1/projects/p/zones/z/machineTypes/n1",
  "tags": {"items": ["http", "https"], "fingerprint": "x"},
  "metadata": {"items": [{"key": "startup-script", "value": "a"}, {"key": "no-value"}]},
  "labels": {"env-of": "prod"},
  "networkInterfaces": [
    {"name": "nic0", "network": "https://n/global/networks/default",
     "subnetwork": "https://n/regions/r/subnetworks/default", "networkIP": "10.128.0.2",
     "accessConfigs": [{"type": "ONE_TO_ONE_NAT", "natIP": "35.1.2.3"}]},
    {"name": "nic-1", "networkIP": "10.129.0.2"}]})";
const std::string kBare = R"({"id": 7, "name": "bare", "status": "TERMINATED",
  "networkInterfaces": [{"name": "nic0", "networkIP": "10.128.0.3",
                         "accessConfigs": [{"type": "OTHER", "natIP": "35.1.2.4"}]}]})";

std::string Page(const std::string& entries, const std::string& next = "") {
  return R"({"kind": "compute#instanceList", "items": [)" + entries + "]" +
         (next.empty() ? "" : R"(, "nextPageToken": ")" + next + "\"") + "}";
}

HttpAnswer Serve(const HttpRequest& request) {
  if (request.url.find("pageToken=n%2F1") == std::string::npos) {
    return PlanAnswer(Page(kInstance + R"(, {"name": "no-nic"}, {"networkInterfaces": 5})", "n/1"));
  }
  return PlanAnswer(Page(kBare));
}

GceSdConfig Config() {
  GceSdConfig config;
  config.project = "p";
  config.zone = "z";
  return config;
}

TEST_CASE("an instance of GCE has its labels", "[gce_sd]") {
  GcePlan plan(Config());
  const Refreshed refreshed = FinishRound(plan, Serve);
  CHECK(refreshed.groups.front().source == "GCE_p_z");
  CHECK(AllTargets(refreshed.groups) ==
        std::vector<Labels>{
            {{"__address__", "10.128.0.2:80"},
             {"__meta_gce_instance_id", "18446744073709551615"},
             {"__meta_gce_instance_name", "web-1"},
             {"__meta_gce_instance_status", "RUNNING"},
             {"__meta_gce_interface_ipv4_nic0", "10.128.0.2"},
             {"__meta_gce_interface_ipv4_nic_1", "10.129.0.2"},
             {"__meta_gce_label_env_of", "prod"},
             {"__meta_gce_machine_type",
              "https://www.googleapis.com/compute/v1/projects/p/zones/z/machineTypes/n1"},
             {"__meta_gce_metadata_startup_script", "a"},
             {"__meta_gce_network", "https://n/global/networks/default"},
             {"__meta_gce_private_ip", "10.128.0.2"},
             {"__meta_gce_project", "p"},
             {"__meta_gce_public_ip", "35.1.2.3"},
             {"__meta_gce_subnetwork", "https://n/regions/r/subnetworks/default"},
             {"__meta_gce_tags", ",http,https,"},
             {"__meta_gce_zone", "https://www.googleapis.com/compute/v1/projects/p/zones/z"}},
            {{"__address__", "10.128.0.3:80"},
             {"__meta_gce_instance_id", "7"},
             {"__meta_gce_instance_name", "bare"},
             {"__meta_gce_instance_status", "TERMINATED"},
             {"__meta_gce_interface_ipv4_nic0", "10.128.0.3"},
             {"__meta_gce_private_ip", "10.128.0.3"},
             {"__meta_gce_project", "p"}}});
  CHECK(refreshed.bad_entries == Names{"items[2]: expected a list, got 5"});
}

TEST_CASE("instances of GCE are read page by page, with the filter", "[gce_sd]") {
  GceSdConfig config = Config();
  config.project = "example.com:p";
  config.filter = "name = \"web*\"";
  config.port = 9100;
  config.tag_separator = ";";
  GcePlan plan(config);
  std::vector<HttpRequest> asked;
  const Refreshed refreshed = FinishRound(plan, Serve, &asked);
  const std::string url =
      "https://compute.googleapis.com/compute/v1/projects/example.com%3Ap/zones/z/instances"
      "?filter=name%20%3D%20%22web%2A%22";
  CHECK(test::Urls(asked) == Names{url, url + "&pageToken=n%2F1"});
  CHECK(Addresses(refreshed.groups) == Names{"10.128.0.2:9100", "10.128.0.3:9100"});
  CHECK(AllTargets(refreshed.groups)[0].Get("__meta_gce_tags") == ";http;https;");
  // The next round begins anew.
  CHECK(FinishRound(plan, Serve).groups == refreshed.groups);
}

TEST_CASE("answers of GCE that are none are failures", "[gce_sd]") {
  GcePlan plan(Config());
  CHECK(PlanFailure(plan, {PlanAnswer("{}", 403)}) == "http://h/: server returned HTTP status 403");
  CHECK_THAT(PlanFailure(plan, {PlanAnswer("{")}), Catch::Contains("not valid JSON"));
  CHECK_THAT(PlanFailure(plan, {PlanAnswer(R"({"items": {}})")}),
             Catch::Contains("expected a list"));
  const auto refreshed =
      RunRound(plan, [](const HttpRequest&) { return PlanAnswer(Page("", "again")); });
  REQUIRE_FALSE(refreshed.ok());
  CHECK_THAT(refreshed.error().message, Catch::EndsWith("the page after it is the same"));
  // A zone without instances has no list of them.
  CHECK(AllTargets(FinishRound(plan, [](const HttpRequest&) { return PlanAnswer("{}"); }).groups)
            .empty());
}

}  // namespace
}  // namespace sluice::scrape
