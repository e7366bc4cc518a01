#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "plan_answers.h"
#include "polling_fixture.h"
#include "scrape/discovery/ec2/ec2_plan.h"

namespace sluice::scrape {
namespace {

using relabel::Labels;
using test::Addresses;
using test::AllTargets;
using test::FinishRound;
using test::PlanAnswer;
using test::RunRound;
using test::ScriptedRequest;
using test::ScriptedResponse;
using Names = std::vector<std::string>;

std::string Page(const std::string& reservations, const std::string& next = "") {
  return R"(<?xml version="1.0" encoding="UTF-8"?>
<DescribeInstancesResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/">
  <requestId>8f7724cf</requestId><reservationSet>)" +
         reservations + "</reservationSet>" +
         (next.empty() ? "" : "<nextToken>" + next + "</nextToken>") +
         "</DescribeInstancesResponse>";
}

std::string Reservation(const std::string& instances) {
  return "<item><reservationId>r</reservationId><ownerId>123456789012</ownerId><instancesSet>" +
         instances + "</instancesSet></item>";
}

const std::string kInstance = R"(<item>
  <instanceId>i-1234567890abcdef0</instanceId><imageId>ami-bff32ccc</imageId>
  <instanceState><code>16</code><name>running</name></instanceState>
  <privateDnsName>ip-192-168-1-88.eu-west-1.compute.internal</privateDnsName>
  <dnsName>ec2-54-194-252-215.eu-west-1.compute.amazonaws.com</dnsName>
  <instanceType>t2.micro</instanceType><launchTime>2018-05-08T16:46:19.000Z</launchTime>
  <placement><availabilityZone>eu-west-1c</availabilityZone><tenancy>default</tenancy></placement>
  <platform>windows</platform><subnetId>subnet-1</subnetId><vpcId>vpc-1</vpcId>
  <privateIpAddress>192.168.1.88</privateIpAddress><ipAddress>54.194.252.215</ipAddress>
  <architecture>x86_64</architecture><instanceLifecycle>spot</instanceLifecycle>
  <tagSet><item><key>Name</key><value>Server_1</value></item>
          <item><key>aws:x/y</key><value>a &amp; b</value></item>
          <item><value>without a key</value></item></tagSet>
  <networkInterfaceSet>
    <item><attachment><deviceIndex>3</deviceIndex></attachment><subnetId>subnet-2</subnetId>
      <ipv6AddressesSet><item><ipv6Address>2001:db8:2::1:1</ipv6Address>
        <isPrimaryIpv6>false</isPrimaryIpv6></item></ipv6AddressesSet></item>
    <item><attachment><deviceIndex>1</deviceIndex></attachment><subnetId>subnet-2</subnetId>
      <ipv6AddressesSet>
        <item><ipv6Address>2001:db8:2::2:1</ipv6Address></item>
        <item><ipv6Address>2001:db8:2::2:2</ipv6Address><isPrimaryIpv6>true</isPrimaryIpv6></item>
      </ipv6AddressesSet></item>
    <item><attachment><deviceIndex>3</deviceIndex></attachment><subnetId>subnet-1</subnetId>
      <ipv6AddressesSet><item><ipv6Address>2001:db8:2::3:1</ipv6Address>
        <isPrimaryIpv6>true</isPrimaryIpv6></item></ipv6AddressesSet></item>
    <item><ipv6AddressesSet><item><ipv6Address>2001:db8:1::1</ipv6Address>
        <isPrimaryIpv6>true</isPrimaryIpv6></item></ipv6AddressesSet></item>
  </networkInterfaceSet></item>)";
// Outside of a VPC, with nothing that may be absent.
const std::string kBare = R"(<item><instanceId>i-bare</instanceId><instanceState/>
  <dnsName>not-public</dnsName><privateIpAddress>10.0.0.2</privateIpAddress>
  <placement><availabilityZone>eu-west-1x</availabilityZone></placement></item>)";
const std::string kIpv6Only = R"(<item><instanceId>i-six</instanceId><vpcId>vpc-1</vpcId>
  <networkInterfaceSet><item><subnetId>subnet-2</subnetId><ipv6AddressesSet>
    <item><ipv6Address>2001:db8::6</ipv6Address></item></ipv6AddressesSet></item>
  </networkInterfaceSet></item>)";
const std::string kNoAddress = "<item><instanceId>i-none</instanceId></item>";
const std::string kBad = R"(<item><instanceId>i-bad</instanceId><vpcId>v</vpcId>
  <networkInterfaceSet><item><attachment><deviceIndex>1000000000</deviceIndex></attachment>
    <subnetId>s</subnetId><ipv6AddressesSet><item><ipv6Address>2001:db8::7</ipv6Address>
    <isPrimaryIpv6>true</isPrimaryIpv6></item></ipv6AddressesSet></item></networkInterfaceSet>
  </item>)";

const std::string kZones = R"(<DescribeAvailabilityZonesResponse><availabilityZoneInfo>
  <item><zoneName>eu-west-1a</zoneName><zoneId>euw1-az2</zoneId></item>
  <item><zoneName>eu-west-1c</zoneName><zoneId>euw1-az1</zoneId></item>
  </availabilityZoneInfo></DescribeAvailabilityZonesResponse>)";
const std::string kRefused = R"(<Response><Errors><Error><Code>AuthFailure</Code>
  <Message>AWS was not able to validate the provided access credentials</Message></Error></Errors>
  <RequestID>x</RequestID></Response>)";

std::string Answer(const std::string& form) {
  if (form.find("DescribeAvailabilityZones") != std::string::npos) return kZones;
  if (form.find("NextToken=n%2F1") != std::string::npos) {
    return Page(Reservation(kIpv6Only + kNoAddress + kBad));
  }
  return Page(Reservation(kInstance) + Reservation(kBare), "n/1");
}

HttpAnswer Serve(const HttpRequest& request) { return PlanAnswer(Answer(*request.body)); }

Ec2SdConfig Config(const std::string& region = "eu-west-1") {
  HttpClientConfig http;
  http.aws.emplace();
  http.aws->region = region;
  http.aws->access_key = "key";
  http.aws->secret_key = Secret("secret");
  http.aws->service = "ec2";
  Ec2SdConfig config;
  config.client = std::make_shared<const HttpClient>(std::move(http));
  return config;
}

TEST_CASE("an instance of EC2 has its labels", "[ec2_sd]") {
  Ec2Plan plan(Config(), {});
  const Refreshed refreshed = FinishRound(plan, Serve);
  CHECK(refreshed.groups.front().source == "eu-west-1");
  const std::vector<Labels> targets = AllTargets(refreshed.groups);
  REQUIRE(targets.size() == 3);
  CHECK(targets[0] ==
        Labels{{"__address__", "192.168.1.88:80"},
               {"__meta_ec2_ami", "ami-bff32ccc"},
               {"__meta_ec2_architecture", "x86_64"},
               {"__meta_ec2_availability_zone", "eu-west-1c"},
               {"__meta_ec2_availability_zone_id", "euw1-az1"},
               {"__meta_ec2_default_ipv6_address", "2001:db8:2::2:2"},
               {"__meta_ec2_instance_id", "i-1234567890abcdef0"},
               {"__meta_ec2_instance_lifecycle", "spot"},
               {"__meta_ec2_instance_state", "running"},
               {"__meta_ec2_instance_type", "t2.micro"},
               {"__meta_ec2_ipv6_addresses",
                ",2001:db8:2::1:1,2001:db8:2::2:1,2001:db8:2::2:2,2001:db8:2::3:1,"},
               {"__meta_ec2_owner_id", "123456789012"},
               {"__meta_ec2_platform", "windows"},
               {"__meta_ec2_primary_ipv6_addresses", ",,2001:db8:2::2:2,,2001:db8:2::3:1,"},
               {"__meta_ec2_primary_subnet_id", "subnet-1"},
               {"__meta_ec2_private_dns_name", "ip-192-168-1-88.eu-west-1.compute.internal"},
               {"__meta_ec2_private_ip", "192.168.1.88"},
               {"__meta_ec2_public_dns_name", "ec2-54-194-252-215.eu-west-1.compute.amazonaws.com"},
               {"__meta_ec2_public_ip", "54.194.252.215"},
               {"__meta_ec2_region", "eu-west-1"},
               {"__meta_ec2_subnet_id", ",subnet-2,subnet-1,"},
               {"__meta_ec2_tag_Name", "Server_1"},
               {"__meta_ec2_tag_aws_x_y", "a & b"},
               {"__meta_ec2_vpc_id", "vpc-1"}});
  CHECK(targets[1] == Labels{{"__address__", "10.0.0.2:80"},
                             {"__meta_ec2_availability_zone", "eu-west-1x"},
                             {"__meta_ec2_instance_id", "i-bare"},
                             {"__meta_ec2_owner_id", "123456789012"},
                             {"__meta_ec2_private_ip", "10.0.0.2"},
                             {"__meta_ec2_region", "eu-west-1"}});
  CHECK(targets[2] == Labels{{"__address__", "[2001:db8::6]:80"},
                             {"__meta_ec2_default_ipv6_address", "2001:db8::6"},
                             {"__meta_ec2_instance_id", "i-six"},
                             {"__meta_ec2_ipv6_addresses", ",2001:db8::6,"},
                             {"__meta_ec2_owner_id", "123456789012"},
                             {"__meta_ec2_region", "eu-west-1"},
                             {"__meta_ec2_subnet_id", ",subnet-2,"},
                             {"__meta_ec2_vpc_id", "vpc-1"}});
  CHECK(refreshed.bad_entries == Names{"i-bad: deviceIndex: too large"});
}

TEST_CASE("instances of EC2 are read page by page, with the filters", "[ec2_sd]") {
  Ec2SdConfig config = Config();
  config.port = 9100;
  config.filters = {{"tag:env", {"prod", "a b"}}, {"instance-state-name", {"running"}}};
  Ec2Plan plan(config, {});
  std::vector<HttpRequest> asked;
  const Refreshed refreshed = FinishRound(plan, Serve, &asked);
  const std::string form =
      "Action=DescribeInstances&Version=2016-11-15&MaxResults=1000&Filter.1.Name=tag%3Aenv&"
      "Filter.1.Value.1=prod&Filter.1.Value.2=a%20b&Filter.2.Name=instance-state-name&"
      "Filter.2.Value.1=running";
  REQUIRE(asked.size() == 3);
  CHECK(asked[0].method == "POST");
  CHECK(asked[0].url == "https://ec2.eu-west-1.amazonaws.com/");
  CHECK(*asked[0].body == form);
  CHECK(*asked[1].body == "Action=DescribeAvailabilityZones&Version=2016-11-15");
  CHECK(*asked[2].body == form + "&NextToken=n%2F1");
  CHECK(Addresses(refreshed.groups) ==
        Names{"192.168.1.88:9100", "10.0.0.2:9100", "[2001:db8::6]:9100"});
  // The next round begins anew, but for the zones.
  asked.clear();
  CHECK(FinishRound(plan, Serve, &asked).groups == refreshed.groups);
  CHECK(asked.size() == 2);
}

TEST_CASE("without the availability zones EC2 has its instances", "[ec2_sd]") {
  Ec2Plan plan(Config(), {});
  bool refused = true;
  const auto serve = [&](const HttpRequest& request) {
    const bool zones = request.body->find("Zones") != std::string::npos;
    return zones && refused ? PlanAnswer(kRefused, 403) : Serve(request);
  };
  const Refreshed without = FinishRound(plan, serve);
  CHECK(AllTargets(without.groups).at(0).Get("__meta_ec2_availability_zone_id").empty());
  CHECK_THAT(without.bad_entries.at(0), Catch::StartsWith("availability zones: ") &&
                                            Catch::Contains("HTTP status 403: AuthFailure: AWS"));
  refused = false;
  CHECK(AllTargets(FinishRound(plan, serve).groups).at(0).Get("__meta_ec2_availability_zone_id") ==
        "euw1-az1");
}

TEST_CASE("a region that is not configured is found, once", "[ec2_sd]") {
  Ec2Plan of_environment(Config(""), {{"AWS_REGION", "cn-north-1"}});
  CHECK(test::Begun(of_environment).at(0).url == "https://ec2.cn-north-1.amazonaws.com.cn/");

  Ec2Plan of_instance(Config(""), {});
  std::vector<HttpRequest> asked;
  const auto serve = [](const HttpRequest& request) {
    if (request.url.find("/latest/api/token") != std::string::npos) return PlanAnswer("tok");
    if (request.url.find("/latest/dynamic/instance-identity/document") != std::string::npos) {
      return PlanAnswer(R"({"region": "us-east-2"})");
    }
    return Serve(request);
  };
  const Refreshed refreshed = FinishRound(of_instance, serve, &asked);
  REQUIRE(asked.size() == 5);
  CHECK(asked[2].url == "https://ec2.us-east-2.amazonaws.com/");
  CHECK(refreshed.groups.front().source == "us-east-2");
  CHECK(AllTargets(refreshed.groups).at(0).Get("__meta_ec2_region") == "us-east-2");
  asked.clear();
  FinishRound(of_instance, serve, &asked);
  CHECK(asked.size() == 2);
}

TEST_CASE("an endpoint of EC2 may be another one", "[ec2_sd]") {
  for (const auto& [endpoint, url] : std::vector<std::pair<std::string, std::string>>{
           {"http://localhost:4566/", "http://localhost:4566/"},
           {"ec2.example.com", "https://ec2.example.com/"}}) {
    Ec2SdConfig config = Config();
    config.endpoint = endpoint;
    Ec2Plan plan(config, {});
    CHECK(test::Begun(plan).at(0).url == url);
  }
}

TEST_CASE("answers of EC2 that are none are failures", "[ec2_sd]") {
  for (const auto& [bad, message] : std::vector<std::pair<HttpAnswer, std::string>>{
           {PlanAnswer(kRefused, 401), "server returned HTTP status 401: AuthFailure: AWS was not"},
           {PlanAnswer("oops", 503), "server returned HTTP status 503"},
           {PlanAnswer("<a><b>"), "XML"},
           {PlanAnswer("<html/>"), "not a list of instances"},
           {PlanAnswer(Page("", "n/1")), "the page after it is the same"}}) {
    Ec2Plan plan(Config(), {});
    const auto refreshed = RunRound(plan, [&](const HttpRequest& request) {
      return request.body->find("NextToken") == std::string::npos ? Serve(request) : bad;
    });
    REQUIRE_FALSE(refreshed.ok());
    CHECK_THAT(refreshed.error().message, Catch::Contains(message));
  }
}

TEST_CASE_METHOD(test::PollingFixture, "EC2 is asked by signed requests", "[ec2_sd]") {
  server.SetScript([](const ScriptedRequest& request) {
    ScriptedResponse response;
    response.body = Answer(request.body);
    return response;
  });
  Ec2SdConfig config = Config();
  config.endpoint = server.Url("");
  Start(config);
  REQUIRE(sink.WaitFor({"192.168.1.88:80", "10.0.0.2:80", "[2001:db8::6]:80"}));
  const ScriptedRequest request = server.requests().at(0);
  CHECK_THAT(request.headers.at("authorization"),
             Catch::StartsWith("AWS4-HMAC-SHA256 Credential=key/") &&
                 Catch::Contains("/eu-west-1/ec2/aws4_request"));
  server.SetScript([](const ScriptedRequest&) {
    ScriptedResponse response;
    response.status = 401;
    response.body = kRefused;
    return response;
  });
  clock.Advance(std::chrono::seconds(60));
  REQUIRE(
      WaitForExposed(R"(prometheus_sd_refresh_failures_total{config="j",mechanism="ec2"})", "1"));
  CHECK(sink.calls() == 1);
}

}  // namespace
}  // namespace sluice::scrape
