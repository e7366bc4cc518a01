#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "plan_answers.h"
#include "polling_fixture.h"
#include "scrape/discovery/azure/azure_plan.h"

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

const std::string kGroup = "/subscriptions/sub/resourceGroups/RG1/providers/";
const std::string kNics = kGroup + "Microsoft.Network/networkInterfaces/";

// Of a machine; `nics` are ids, separated by commas.
std::string Machine(const std::string& name, const std::string& nics,
                    const std::string& more = "") {
  std::string interfaces;
  for (size_t from = 0; from < nics.size();) {
    const size_t end = std::min(nics.find(',', from), nics.size());
    interfaces += (from == 0 ? "" : ",") + ("{\"id\": \"" + nics.substr(from, end - from)) + "\"}";
    from = end + 1;
  }
  return R"({"id": ")" + kGroup + "Microsoft.Compute/virtualMachines/" + name + R"(", "name": ")" +
         name + R"(", "type": "Microsoft.Compute/virtualMachines", "location": "westeurope", )" +
         more + R"("properties": {"hardwareProfile": {"vmSize": "Standard_D4s_v3"},
         "networkProfile": {"networkInterfaces": [)" +
         interfaces + R"(]}, "osProfile": {"computerName": "computer"},
         "storageProfile": {"osDisk": {"osType": "Linux"}}}})";
}

std::string Interface(const std::string& primary, const std::string& private_ip,
                      const std::string& public_ip = "") {
  const std::string with_public =
      public_ip.empty() ? "null" : R"({"properties": {"ipAddress": ")" + public_ip + "\"}}";
  return R"({"properties": {"primary": )" + primary + R"(, "ipConfigurations": [
    {"properties": {"privateIPAddress": )" +
         private_ip + R"(, "publicIPAddress": )" + with_public + "}}]}}";
}

std::string List(const std::string& entries, const std::string& link = "") {
  return "{\"value\": [" + entries + "]" +
         (link.empty() ? "" : R"(, "nextLink": "https://elsewhere)" + link + "\"") + "}";
}

// A cloud as a table of answers, by path.
struct Cloud {
  Cloud() {
    answers[machines] = List(Machine("vm1", kNics + "nic0," + kNics + "nic1",
                                     R"("tags": {"env of": "prod", "no": null}, )") +
                                 "," + Machine("off", kNics + "nic-off") + R"(, {"id": "x"}, 5)",
                             machines + "&%24skiptoken=a");
    answers[machines + "&%24skiptoken=a"] =
        List(Machine("gone", kNics + "nic-gone") + "," + Machine("without", "") + "," +
             Machine("odd", kNics + "nic-odd") + "," + Machine("bad", kNics + "nic-bad"));
    answers[sets] = List(R"({"id": ")" + kGroup +
                         R"(Microsoft.Compute/virtualMachineScaleSets/set1", "name": "set1"})");
    answers[kGroup + "Microsoft.Compute/virtualMachineScaleSets/set1/virtualMachines" + compute] =
        List(Machine("set1_0",
                     kGroup + "Microsoft.Compute/virtualMachineScaleSets/set1/virtualMachines/0/"
                              "networkInterfaces/set-nic",
                     R"("instanceId": "0", )"));
    answers[Nic("nic0")] = Interface("false", "\"10.0.0.1\"");
    answers[Nic("nic1")] = Interface("true", "\"10.0.0.4\"", "20.0.0.4");
    answers[Nic("nic-off")] = Interface("null", "\"10.0.0.5\"");
    answers[Nic("nic-odd")] = Interface("true", "null");
    answers[Nic("nic-bad")] = Interface("5", "null");
    answers[kGroup + "Microsoft.Compute/virtualMachineScaleSets/set1/virtualMachines/0/" +
            "networkInterfaces/set-nic?api-version=2018-10-01" + expand] =
        Interface("true", "\"fd00::7\"");
  }

  static std::string Nic(const std::string& name) {
    return kNics + name + "?api-version=2022-07-01" + expand;
  }

  HttpAnswer Serve(const HttpRequest& request) const {
    const auto found = answers.find(request.url.substr(std::string("https://arm").size()));
    return found == answers.end() ? PlanAnswer("{}", 404) : PlanAnswer(found->second);
  }

  static inline const std::string compute = "?api-version=2022-03-01";
  static inline const std::string expand = "&%24expand=IPConfigurations%2FPublicIPAddress";
  const std::string base = "/subscriptions/sub/providers/Microsoft.Compute/";
  const std::string machines = base + "virtualMachines" + compute;
  const std::string sets = base + "virtualMachineScaleSets" + compute;
  std::map<std::string, std::string> answers;
};

AzureSdConfig Config() {
  AzureSdConfig config;
  config.api_url = "https://arm";
  config.subscription_id = "sub";
  config.tenant_id = "tenant";
  return config;
}

Refreshed Round(AzurePlan& plan, const Cloud& cloud, std::vector<HttpRequest>* asked = nullptr) {
  return FinishRound(
      plan, [&](const HttpRequest& request) { return cloud.Serve(request); }, asked);
}

TEST_CASE("a machine of Azure has its labels, also one of a scale set", "[azure_sd]") {
  AzurePlan plan(Config());
  const Refreshed refreshed = Round(plan, {});
  CHECK(AllTargets(refreshed.groups) ==
        std::vector<Labels>{
            {{"__address__", "10.0.0.4:80"},
             {"__meta_azure_machine_computer_name", "computer"},
             {"__meta_azure_machine_id", kGroup + "Microsoft.Compute/virtualMachines/vm1"},
             {"__meta_azure_machine_location", "westeurope"},
             {"__meta_azure_machine_name", "vm1"},
             {"__meta_azure_machine_os_type", "Linux"},
             {"__meta_azure_machine_private_ip", "10.0.0.4"},
             {"__meta_azure_machine_public_ip", "20.0.0.4"},
             {"__meta_azure_machine_resource_group", "RG1"},
             {"__meta_azure_machine_size", "Standard_D4s_v3"},
             {"__meta_azure_machine_tag_env_of", "prod"},
             {"__meta_azure_subscription_id", "sub"},
             {"__meta_azure_tenant_id", "tenant"}},
            {{"__address__", "[fd00::7]:80"},
             {"__meta_azure_machine_computer_name", "computer"},
             {"__meta_azure_machine_id", kGroup + "Microsoft.Compute/virtualMachines/set1_0"},
             {"__meta_azure_machine_location", "westeurope"},
             {"__meta_azure_machine_name", "set1_0"},
             {"__meta_azure_machine_os_type", "Linux"},
             {"__meta_azure_machine_private_ip", "fd00::7"},
             {"__meta_azure_machine_resource_group", "RG1"},
             {"__meta_azure_machine_scale_set", "set1"},
             {"__meta_azure_machine_size", "Standard_D4s_v3"},
             {"__meta_azure_subscription_id", "sub"},
             {"__meta_azure_tenant_id", "tenant"}}});
  CHECK(refreshed.bad_entries ==
        Names{"virtualMachines[2]: not the id of a resource: \"x\"",
              "virtualMachines[3]: expected an object, got 5",
              "https://arm" + Cloud::Nic("nic-bad") + ": expected true or false, got 5",
              "odd: no private IP address"});
}

TEST_CASE("lists of Azure are read page by page, and only from the Resource Manager",
          "[azure_sd]") {
  AzurePlan plan(Config());
  const Cloud cloud;
  std::vector<HttpRequest> asked;
  Round(plan, cloud, &asked);
  REQUIRE(asked.size() == 11);
  CHECK(asked[0].url == "https://arm" + cloud.machines);
  CHECK(asked[1].url == "https://arm" + cloud.sets);
  CHECK(asked[2].url == "https://arm" + cloud.machines + "&%24skiptoken=a");
  CHECK_THAT(asked[3].url, Catch::Contains("virtualMachineScaleSets/set1/virtualMachines?"));
  AzureSdConfig config = Config();
  config.resource_group = "a b";
  AzurePlan grouped(config);
  CHECK(test::Begun(grouped).at(1).url ==
        "https://arm/subscriptions/sub/resourceGroups/a%20b/providers/Microsoft.Compute/"
        "virtualMachineScaleSets?api-version=2022-03-01");
}

TEST_CASE("interfaces of Azure are known for some rounds", "[azure_sd]") {
  AzurePlan plan(Config());
  Cloud cloud;
  const Refreshed first = Round(plan, cloud);
  // What was gone or no good is asked for again, and nothing else.
  std::vector<HttpRequest> asked;
  CHECK(Round(plan, cloud, &asked).groups == first.groups);
  CHECK(asked.size() == 6);
  // A change is seen when the interface is asked for again.
  cloud.answers[Cloud::Nic("nic1")] = Interface("true", "\"10.0.0.44\"");
  size_t rounds = 2;
  while (Addresses(Round(plan, cloud).groups).front() == "10.0.0.4:80") {
    REQUIRE(++rounds < 20);
  }
  CHECK(rounds >= AzurePlan::kRoundsKept);
  CHECK(rounds <= AzurePlan::kRoundsKept + 3);
  // A machine that is gone for a while has a new interface.
  cloud.answers[cloud.machines] = List("");
  CHECK(Addresses(Round(plan, cloud).groups) == Names{"[fd00::7]:80"});
  cloud.answers[cloud.machines] = List(Machine("vm1", kNics + "nic1"));
  cloud.answers[Cloud::Nic("nic1")] = Interface("true", "\"10.0.0.45\"");
  CHECK(Addresses(Round(plan, cloud).groups) == Names{"10.0.0.45:80", "[fd00::7]:80"});
}

TEST_CASE("what is known of Azure before a failure need not be asked for again", "[azure_sd]") {
  AzurePlan plan(Config());
  const Cloud cloud;
  bool fails = true;
  const auto serve = [&](const HttpRequest& request) {
    const bool bad = fails && request.url.find("set-nic") != std::string::npos;
    return bad ? PlanAnswer("{}", 429) : cloud.Serve(request);
  };
  const auto failed = RunRound(plan, serve);
  REQUIRE_FALSE(failed.ok());
  CHECK_THAT(failed.error().message, Catch::Contains("server returned HTTP status 429"));
  fails = false;
  std::vector<HttpRequest> asked;
  const Refreshed refreshed = FinishRound(plan, serve, &asked);
  CHECK(Addresses(refreshed.groups) == Names{"10.0.0.4:80", "[fd00::7]:80"});
  CHECK(asked.size() == 7);
}

TEST_CASE("answers of Azure that are none are failures", "[azure_sd]") {
  AzurePlan plan(Config());
  const HttpAnswer good = PlanAnswer(List(""));
  CHECK(PlanFailure(plan, {PlanAnswer("{}", 401), good}) ==
        "http://h/: server returned HTTP status 401");
  CHECK_THAT(PlanFailure(plan, {good, PlanAnswer("{")}), Catch::Contains("not valid JSON"));
  CHECK_THAT(PlanFailure(plan, {PlanAnswer(R"({"value": 5})"), good}),
             Catch::Contains("expected a list"));
  const Cloud cloud;
  for (const std::string& link : {cloud.machines, std::string("x")}) {
    CHECK_THAT(PlanFailure(plan, {PlanAnswer(List("", link)), good}),
               Catch::Contains("a bad link to the next page"));
  }
  AzureSdConfig config = Config();
  config.api_url.clear();
  config.environment = "Mars";
  AzurePlan nowhere(config);
  CHECK(nowhere.Begin().error().message ==
        "there is no cloud configuration matching the name \"Mars\"");
}

TEST_CASE_METHOD(test::PollingFixture, "Azure is asked, and a 5xx keeps the machines",
                 "[azure_sd]") {
  const Cloud cloud;
  server.SetScript([&](const ScriptedRequest& request) {
    const auto found = cloud.answers.find(request.target);
    return found == cloud.answers.end() ? ScriptedResponse{.status = 404}
                                        : test::Json(found->second);
  });
  AzureSdConfig config = Config();
  config.api_url = server.Url("");
  Start(config);
  REQUIRE(sink.WaitFor({"10.0.0.4:80", "[fd00::7]:80"}));
  server.SetScript([](const ScriptedRequest&) { return ScriptedResponse{.status = 503}; });
  clock.Advance(std::chrono::minutes(5));
  REQUIRE(WaitForExposed("prometheus_sd_azure_failures_total", "1"));
  CHECK(sink.calls() == 1);
}

}  // namespace
}  // namespace sluice::scrape
