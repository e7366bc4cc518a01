#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "plan_answers.h"
#include "polling_fixture.h"
#include "scrape/discovery/lightsail/lightsail_plan.h"

namespace sluice::scrape {
namespace {

using relabel::Labels;
using test::Addresses;
using test::AllTargets;
using test::FinishRound;
using test::PlanAnswer;
using test::RunRound;
using test::ScriptedRequest;
using Names = std::vector<std::string>;

const std::string kInstance = R"({"name": "WordPress-1", "supportCode": "6EXAMPLE/i-0EXAMPLE",
  "location": {"availabilityZone": "us-west-2a", "regionName": "us-west-2"},
  "blueprintId": "wordpress", "bundleId": "nano_2_0", "state": {"code": 16, "name": "running"},
  "privateIpAddress": "172.26.10.20", "publicIpAddress": "192.0.2.0",
  "ipv6Addresses": ["2001:db8::1", "2001:db8::2"],
  "tags": [{"key": "a-b", "value": "c"}, {"key": "only-key"}]})";

HttpAnswer Serve(const HttpRequest& request) {
  if (*request.body == "{}") {
    return PlanAnswer("{\"instances\": [" + kInstance + R"(, {"name": "no-ip"}, {"name": 5,
      "privateIpAddress": "x"}], "nextPageToken": "n\"1"})");
  }
  CHECK(*request.body == R"({"pageToken":"n\"1"})");
  return PlanAnswer(R"({"instances": [{"name": "bare", "privateIpAddress": "172.26.10.21"}]})");
}

LightsailSdConfig Config(const std::string& region) {
  HttpClientConfig http;
  http.aws.emplace();
  http.aws->region = region;
  http.aws->access_key = "key";
  http.aws->secret_key = Secret("secret");
  http.aws->service = "lightsail";
  LightsailSdConfig config;
  config.client = std::make_shared<const HttpClient>(std::move(http));
  return config;
}

TEST_CASE("an instance of Lightsail has its labels", "[lightsail_sd]") {
  LightsailPlan plan(Config("us-west-2"), {});
  std::vector<HttpRequest> asked;
  const Refreshed refreshed = FinishRound(plan, Serve, &asked);
  REQUIRE(asked.size() == 2);
  CHECK(asked[0].method == "POST");
  CHECK(asked[0].url == "https://lightsail.us-west-2.amazonaws.com/");
  CHECK(asked[0].headers == std::vector<std::pair<std::string, std::string>>{
                                {"Content-Type", "application/x-amz-json-1.1"},
                                {"X-Amz-Target", "Lightsail_20161128.GetInstances"}});
  CHECK(AllTargets(refreshed.groups) ==
        std::vector<Labels>{{{"__address__", "172.26.10.20:80"},
                             {"__meta_lightsail_availability_zone", "us-west-2a"},
                             {"__meta_lightsail_blueprint_id", "wordpress"},
                             {"__meta_lightsail_bundle_id", "nano_2_0"},
                             {"__meta_lightsail_instance_name", "WordPress-1"},
                             {"__meta_lightsail_instance_state", "running"},
                             {"__meta_lightsail_instance_support_code", "6EXAMPLE/i-0EXAMPLE"},
                             {"__meta_lightsail_ipv6_addresses", ",2001:db8::1,2001:db8::2,"},
                             {"__meta_lightsail_private_ip", "172.26.10.20"},
                             {"__meta_lightsail_public_ip", "192.0.2.0"},
                             {"__meta_lightsail_region", "us-west-2"},
                             {"__meta_lightsail_tag_a_b", "c"}},
                            {{"__address__", "172.26.10.21:80"},
                             {"__meta_lightsail_instance_name", "bare"},
                             {"__meta_lightsail_private_ip", "172.26.10.21"},
                             {"__meta_lightsail_region", "us-west-2"}}});
  CHECK(refreshed.bad_entries == Names{"instances[2]: expected a string, got 5"});
  // The next round begins anew.
  CHECK(FinishRound(plan, Serve).groups == refreshed.groups);
}

TEST_CASE("the region of Lightsail may be that of the environment", "[lightsail_sd]") {
  LightsailPlan plan(Config(""), {{"AWS_REGION", "eu-central-1"}});
  CHECK(test::Begun(plan).at(0).url == "https://lightsail.eu-central-1.amazonaws.com/");
}

TEST_CASE("answers of Lightsail that are none are failures", "[lightsail_sd]") {
  for (const auto& [bad, message] : std::vector<std::pair<HttpAnswer, std::string>>{
           {PlanAnswer(R"({"__type": "UnrecognizedClientException", "message": "bad token"})", 400),
            "server returned HTTP status 400: UnrecognizedClientException: bad token"},
           {PlanAnswer("oops", 503), "server returned HTTP status 503"},
           {PlanAnswer("{"), "not valid JSON"},
           {PlanAnswer(R"({"instances": 5})"), "expected a list"},
           {PlanAnswer(R"({"nextPageToken": "n\"1"})"), "the page after it is the same"}}) {
    LightsailPlan plan(Config("r"), {});
    const auto refreshed = RunRound(plan, [&](const HttpRequest& request) {
      return *request.body == "{}" ? Serve(request) : bad;
    });
    REQUIRE_FALSE(refreshed.ok());
    CHECK_THAT(refreshed.error().message, Catch::Contains(message));
  }
}

TEST_CASE_METHOD(test::PollingFixture, "Lightsail is asked by signed requests", "[lightsail_sd]") {
  server.SetScript([](const ScriptedRequest& request) {
    HttpRequest asked;
    asked.body = std::make_shared<const std::string>(request.body);
    return test::Json(Serve(asked).body);
  });
  LightsailSdConfig config = Config("us-west-2");
  config.endpoint = server.Url("");
  Start(config);
  REQUIRE(sink.WaitFor({"172.26.10.20:80", "172.26.10.21:80"}));
  CHECK_THAT(server.requests().at(1).headers.at("authorization"),
             Catch::StartsWith("AWS4-HMAC-SHA256 Credential=key/") &&
                 Catch::Contains("/us-west-2/lightsail/aws4_request"));
}

}  // namespace
}  // namespace sluice::scrape
