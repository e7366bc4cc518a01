#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "plan_answers.h"
#include "polling_fixture.h"
#include "scrape/discovery/vultr/vultr_plan.h"

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

std::string Page(const std::string& entries, const std::string& next) {
  return "{\"instances\": [" + entries + R"(], "meta": {"total": 3, "links": {"next": ")" + next +
         R"(", "prev": ""}}})";
}

const std::string kInstance = R"({"id": "dbdbd38c", "os": "CentOS SELinux 8 x64", "ram": 2048,
  "disk": 55, "main_ip": "149.28.234.27", "vcpu_count": 1, "region": "atl", "plan": "vc2-1c-2gb",
  "date_created": "2021-11-22T00:56:25+00:00", "status": "active", "allowed_bandwidth": 2,
  "server_status": "ok", "v6_main_ip": "2001:19f0::1", "label": "a-label",
  "internal_ip": "10.0.0.3", "hostname": "a-hostname", "os_id": 362,
  "features": ["ipv6", "backups"], "tags": ["t"]})";

HttpAnswer Serve(const HttpRequest& request) {
  if (request.url.find("cursor=bmV4dA%3D%3D") == std::string::npos) {
    return PlanAnswer(Page(kInstance + R"(, {"id": 5})", "bmV4dA=="));
  }
  return PlanAnswer(
      Page(R"({"id": "two", "main_ip": "1.2.3.4", "features": [], "tags": null})", ""));
}

TEST_CASE("an instance of Vultr has its labels", "[vultr_sd]") {
  VultrPlan plan({});
  const std::vector<Labels> targets = AllTargets(FinishRound(plan, Serve).groups);
  REQUIRE(targets.size() == 2);
  CHECK(targets[0] == Labels{{"__address__", "149.28.234.27:80"},
                             {"__meta_vultr_instance_allowed_bandwidth_gb", "2"},
                             {"__meta_vultr_instance_disk_gb", "55"},
                             {"__meta_vultr_instance_features", ",ipv6,backups,"},
                             {"__meta_vultr_instance_hostname", "a-hostname"},
                             {"__meta_vultr_instance_id", "dbdbd38c"},
                             {"__meta_vultr_instance_internal_ip", "10.0.0.3"},
                             {"__meta_vultr_instance_label", "a-label"},
                             {"__meta_vultr_instance_main_ip", "149.28.234.27"},
                             {"__meta_vultr_instance_main_ipv6", "2001:19f0::1"},
                             {"__meta_vultr_instance_os", "CentOS SELinux 8 x64"},
                             {"__meta_vultr_instance_os_id", "362"},
                             {"__meta_vultr_instance_plan", "vc2-1c-2gb"},
                             {"__meta_vultr_instance_ram_mb", "2048"},
                             {"__meta_vultr_instance_region", "atl"},
                             {"__meta_vultr_instance_server_status", "ok"},
                             {"__meta_vultr_instance_tags", ",t,"},
                             {"__meta_vultr_instance_vcpu_count", "1"}});
  CHECK(targets[1] == Labels{{"__address__", "1.2.3.4:80"},
                             {"__meta_vultr_instance_allowed_bandwidth_gb", "0"},
                             {"__meta_vultr_instance_disk_gb", "0"},
                             {"__meta_vultr_instance_id", "two"},
                             {"__meta_vultr_instance_main_ip", "1.2.3.4"},
                             {"__meta_vultr_instance_os_id", "0"},
                             {"__meta_vultr_instance_ram_mb", "0"},
                             {"__meta_vultr_instance_vcpu_count", "0"}});
}

TEST_CASE("instances of Vultr are read page by page", "[vultr_sd]") {
  VultrSdConfig config;
  config.port = 9100;
  VultrPlan plan(config);
  std::vector<HttpRequest> asked;
  const Refreshed refreshed = FinishRound(plan, Serve, &asked);
  CHECK(test::Urls(asked) ==
        Names{"https://api.vultr.com/v2/instances?per_page=100",
              "https://api.vultr.com/v2/instances?per_page=100&cursor=bmV4dA%3D%3D"});
  CHECK(Addresses(refreshed.groups) == Names{"149.28.234.27:9100", "1.2.3.4:9100"});
  CHECK(refreshed.bad_entries == Names{"instances[1]: expected a string, got 5"});
  // The next round begins anew.
  CHECK(FinishRound(plan, Serve).groups == refreshed.groups);
}

TEST_CASE("answers of Vultr that are none are failures", "[vultr_sd]") {
  VultrPlan plan({});
  CHECK(PlanFailure(plan, {PlanAnswer("{}", 401)}) == "http://h/: server returned HTTP status 401");
  CHECK_THAT(PlanFailure(plan, {PlanAnswer("{")}), Catch::Contains("not valid JSON"));
  const auto refreshed =
      RunRound(plan, [](const HttpRequest&) { return PlanAnswer(Page("", "again")); });
  REQUIRE_FALSE(refreshed.ok());
  CHECK_THAT(refreshed.error().message, Catch::EndsWith("the page after it is the same"));
}

TEST_CASE_METHOD(test::PollingFixture, "Vultr is asked with the token", "[vultr_sd]") {
  server.SetScript([](const ScriptedRequest& request) {
    HttpRequest asked;
    asked.url = request.target;
    return test::Json(Serve(asked).body);
  });
  HttpClientConfig http;
  http.authorization.emplace();
  http.authorization->credentials = Secret("t0ken");
  VultrSdConfig config;
  config.api_url = server.Url("");
  config.client = std::make_shared<const HttpClient>(std::move(http));
  Start(config);
  REQUIRE(sink.WaitFor({"149.28.234.27:80", "1.2.3.4:80"}));
  CHECK(server.requests().at(1).headers.at("authorization") == "Bearer t0ken");
}

}  // namespace
}  // namespace sluice::scrape
