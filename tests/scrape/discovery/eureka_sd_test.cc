#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "plan_answers.h"
#include "polling_fixture.h"
#include "scrape/discovery/eureka/eureka_plan.h"

namespace sluice::scrape {
namespace {

using relabel::Labels;
using test::Addresses;
using test::AllTargets;
using test::FinishRound;
using test::PlanAnswer;
using test::PlanFailure;
using Names = std::vector<std::string>;

// As Netflix's server answers, without what nobody reads.
const std::string kInstance = R"(<instance>
  <instanceId>meta-service002.test.com:meta-service:8080</instanceId>
  <hostName>meta-service002.test.com</hostName>
  <app>META-SERVICE</app>
  <ipAddr>192.133.87.237</ipAddr>
  <status>UP</status>
  <overriddenstatus>UNKNOWN</overriddenstatus>
  <port enabled="true">8080</port>
  <securePort enabled="false">443</securePort>
  <countryId>1</countryId>
  <dataCenterInfo class="com.netflix.appinfo.InstanceInfo$DefaultDataCenterInfo">
    <name>MyOwn</name>
    <metadata><zone-id>a</zone-id></metadata>
  </dataCenterInfo>
  <leaseInfo><renewalIntervalInSecs>30</renewalIntervalInSecs></leaseInfo>
  <metadata class="java.util.Collections$EmptyMap">
    <project>meta-service</project>
    <management.port>8090</management.port>
    <raw>a &amp; <b>c</b></raw>
    <empty/>
  </metadata>
  <homePageUrl>http://meta-service002.test.com:8080/</homePageUrl>
  <statusPageUrl>http://meta-service002.test.com:8080/info?a=1&amp;b=2</statusPageUrl>
  <healthCheckUrl>http://meta-service002.test.com:8080/health</healthCheckUrl>
  <vipAddress>meta-service</vipAddress>
  <secureVipAddress>meta-service</secureVipAddress>
  <isCoordinatingDiscoveryServer>false</isCoordinatingDiscoveryServer>
  <actionType>ADDED</actionType>
</instance>)";

std::string Apps(const std::string& instances) {
  return "<applications><versions__delta>1</versions__delta><apps__hashcode>UP_4_</apps__hashcode>"
         "<application><name>META-SERVICE</name>" +
         instances + "</application></applications>";
}

Refreshed Read(const std::string& body) {
  EurekaSdConfig config;
  config.server = "http://e:8761/eureka";
  EurekaPlan plan(config);
  std::vector<HttpRequest> asked;
  Refreshed refreshed = FinishRound(
      plan, [&](const HttpRequest&) { return PlanAnswer(body); }, &asked);
  CHECK(test::Urls(asked) == Names{"http://e:8761/eureka/apps"});
  return refreshed;
}

TEST_CASE("an instance of a Eureka application has its labels", "[eureka_sd]") {
  const std::string prefix = "__meta_eureka_app_instance_";
  CHECK(AllTargets(Read(Apps(kInstance)).groups) ==
        std::vector<Labels>{
            {{"__address__", "meta-service002.test.com:8080"},
             {prefix + "country_id", "1"},
             {prefix + "datacenterinfo_metadata_zone_id", "a"},
             {prefix + "datacenterinfo_name", "MyOwn"},
             {prefix + "healthcheck_url", "http://meta-service002.test.com:8080/health"},
             {prefix + "homepage_url", "http://meta-service002.test.com:8080/"},
             {prefix + "hostname", "meta-service002.test.com"},
             {prefix + "id", "meta-service002.test.com:meta-service:8080"},
             {prefix + "ip_addr", "192.133.87.237"},
             {prefix + "metadata_management_port", "8090"},
             {prefix + "metadata_project", "meta-service"},
             {prefix + "metadata_raw", "a &amp; <b>c</b>"},
             {prefix + "port", "8080"},
             {prefix + "port_enabled", "true"},
             {prefix + "secure_port", "443"},
             {prefix + "secure_port_enabled", "false"},
             {prefix + "secure_vip_address", "meta-service"},
             {prefix + "status", "UP"},
             {prefix + "statuspage_url", "http://meta-service002.test.com:8080/info?a=1&b=2"},
             {prefix + "vip_address", "meta-service"},
             {"__meta_eureka_app_name", "META-SERVICE"},
             {"instance", "meta-service002.test.com:meta-service:8080"}}});
}

TEST_CASE("an instance that lacks all has the port 80 and no instance", "[eureka_sd]") {
  CHECK(AllTargets(Read(Apps("<instance><hostName>::1</hostName></instance>")).groups) ==
        std::vector<Labels>{{{"__address__", "[::1]:80"},
                             {"__meta_eureka_app_instance_country_id", "0"},
                             {"__meta_eureka_app_instance_hostname", "::1"},
                             {"__meta_eureka_app_name", "META-SERVICE"}}});
  CHECK(Read("<applications/>").groups.at(0).targets.empty());
  CHECK(Read(Apps("")).groups.at(0).targets.empty());
}

TEST_CASE("an instance of Eureka with a mistake costs only itself", "[eureka_sd]") {
  const Refreshed refreshed = Read(
      Apps("<instance><hostName>a</hostName><port enabled='1'> +8 </port></instance>"
           "<instance><instanceId>b</instanceId><port>x</port></instance>"
           "<instance><instanceId>c</instanceId><securePort enabled='yes'>1</securePort></instance>"
           "<instance><instanceId>d</instanceId><countryId>1.5</countryId></instance>"));
  CHECK(Addresses(refreshed.groups) == Names{"a:8"});
  CHECK(refreshed.bad_entries ==
        Names{"META-SERVICE: b: port: expected a whole number, got \"x\"",
              "META-SERVICE: c: securePort: expected true or false, got \"yes\"",
              "META-SERVICE: d: countryId: expected a whole number, got \"1.5\""});
}

TEST_CASE("answers of Eureka that are none are failures", "[eureka_sd]") {
  EurekaPlan plan({});
  CHECK(PlanFailure(plan, {PlanAnswer("", 401)}) == "http://h/: server returned HTTP status 401");
  CHECK_THAT(PlanFailure(plan, {PlanAnswer("{\"applications\": {}}")}),
             Catch::StartsWith("http://h/: not valid XML"));
  CHECK_THAT(PlanFailure(plan, {PlanAnswer(Apps("<instance>"))}), Catch::Contains("mismatched"));
}

}  // namespace
}  // namespace sluice::scrape
