#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "plan_answers.h"
#include "polling_fixture.h"
#include "scrape/discovery/puppetdb/puppetdb_plan.h"

namespace sluice::scrape {
namespace {

using relabel::Labels;
using test::AllTargets;
using test::PlanAnswer;
using test::PlanFailure;
using test::RunPlan;
using test::ScriptedRequest;
using Names = std::vector<std::string>;

const std::string kResources = R"([{"certname": "edinburgh.example.com", "environment": "prod",
  "exported": false, "file": "/etc/puppetlabs/code/prometheus.pp", "line": 384,
  "parameters": {"access_log": true, "access_log_file": "ssl_access_log", "port": 1000000,
    "ratio": 0.5, "big": 123456, "additional-includes": [], "list": ["a", 1, true, null],
    "directories": {"path": "/var/www", "options": ["Indexes", "Follow"], "deep": {"er": "x"}},
    "empty": "", "nothing": null, "labels": {"alias": "edinburgh"}},
  "resource": "49af83866dc5a1518968b68e58a25319107afe11", "tags": ["roles::hypervisor", "apache"],
  "title": "Vhost", "type": "Apache::Vhost"}, {"certname": 5}])";

PuppetDbSdConfig Config(bool include_parameters) {
  PuppetDbSdConfig config;
  config.url = "https://puppet:8081/";
  config.query = "resources { type = \"Class\" }";
  config.include_parameters = include_parameters;
  return config;
}

TEST_CASE("a resource of PuppetDB has its labels", "[puppetdb_sd]") {
  PuppetDbPlan plan(Config(false));
  const Refreshed refreshed = RunPlan(plan, {kResources});
  CHECK(
      AllTargets(refreshed.groups) ==
      std::vector<Labels>{{{"__address__", "edinburgh.example.com:80"},
                           {"__meta_puppetdb_certname", "edinburgh.example.com"},
                           {"__meta_puppetdb_environment", "prod"},
                           {"__meta_puppetdb_exported", "false"},
                           {"__meta_puppetdb_file", "/etc/puppetlabs/code/prometheus.pp"},
                           {"__meta_puppetdb_query", "resources { type = \"Class\" }"},
                           {"__meta_puppetdb_resource", "49af83866dc5a1518968b68e58a25319107afe11"},
                           {"__meta_puppetdb_tags", ",roles::hypervisor,apache,"},
                           {"__meta_puppetdb_title", "Vhost"},
                           {"__meta_puppetdb_type", "Apache::Vhost"}}});
  CHECK(refreshed.bad_entries == Names{"resources[1]: expected a string, got 5"});
}

TEST_CASE("parameters of a resource are labels only where that is wanted", "[puppetdb_sd]") {
  PuppetDbPlan plan(Config(true));
  const Labels target = AllTargets(RunPlan(plan, {kResources}).groups).at(0);
  const auto parameter = [&](const std::string& name) {
    return std::string(target.Get("__meta_puppetdb_parameter_" + name));
  };
  CHECK(parameter("access_log") == "true");
  CHECK(parameter("access_log_file") == "ssl_access_log");
  CHECK(parameter("port") == "1e+06");
  CHECK(parameter("big") == "123456");
  CHECK(parameter("ratio") == "0.5");
  CHECK(parameter("list") == "a,1,true,");
  CHECK(parameter("directories_path") == "/var/www");
  CHECK(parameter("directories_options") == "Indexes,Follow");
  CHECK(parameter("directories_deep_er") == "x");
  CHECK(parameter("labels_alias") == "edinburgh");
  for (const char* name : {"additional_includes", "empty", "nothing", "directories"}) {
    CHECK(parameter(name).empty());
  }
}

TEST_CASE("parameters within parameters have a bound", "[puppetdb_sd]") {
  std::string deep = "1";
  for (int i = 0; i < 200; ++i) deep = "{\"a\":" + deep + "}";
  PuppetDbPlan plan(Config(true));
  const Refreshed refreshed = RunPlan(plan, {R"([{"certname": "c", "parameters": )" + deep + "}]"});
  CHECK(AllTargets(refreshed.groups).at(0).Get("__address__") == "c:80");
  CHECK(refreshed.bad_entries.empty());
}

TEST_CASE("answers of PuppetDB that are none are failures", "[puppetdb_sd]") {
  PuppetDbPlan plan(Config(false));
  CHECK(PlanFailure(plan, {PlanAnswer("", 400)}) == "http://h/: server returned HTTP status 400");
  CHECK_THAT(PlanFailure(plan, {PlanAnswer("[{")}), Catch::Contains("not valid JSON"));
  CHECK_THAT(PlanFailure(plan, {PlanAnswer("{}")}), Catch::Contains("expected a list"));
  HttpAnswer text = PlanAnswer("[]");
  text.head.content_type = "text/plain";
  CHECK(PlanFailure(plan, {text}) == "http://h/: unsupported content type \"text/plain\"");
}

TEST_CASE_METHOD(test::PollingFixture, "PuppetDB is asked by a query", "[puppetdb_sd]") {
  server.SetScript([](const ScriptedRequest&) { return test::Json(kResources); });
  PuppetDbSdConfig config = Config(false);
  config.url = server.Url("/base/");
  Start(config);
  REQUIRE(sink.WaitFor({"edinburgh.example.com:80"}));
  const ScriptedRequest request = server.requests().at(0);
  CHECK(request.method == "POST");
  CHECK(request.target == "/base/pdb/query/v4");
  CHECK(request.headers.at("content-type") == "application/json");
  CHECK(request.headers.at("accept") == "application/json");
  CHECK(request.body == R"({"query":"resources { type = \"Class\" }"})");
}

}  // namespace
}  // namespace sluice::scrape
