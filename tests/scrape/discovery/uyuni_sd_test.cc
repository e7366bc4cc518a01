#include <map>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "plan_answers.h"
#include "polling_fixture.h"
#include "scrape/discovery/uyuni/uyuni_plan.h"

namespace sluice::scrape {
namespace {

using relabel::Labels;
using test::AllTargets;
using test::FinishRound;
using test::PlanAnswer;
using test::RunRound;
using test::ScriptedRequest;
using test::ScriptedResponse;
using Names = std::vector<std::string>;
using Members = std::vector<std::pair<std::string, std::string>>;

std::string Returned(const std::string& value) {
  return "<?xml version=\"1.0\"?><methodResponse><params><param><value>" + value +
         "</value></param></params></methodResponse>";
}

std::string Array(const std::string& values) {
  return "<array><data>" + values + "</data></array>";
}

std::string Struct(const Members& members) {
  std::string xml = "<value><struct>";
  for (const auto& [name, value] : members) {
    xml += "<member><name>" + name + "</name><value>" + value + "</value></member>";
  }
  return xml + "</struct></value>";
}

std::string Fault(const std::string& text) {
  return "<methodResponse><fault>" +
         Struct(
             {{"faultCode", "<int>2950</int>"}, {"faultString", "<string>" + text + "</string>"}}) +
         "</fault></methodResponse>";
}

const std::string kSystems = Returned(Array(
    Struct({{"id", "<i4>10011</i4>"},
            {"system_groups", Array(Struct({{"id", "<i4>1</i4>"}, {"name", "<string>a</string>"}}) +
                                    Struct({{"id", "<i4>2</i4>"}, {"name", "b &amp; c"}}))}}) +
    Struct({{"id", "<i4>10012</i4>"}, {"system_groups", Array("")}}) +
    Struct({{"id", "<string>x</string>"}})));
const std::string kNetworks =
    Returned(Array(Struct({{"system_id", "<int>10011</int>"},
                           {"hostname", "<string>web.example</string>"},
                           {"primary_fqdn", "<string>web.primary.example</string>"},
                           {"ip", "<string>10.0.0.1</string>"}})));
const std::string kEndpoints =
    Returned(Array(Struct({{"system_id", "<int>10011</int>"},
                           {"endpoint_name", "<string>node</string>"},
                           {"port", "<int>9100</int>"},
                           {"path", "<string>/metrics</string>"},
                           {"module", "<string>m</string>"},
                           {"exporter_name", "<string>node_exporter</string>"},
                           {"tls_enabled", "<boolean>1</boolean>"}}) +
                   Struct({{"system_id", "<int>10011</int>"},
                           {"endpoint_name", "<nil/>"},
                           {"port", "<int>9187</int>"},
                           {"tls_enabled", "<boolean>0</boolean>"}}) +
                   Struct({{"system_id", "<int>10011</int>"}, {"port", "<string>x</string>"}})));

std::string Answer(const std::string& call) {
  const auto calls = [&](const std::string& method) {
    return call.find("<methodName>" + method + "</methodName>") != std::string::npos;
  };
  if (calls("auth.login")) return Returned("<string>t0ken</string>");
  if (call.find("<string>t0ken</string>") == std::string::npos) return Fault("no session");
  if (calls("system.listSystemGroupsForSystemsWithEntitlement")) return kSystems;
  if (calls("system.getNetworkForSystems")) return kNetworks;
  return calls("system.monitoring.listEndpoints") ? kEndpoints : Fault("no such method");
}

HttpAnswer Serve(const HttpRequest& request) { return PlanAnswer(Answer(*request.body)); }

UyuniSdConfig Config() {
  UyuniSdConfig config;
  config.server = "https://uyuni/";
  config.username = "a<b";
  config.password = Secret("p&w");
  return config;
}

TEST_CASE("an endpoint of Uyuni has its labels", "[uyuni_sd]") {
  UyuniPlan plan(Config());
  const Refreshed refreshed = FinishRound(plan, Serve);
  CHECK(AllTargets(refreshed.groups) ==
        std::vector<Labels>{{{"__address__", "web.example:9100"},
                             {"__meta_uyuni_endpoint_name", "node"},
                             {"__meta_uyuni_exporter", "node_exporter"},
                             {"__meta_uyuni_groups", "a,b & c"},
                             {"__meta_uyuni_metrics_path", "/metrics"},
                             {"__meta_uyuni_minion_hostname", "web.example"},
                             {"__meta_uyuni_primary_fqdn", "web.primary.example"},
                             {"__meta_uyuni_proxy_module", "m"},
                             {"__meta_uyuni_scheme", "https"},
                             {"__meta_uyuni_system_id", "10011"}},
                            {{"__address__", "web.example:9187"},
                             {"__meta_uyuni_groups", "a,b & c"},
                             {"__meta_uyuni_minion_hostname", "web.example"},
                             {"__meta_uyuni_primary_fqdn", "web.primary.example"},
                             {"__meta_uyuni_scheme", "http"},
                             {"__meta_uyuni_system_id", "10011"}}});
  CHECK(refreshed.bad_entries == Names{"systems[2]: expected an integer, got string",
                                       "endpoints[2]: expected an integer, got string"});
}

TEST_CASE("Uyuni is asked by XML-RPC, with a session", "[uyuni_sd]") {
  UyuniPlan plan(Config());
  std::vector<HttpRequest> asked;
  const Refreshed refreshed = FinishRound(plan, Serve, &asked);
  REQUIRE(asked.size() == 4);
  for (const HttpRequest& request : asked) {
    CHECK(request.method == "POST");
    CHECK(request.url == "https://uyuni/rpc/api");
    CHECK_FALSE(request.follow_redirects);
  }
  CHECK(*asked[0].body ==
        R"(<?xml version="1.0" encoding="UTF-8"?><methodCall><methodName>auth.login</methodName>)"
        "<params><param><value><string>a&lt;b</string></value></param>"
        "<param><value><string>p&amp;w</string></value></param>"
        "<param><value><int>600</int></value></param></params></methodCall>");
  CHECK_THAT(*asked[1].body, Catch::Contains("<string>monitoring_entitled</string>"));
  CHECK_THAT(*asked[2].body, Catch::Contains("<array><data><value><int>10011</int></value>"
                                             "<value><int>10012</int></value></data></array>"));
  // The next round begins anew.
  CHECK(FinishRound(plan, Serve).groups == refreshed.groups);
}

TEST_CASE("without systems Uyuni has no endpoints", "[uyuni_sd]") {
  UyuniPlan plan(Config());
  std::vector<HttpRequest> asked;
  const Refreshed refreshed = FinishRound(
      plan,
      [](const HttpRequest& request) {
        const bool login = request.body->find("auth.login") != std::string::npos;
        return login ? Serve(request) : PlanAnswer(Returned(Array("")));
      },
      &asked);
  CHECK(asked.size() == 2);
  CHECK(AllTargets(refreshed.groups).empty());
}

TEST_CASE("answers of Uyuni that are none are failures", "[uyuni_sd]") {
  UyuniPlan plan(Config());
  const std::pair<std::string, std::string> kCalls[] = {
      {"auth.login", "cannot log in: "},
      {"listSystemGroups", "cannot get the systems: "},
      {"getNetworkForSystems", "cannot get the networks of the systems: "},
      {"listEndpoints", "cannot get the endpoints of the systems: "}};
  for (const auto& [call, context] : kCalls) {
    for (const auto& [bad, message] : std::vector<std::pair<HttpAnswer, std::string>>{
             {PlanAnswer("", 503), "server returned HTTP status 503"},
             {PlanAnswer(Fault("Either the password or username is incorrect.")),
              "fault: Either the password or username is incorrect."},
             {PlanAnswer("<a><b>"), "XML"},
             {PlanAnswer("<html/>"), "not an answer of XML-RPC"},
             {PlanAnswer(Returned("<double>1</double>")), "expected a"}}) {
      CAPTURE(call, message);
      const auto refreshed = RunRound(plan, [&](const HttpRequest& request) {
        return request.body->find(call) == std::string::npos ? Serve(request) : bad;
      });
      REQUIRE_FALSE(refreshed.ok());
      CHECK_THAT(refreshed.error().message, Catch::StartsWith(context) && Catch::Contains(message));
    }
  }
}

TEST_CASE_METHOD(test::PollingFixture, "a session of Uyuni that is gone is had anew",
                 "[uyuni_sd]") {
  server.SetScript([](const ScriptedRequest& request) {
    ScriptedResponse response;
    response.body = Answer(request.body);
    return response;
  });
  UyuniSdConfig config = Config();
  config.server = server.Url("/base");
  Start(config);
  REQUIRE(sink.WaitFor({"web.example:9100", "web.example:9187"}));
  CHECK(server.requests().at(0).target == "/base/rpc/api");
  server.SetScript([](const ScriptedRequest& request) {
    ScriptedResponse response;
    const bool login = request.body.find("auth.login") != std::string::npos;
    response.body = login ? Answer(request.body) : Fault("session expired");
    return response;
  });
  clock.Advance(std::chrono::seconds(60));
  REQUIRE(
      WaitForExposed(R"(prometheus_sd_refresh_failures_total{config="j",mechanism="uyuni"})", "1"));
  CHECK(sink.calls() == 1);
}

}  // namespace
}  // namespace sluice::scrape
