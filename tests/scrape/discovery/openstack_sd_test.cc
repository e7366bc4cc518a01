#include <map>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "plan_answers.h"
#include "polling_fixture.h"
#include "scrape/discovery/openstack/openstack_plan.h"

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
using test::ScriptedResponse;
using Names = std::vector<std::string>;

OpenStackCredentials Password() {
  OpenStackCredentials credentials;
  credentials.identity_endpoint = "http://keystone:5000/v3/";
  credentials.username = "joe";
  credentials.password = Secret("s3cr\"t");
  credentials.project_name = "p1";
  credentials.domain_name = "Default";
  return credentials;
}

OpenStackSdConfig Config(OpenStackRole role) {
  OpenStackSdConfig config;
  config.credentials = Password();
  config.role = role;
  config.region = "RegionOne";
  return config;
}

// As Keystone writes one; other services and interfaces are there to be passed over.
std::string Token(const std::string& host) {
  std::string services;
  for (const auto& [type, path] : std::map<std::string, std::string>{
           {"compute", "/compute/v2.1"}, {"load-balancer", "/lb/"}, {"network", "/net/v2.0"}}) {
    services += R"({"id": "b7f2", "name": ")" + type + R"(-service", "type": ")" + type +
                R"(", "endpoints": [
      {"id": "e1", "interface": "internal", "region": "RegionOne", "region_id": "RegionOne",
       "url": ")" +
                host + "/internal" + path + R"("},
      {"id": "e2", "interface": "public", "region": "RegionTwo", "region_id": "RegionTwo",
       "url": ")" +
                host + "/two" + path + R"("},
      {"id": "e3", "interface": "public", "region": null, "region_id": "RegionOne", "url": ")" +
                host + path + R"("}]},)";
  }
  return R"({"token": {"methods": ["password"], "expires_at": "2026-02-27T18:30:59.999999Z",
    "project": {"id": "263fd9", "name": "p1", "domain": {"id": "default"}},
    "catalog": [)" +
         services + R"({"type": "identity", "name": "keystone", "endpoints": []}],
    "user": {"id": "0ca8f6", "name": "joe"}}})";
}

HttpAnswer TokenAnswer() {
  HttpAnswer answer = PlanAnswer(Token("http://cloud"), 201);
  answer.head.headers = {{"x-subject-token", "t0ken"}};
  return answer;
}

const std::string kPorts1 = R"({"ports": [
  {"id": "port1", "tenant_id": "proj", "device_id": "server1", "status": "ACTIVE"},
  {"id": 5}],
  "ports_links": [{"rel": "next", "href": "http://elsewhere:9696/v2.0/ports?marker=port1"}]})";
const std::string kPorts2 = R"({"ports": [
  {"id": "port2", "tenant_id": "proj", "device_id": "server2"},
  {"id": "vip-port", "tenant_id": "proj", "device_id": "lb-lb1"}],
  "ports_links": [{"rel": "previous", "href": "http://elsewhere:9696/v2.0/ports?marker=port2"}]})";
const std::string kFloatingIps = R"({"floatingips": [
  {"id": "f1", "tenant_id": "proj", "port_id": "port1", "fixed_ip_address": "10.0.0.32",
   "floating_ip_address": "10.10.10.2", "status": "ACTIVE"},
  {"id": "f2", "tenant_id": "proj", "port_id": null, "fixed_ip_address": null,
   "floating_ip_address": "10.10.10.3"},
  {"id": "f3", "tenant_id": "proj", "port_id": "unknown", "fixed_ip_address": "10.0.0.33",
   "floating_ip_address": "10.10.10.4"},
  {"id": "f4", "tenant_id": "proj", "port_id": "vip-port", "fixed_ip_address": "10.0.0.99",
   "floating_ip_address": "192.168.1.2"},
  "nonsense"]})";

const std::string kServer1 = R"({"id": "server1", "name": "herp", "status": "ACTIVE",
  "tenant_id": "proj", "user_id": "user1", "image": {"id": "image1", "links": []},
  "flavor": {"id": "1", "links": []}, "metadata": {"env-of": "prod", "empty": ""},
  "addresses": {"private": [
    {"version": 4, "addr": "10.0.0.32", "OS-EXT-IPS:type": "fixed"},
    {"version": 4, "addr": "10.10.10.2", "OS-EXT-IPS:type": "floating"}],
  "v6 net": [{"version": 6, "addr": "2001:db8::1", "OS-EXT-IPS:type": "fixed"}], "none": []}})";
// Started from a volume, in a newer version of the API.
const std::string kServer2 = R"({"id": "server2", "name": "derp", "status": "SHUTOFF",
  "tenant_id": "proj", "user_id": "user1", "image": "", "metadata": {},
  "flavor": {"vcpus": 2, "original_name": "m1.medium"},
  "addresses": {"private": [{"addr": "10.0.0.33"}, {"addr": "10.10.10.4"}]}})";
const std::string kServerWithoutAddress =
    R"({"id": "server3", "name": "x", "status": "ERROR", "addresses": {}, "flavor": {}})";
const std::string kServerWithoutFlavor =
    R"({"id": "server4", "addresses": {"private": [{"addr": "10.0.0.34"}]}, "flavor": {}})";

std::string Servers(const std::string& entries, const std::string& query = "") {
  const std::string links =
      query.empty()
          ? ""
          : R"(, "servers_links": [{"rel": "next", "href": "https://nova/servers/detail)" + query +
                "\"}]";
  return "{\"servers\": [" + entries + "]" + links + "}";
}

const std::string kListeners = R"({"listeners": [
  {"id": "l0", "protocol": "HTTP", "protocol_port": 80, "loadbalancers": [{"id": "lb1"}]},
  {"id": "l1", "protocol": "PROMETHEUS", "protocol_port": 9273,
   "loadbalancers": [{"id": "lb1"}, {"id": "lb3"}]},
  {"id": "l2", "protocol": "PROMETHEUS", "protocol_port": 8080, "loadbalancers": [{"id": "lb1"}]},
  {"id": "l3", "protocol": "TCP", "protocol_port": "80", "loadbalancers": []}]})";
const std::string kLoadBalancers = R"({"loadbalancers": [
  {"id": "lb1", "name": "balancer1", "vip_address": "10.0.0.99", "vip_port_id": "vip-port",
   "provider": "amphora", "provisioning_status": "ACTIVE", "operating_status": "ONLINE",
   "availability_zone": "az1", "project_id": "proj", "tags": ["tag1", "tag2"]},
  {"id": "lb2", "name": "no-listener", "vip_address": "10.0.0.98"},
  {"id": "lb3", "name": "balancer3", "vip_address": "fd00::3", "vip_port_id": "other",
   "provider": "octavia", "provisioning_status": "ERROR", "operating_status": "OFFLINE",
   "availability_zone": null, "project_id": "proj", "tags": []}], "loadbalancers_links": []})";

HttpAnswer Serve(const HttpRequest& request) {
  const std::string base = "http://cloud";
  static const std::map<std::string, std::string> kAnswers = {
      {base + "/net/v2.0/ports", kPorts1},
      {base + "/net/v2.0/ports?marker=port1", kPorts2},
      {base + "/net/v2.0/floatingips", kFloatingIps},
      {base + "/compute/v2.1/servers/detail", Servers(kServer1, "?marker=server1")},
      {base + "/compute/v2.1/servers/detail?marker=server1",
       Servers(kServer2 + "," + kServerWithoutAddress + "," + kServerWithoutFlavor)},
      {base + "/compute/v2.1/servers/detail?all_tenants=true", Servers(kServer2)},
      {base + "/internal/compute/v2.1/servers/detail", Servers(kServer2)},
      {base + "/internal/net/v2.0/ports", kPorts2},
      {base + "/internal/net/v2.0/floatingips", kFloatingIps},
      {base + "/lb/v2.0/lbaas/listeners", kListeners},
      {base + "/lb/v2.0/lbaas/loadbalancers", kLoadBalancers},
      {base + "/compute/v2.1/os-hypervisors/detail", R"({"hypervisors": [
        {"id": 1, "hypervisor_hostname": "nc14.cloud.com", "host_ip": "172.16.70.14",
         "status": "enabled", "state": "up", "hypervisor_type": "QEMU", "cpu_info": "{}"},
        {"id": "a-uuid", "hypervisor_hostname": "cc13", "host_ip": "fd00::1", "status": "disabled",
         "state": "down", "hypervisor_type": "fake"},
        {"id": 2, "host_ip": 5}]})"}};
  if (request.url == "http://keystone:5000/v3/auth/tokens") return TokenAnswer();
  CHECK(request.headers == std::vector<std::pair<std::string, std::string>>{
                               {"Accept", "application/json"}, {"X-Auth-Token", "t0ken"}});
  CHECK_FALSE(request.follow_redirects);
  const auto found = kAnswers.find(request.url);
  return found == kAnswers.end() ? PlanAnswer("{}", 404) : PlanAnswer(found->second);
}

TEST_CASE("each address of an OpenStack instance is a target with its labels", "[openstack_sd]") {
  OpenStackPlan plan(Config(OpenStackRole::kInstance));
  const Refreshed refreshed = FinishRound(plan, Serve);
  REQUIRE(refreshed.groups.size() == 1);
  CHECK(refreshed.groups[0].source == "OS_RegionOne");
  const std::vector<Labels> targets = AllTargets(refreshed.groups);
  REQUIRE(targets.size() == 4);
  CHECK(targets[0] == Labels{{"__address__", "10.0.0.32:80"},
                             {"__meta_openstack_address_pool", "private"},
                             {"__meta_openstack_instance_flavor", "1"},
                             {"__meta_openstack_instance_id", "server1"},
                             {"__meta_openstack_instance_image", "image1"},
                             {"__meta_openstack_instance_name", "herp"},
                             {"__meta_openstack_instance_status", "ACTIVE"},
                             {"__meta_openstack_private_ip", "10.0.0.32"},
                             {"__meta_openstack_project_id", "proj"},
                             {"__meta_openstack_public_ip", "10.10.10.2"},
                             {"__meta_openstack_tag_env_of", "prod"},
                             {"__meta_openstack_user_id", "user1"}});
  CHECK(targets[1].Get("__address__") == "[2001:db8::1]:80");
  CHECK(targets[1].Get("__meta_openstack_address_pool") == "v6 net");
  CHECK(targets[1].Get("__meta_openstack_public_ip").empty());
  CHECK(targets[2] == Labels{{"__address__", "10.0.0.33:80"},
                             {"__meta_openstack_address_pool", "private"},
                             {"__meta_openstack_instance_flavor", "m1.medium"},
                             {"__meta_openstack_instance_id", "server2"},
                             {"__meta_openstack_instance_name", "derp"},
                             {"__meta_openstack_instance_status", "SHUTOFF"},
                             {"__meta_openstack_private_ip", "10.0.0.33"},
                             {"__meta_openstack_project_id", "proj"},
                             {"__meta_openstack_user_id", "user1"}});
  // A floating address of a port that is not listed is not known to be one.
  CHECK(targets[3].Get("__address__") == "10.10.10.4:80");
  CHECK(refreshed.bad_entries == Names{"ports[1]: expected a string, got 5",
                                       "floatingips[4]: expected an object, got \"nonsense\"",
                                       "servers[2]: a server without a flavor"});
}

TEST_CASE("lists of OpenStack are read page by page, and only where the catalog says",
          "[openstack_sd]") {
  OpenStackSdConfig config = Config(OpenStackRole::kInstance);
  OpenStackPlan plan(config);
  std::vector<HttpRequest> asked;
  const Refreshed refreshed = FinishRound(plan, Serve, &asked);
  CHECK(test::Urls(asked) ==
        Names{"http://keystone:5000/v3/auth/tokens", "http://cloud/net/v2.0/ports",
              "http://cloud/net/v2.0/ports?marker=port1", "http://cloud/net/v2.0/floatingips",
              "http://cloud/compute/v2.1/servers/detail",
              "http://cloud/compute/v2.1/servers/detail?marker=server1"});
  // The next round begins anew.
  CHECK(FinishRound(plan, Serve).groups == refreshed.groups);
  config.all_tenants = true;
  config.port = 9100;
  OpenStackPlan all(config);
  CHECK(Addresses(FinishRound(all, Serve).groups) == Names{"10.0.0.33:9100", "10.10.10.4:9100"});
  config.all_tenants = false;
  config.availability = "internal";
  OpenStackPlan internal(config);
  CHECK(Addresses(FinishRound(internal, Serve).groups) ==
        Names{"10.0.0.33:9100", "10.10.10.4:9100"});
}

TEST_CASE("an OpenStack hypervisor has its labels", "[openstack_sd]") {
  OpenStackPlan plan(Config(OpenStackRole::kHypervisor));
  const Refreshed refreshed = FinishRound(plan, Serve);
  CHECK(AllTargets(refreshed.groups) ==
        std::vector<Labels>{{{"__address__", "172.16.70.14:80"},
                             {"__meta_openstack_hypervisor_host_ip", "172.16.70.14"},
                             {"__meta_openstack_hypervisor_hostname", "nc14.cloud.com"},
                             {"__meta_openstack_hypervisor_id", "1"},
                             {"__meta_openstack_hypervisor_state", "up"},
                             {"__meta_openstack_hypervisor_status", "enabled"},
                             {"__meta_openstack_hypervisor_type", "QEMU"}},
                            {{"__address__", "[fd00::1]:80"},
                             {"__meta_openstack_hypervisor_host_ip", "fd00::1"},
                             {"__meta_openstack_hypervisor_hostname", "cc13"},
                             {"__meta_openstack_hypervisor_id", "a-uuid"},
                             {"__meta_openstack_hypervisor_state", "down"},
                             {"__meta_openstack_hypervisor_status", "disabled"},
                             {"__meta_openstack_hypervisor_type", "fake"}}});
  CHECK(refreshed.bad_entries == Names{"hypervisors[2]: expected a string, got 5"});
}

TEST_CASE("an OpenStack load balancer that exposes metrics has its labels", "[openstack_sd]") {
  OpenStackPlan plan(Config(OpenStackRole::kLoadBalancer));
  std::vector<HttpRequest> asked;
  const Refreshed refreshed = FinishRound(plan, Serve, &asked);
  CHECK(test::Urls(asked) ==
        Names{"http://keystone:5000/v3/auth/tokens", "http://cloud/net/v2.0/floatingips",
              "http://cloud/lb/v2.0/lbaas/listeners", "http://cloud/lb/v2.0/lbaas/loadbalancers"});
  CHECK(AllTargets(refreshed.groups) ==
        std::vector<Labels>{{{"__address__", "10.0.0.99:9273"},
                             {"__meta_openstack_loadbalancer_availability_zone", "az1"},
                             {"__meta_openstack_loadbalancer_floating_ip", "192.168.1.2"},
                             {"__meta_openstack_loadbalancer_id", "lb1"},
                             {"__meta_openstack_loadbalancer_name", "balancer1"},
                             {"__meta_openstack_loadbalancer_operating_status", "ONLINE"},
                             {"__meta_openstack_loadbalancer_provider", "amphora"},
                             {"__meta_openstack_loadbalancer_provisioning_status", "ACTIVE"},
                             {"__meta_openstack_loadbalancer_tags", "tag1,tag2"},
                             {"__meta_openstack_loadbalancer_vip", "10.0.0.99"},
                             {"__meta_openstack_project_id", "proj"}},
                            {{"__address__", "[fd00::3]:9273"},
                             {"__meta_openstack_loadbalancer_id", "lb3"},
                             {"__meta_openstack_loadbalancer_name", "balancer3"},
                             {"__meta_openstack_loadbalancer_operating_status", "OFFLINE"},
                             {"__meta_openstack_loadbalancer_provider", "octavia"},
                             {"__meta_openstack_loadbalancer_provisioning_status", "ERROR"},
                             {"__meta_openstack_loadbalancer_vip", "fd00::3"},
                             {"__meta_openstack_project_id", "proj"}}});
  CHECK(refreshed.bad_entries == Names{"floatingips[4]: expected an object, got \"nonsense\"",
                                       "listeners[3]: expected a whole number, got \"80\""});
}

// The body of the request for a token, or why there is none.
std::string AskedToken(const OpenStackCredentials& credentials) {
  const Result<HttpRequest> request = TokenRequest(credentials);
  if (!request.ok()) return request.error().message;
  CHECK(request->method == "POST");
  CHECK_FALSE(request->follow_redirects);
  return *request->body;
}

TEST_CASE("a password is for a user, and a token for a project", "[openstack_sd]") {
  OpenStackCredentials credentials = Password();
  CHECK(AskedToken(credentials) ==
        R"({"auth":{"identity":{"methods":["password"],"password":{"user":{"name":"joe",)"
        R"("domain":{"name":"Default"},"password":"s3cr\"t"}}},)"
        R"("scope":{"project":{"name":"p1","domain":{"name":"Default"}}}}})");
  credentials.domain_name.clear();
  credentials.domain_id = "default";
  credentials.project_id = "pid";
  CHECK(AskedToken(credentials) ==
        R"({"auth":{"identity":{"methods":["password"],"password":{"user":{"name":"joe",)"
        R"("domain":{"id":"default"},"password":"s3cr\"t"}}},"scope":{"project":{"id":"pid"}}}})");
  credentials.username.clear();
  credentials.user_id = "uid";
  credentials.project_id.clear();
  credentials.project_name.clear();
  CHECK(AskedToken(credentials) ==
        R"({"auth":{"identity":{"methods":["password"],"password":{"user":{"id":"uid",)"
        R"("password":"s3cr\"t"}}}}})");
}

TEST_CASE("an application credential is known by its id, or by its name and user",
          "[openstack_sd]") {
  OpenStackCredentials credentials = Password();
  credentials.password = Secret();
  credentials.application_credential_id = "acid";
  credentials.application_credential_name = "acname";
  credentials.application_credential_secret = Secret("acs");
  CHECK(AskedToken(credentials) == R"({"auth":{"identity":{"methods":["application_credential"],)"
                                   R"("application_credential":{"id":"acid","secret":"acs"}}}})");
  credentials.application_credential_id.clear();
  CHECK(AskedToken(credentials) ==
        R"({"auth":{"identity":{"methods":["application_credential"],)"
        R"("application_credential":{"name":"acname","user":{"name":"joe",)"
        R"("domain":{"name":"Default"}},"secret":"acs"}}}})");
  credentials.application_credential_secret = Secret();
  CHECK(AskedToken(credentials) == "application_credential_secret must be set");
}

TEST_CASE("credentials that do not say who or for what fail the refresh", "[openstack_sd]") {
  OpenStackCredentials credentials = Password();
  credentials.user_id = "uid";
  CHECK(AskedToken(credentials) == "exactly one of username and userid must be set");
  credentials.username.clear();
  credentials.domain_id = "d";
  CHECK(AskedToken(credentials) ==
        "exactly one of domain_id and domain_name must be set beside project_name");
  credentials = Password();
  credentials.domain_name.clear();
  CHECK(AskedToken(credentials) ==
        "exactly one of domain_id and domain_name must be set beside username");
  credentials = Password();
  credentials.password = Secret();
  CHECK(AskedToken(credentials) == "no password and no application credential is set");
  OpenStackPlan plan({});
  const auto refreshed = RunRound(plan, Serve);
  REQUIRE_FALSE(refreshed.ok());
  CHECK(refreshed.error().message ==
        "cannot authenticate: neither identity_endpoint nor OS_AUTH_URL is set");
}

TEST_CASE("the endpoint of Keystone may be given with or without its version", "[openstack_sd]") {
  OpenStackCredentials credentials = Password();
  for (const auto& [endpoint, url] : std::vector<std::pair<std::string, std::string>>{
           {"http://k:5000", "http://k:5000/v3/auth/tokens"},
           {"http://k:5000/", "http://k:5000/v3/auth/tokens"},
           {"http://k:5000/v3", "http://k:5000/v3/auth/tokens"},
           {"https://k/identity/v3/", "https://k/identity/v3/auth/tokens"},
           {"https://k/identity", "https://k/identity/v3/auth/tokens"}}) {
    credentials.identity_endpoint = endpoint;
    CHECK(TokenRequest(credentials)->url == url);
  }
}

TEST_CASE("without an endpoint the credentials are those of the environment", "[openstack_sd]") {
  const OpenStackCredentials credentials =
      CredentialsOfEnvironment({{"OS_AUTH_URL", "http://k/v3"},
                                {"OS_USERNAME", "u"},
                                {"OS_USERID", "i"},
                                {"OS_PASSWORD", "p"},
                                {"OS_TENANT_NAME", "tn"},
                                {"OS_TENANT_ID", "ti"},
                                {"OS_PROJECT_ID", "pi"},
                                {"OS_DOMAIN_NAME", "dn"},
                                {"OS_DOMAIN_ID", "di"},
                                {"OS_APPLICATION_CREDENTIAL_ID", "ai"},
                                {"OS_APPLICATION_CREDENTIAL_NAME", "an"},
                                {"OS_APPLICATION_CREDENTIAL_SECRET", "as"}});
  CHECK(credentials.identity_endpoint == "http://k/v3");
  CHECK(credentials.username == "u");
  CHECK(credentials.user_id == "i");
  CHECK(credentials.password.Reveal() == "p");
  CHECK(credentials.project_name == "tn");
  CHECK(credentials.project_id == "pi");
  CHECK(credentials.domain_name == "dn");
  CHECK(credentials.domain_id == "di");
  CHECK(credentials.application_credential_id == "ai");
  CHECK(credentials.application_credential_name == "an");
  CHECK(credentials.application_credential_secret.Reveal() == "as");
}

TEST_CASE("answers of Keystone that are none are failures", "[openstack_sd]") {
  OpenStackPlan plan(Config(OpenStackRole::kInstance));
  CHECK(PlanFailure(plan, {PlanAnswer(R"({"error": {"code": 401}})", 401)}) ==
        "cannot authenticate: http://h/: server returned HTTP status 401");
  CHECK(PlanFailure(plan, {PlanAnswer("{}", 201)}) ==
        "cannot authenticate: http://h/: an answer without a token");
  HttpAnswer answer = TokenAnswer();
  answer.body = "{";
  CHECK_THAT(PlanFailure(plan, {answer}), Catch::Contains("not valid JSON"));
  answer.body = R"({"token": {"catalog": {}}})";
  CHECK_THAT(PlanFailure(plan, {answer}), Catch::Contains("expected a list, got {}"));
  answer.body = R"({"token": {}})";
  CHECK(PlanFailure(plan, {answer}) ==
        "the catalog has no public endpoint of the service network in the region RegionOne");
}

TEST_CASE("a list of OpenStack that cannot be read is a failure", "[openstack_sd]") {
  OpenStackPlan plan(Config(OpenStackRole::kInstance));
  const std::string same = R"({"servers": [], "servers_links": [{"rel": "next", "href": "?a=b"}]})";
  for (const auto& [bad, message] : std::vector<std::pair<HttpAnswer, std::string>>{
           {PlanAnswer("{}", 401), "server returned HTTP status 401"},
           {PlanAnswer("{}", 302), "server returned HTTP status 302"},
           {PlanAnswer("{}", 503), "server returned HTTP status 503"},
           {PlanAnswer(R"({"servers": 5})"), "expected a list, got 5"},
           {PlanAnswer(R"({"servers": [{)"), "not valid JSON"},
           {PlanAnswer(same), "the page after it is the same"}}) {
    const auto refreshed = RunRound(plan, [&](const HttpRequest& request) {
      return request.url.find("servers") == std::string::npos ? Serve(request) : bad;
    });
    REQUIRE_FALSE(refreshed.ok());
    CHECK_THAT(refreshed.error().message, Catch::Contains(message));
  }
}

ScriptedResponse ServeCloud(const ScriptedRequest& request, const std::string& url,
                            const std::string& token) {
  if (request.target == "/v3/auth/tokens") {
    ScriptedResponse response = test::Json(Token(url));
    response.status = 201;
    response.headers.emplace_back("X-Subject-Token", token);
    return response;
  }
  const auto sent = request.headers.find("x-auth-token");
  if (sent == request.headers.end() || sent->second != token) return {.status = 401};
  if (request.target.find("servers") != std::string::npos) return test::Json(Servers(kServer1));
  return test::Json("{}");
}

TEST_CASE_METHOD(test::PollingFixture, "a token that expires on the way is had anew",
                 "[openstack_sd]") {
  const std::string url = server.Url("");
  server.SetScript([&](const ScriptedRequest& request) { return ServeCloud(request, url, "one"); });
  OpenStackSdConfig config = Config(OpenStackRole::kInstance);
  config.credentials.identity_endpoint = url;
  Start(config);
  REQUIRE(sink.WaitFor({"10.0.0.32:80", "10.10.10.2:80", "[2001:db8::1]:80"}));
  const ScriptedRequest first = server.requests().at(0);
  CHECK(first.method == "POST");
  CHECK(first.headers.at("content-type") == "application/json");
  CHECK(first.body == AskedToken(config.credentials));

  // It is refused in the middle of a round: the targets stay, and the next round has a new one.
  bool expired = false;
  server.SetScript([&](const ScriptedRequest& request) {
    if (request.target.find("floatingips") != std::string::npos && !std::exchange(expired, true)) {
      return ScriptedResponse{.status = 401};
    }
    if (request.target.find("servers") != std::string::npos) {
      return test::Json(Servers(kServer2));
    }
    return ServeCloud(request, url, "two");
  });
  clock.Advance(std::chrono::seconds(60));
  REQUIRE(WaitForExposed(
      R"(prometheus_sd_refresh_failures_total{config="j",mechanism="openstack"})", "1"));
  CHECK(sink.calls() == 1);
  clock.Advance(std::chrono::seconds(1));
  REQUIRE(sink.WaitFor({"10.0.0.33:80", "10.10.10.4:80"}));
}

TEST_CASE_METHOD(test::PollingFixture, "credentials that are not there fail every refresh",
                 "[openstack_sd]") {
  OpenStackSdConfig config = Config(OpenStackRole::kInstance);
  config.credentials.password = Secret();
  Start(config);
  const std::string failures =
      R"(prometheus_sd_refresh_failures_total{config="j",mechanism="openstack"})";
  REQUIRE(WaitForExposed(failures, "1"));
  clock.Advance(std::chrono::seconds(1));
  REQUIRE(WaitForExposed(failures, "2"));
  CHECK(sink.calls() == 0);
}

}  // namespace
}  // namespace sluice::scrape
