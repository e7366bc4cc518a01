#include "agent/targets_command.h"

#include <fstream>
#include <sstream>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/support/temp_dir.h"

namespace sluice::agent {
namespace {

constexpr std::string_view kConfig = R"(
scrape_configs:
  - job_name: one
    target_limit: 2
    static_configs: [{targets: ['a:1', 'b:1', 'c:1']}]
    relabel_configs:
      - {source_labels: [__address__], regex: 'b.*', action: drop}
  - job_name: two
    http_sd_configs:
      - {url: 'http://user:secret@sd/1'}
      - {url: 'http://sd/2'}
)";

struct Fixture {
  Fixture() {
    std::ofstream(dir.File("c.yml")) << kConfig;
    command.request.config_file = dir.File("c.yml");
    command.environment = [](std::string_view) { return std::nullopt; };
    command.discover = [this](const std::vector<scrape::DiscoveryConfig>& configs) {
      asked = configs.size();
      return sets;
    };
  }

  int Run() { return RunTargetsCommand(command, out, err); }

  static scrape::FirstSet Found(const std::string& address) {
    scrape::FirstSet set;
    set.complete = true;
    set.groups.push_back({.source = "s", .targets = {{{"__address__", address}}}, .labels = {}});
    return set;
  }

  bool Printed(const std::string& text) const { return out.str().find(text) != std::string::npos; }

  sluice::test::TempDir dir;
  TargetsCommand command;
  std::vector<scrape::FirstSet> sets;
  size_t asked = 0;
  std::ostringstream out;
  std::ostringstream err;
};

TEST_CASE_METHOD(Fixture, "targets are listed with the rule that dropped them", "[agent]") {
  command.request.jobs = {"one"};
  CHECK(Run() == 0);
  CHECK(asked == 0);
  CHECK(Printed("job one: 2 active, 1 dropped, 0 invalid\n"));
  CHECK(Printed("active http://a:1/metrics\n"));
  CHECK(Printed("labels     {instance=\"a:1\", job=\"one\"}\n"));
  CHECK(Printed("because    relabel_configs[0]: drop [__address__] \"b.*\"\n"));
}

TEST_CASE_METHOD(Fixture, "a job above its target_limit scrapes nothing, which is said",
                 "[agent]") {
  std::string config(kConfig);
  config.replace(config.find("target_limit: 2"), 15, "target_limit: 1");
  std::ofstream(dir.File("c.yml")) << config;
  command.request.jobs = {"one"};
  CHECK(Run() == 0);
  CHECK(Printed("not scraped: target_limit is 1, and there are 2 targets"));
}

TEST_CASE_METHOD(Fixture, "what a discovery found and why another failed are told apart",
                 "[agent]") {
  command.request.jobs = {"two"};
  sets = {Found("x:1"), {}};
  sets[1].errors = {"connection refused"};
  CHECK(Run() == 1);
  CHECK(Printed("http_sd_configs[0]: 1 found\n"));
  CHECK(Printed("http_sd_configs[1]: 0 found; failed: connection refused\n"));
  CHECK(Printed("active http://x:1/metrics\n"));
  CHECK(err.str() == "sluice: job two: http_sd_configs[1]: connection refused\n");
}

TEST_CASE_METHOD(Fixture, "a discovery that stays silent fails, too", "[agent]") {
  command.request.jobs = {"two"};
  command.request.timeout = std::chrono::seconds(2);
  sets = {Found("x:1"), {}};
  CHECK(Run() == 1);
  CHECK(Printed("http_sd_configs[1]: 0 found; failed: no answer within 2s\n"));
}

TEST_CASE_METHOD(Fixture, "JSON has the labels before and after relabeling", "[agent]") {
  sets = {Found("x:1"), Found("/no/host")};
  command.request.json = true;
  CHECK(Run() == 0);
  const auto json = nlohmann::json::parse(out.str());
  REQUIRE(json["targets"].size() == 5);
  CHECK(json["targets"][0]["discoveredLabels"]["__address__"] == "a:1");
  CHECK(json["targets"][0]["labels"] == nlohmann::json{{"instance", "a:1"}, {"job", "one"}});
  CHECK(json["targets"][0]["scrapeUrl"] == "http://a:1/metrics");
  CHECK(json["targets"][2]["state"] == "dropped");
  CHECK(json["targets"][4]["state"] == "invalid");
  CHECK(json["targets"][4]["reason"] == "\"/no/host\" is not a valid hostname");
  CHECK(json["discoveries"][1]["discovery"] == "http_sd_configs[1]");
  CHECK(json["discoveries"][1]["complete"] == true);
  CHECK(out.str().find("secret") == std::string::npos);
}

TEST_CASE_METHOD(Fixture, "a target of another member of the cluster says whose it is", "[agent]") {
  command.request.jobs = {"one"};
  command.request.cluster.members = 50;
  for (uint32_t member = 0; member < 50; ++member) {
    command.request.cluster.member = member;
    CHECK(Run() == 0);
  }
  CHECK(Printed("active http://a:1/metrics"));
  CHECK(Printed("dropped http://a:1/metrics"));
  CHECK(Printed("because    scraped by member "));
}

TEST_CASE_METHOD(Fixture, "a job that is not there is an error", "[agent]") {
  command.request.jobs = {"one", "three"};
  CHECK(Run() == 1);
  CHECK(err.str() == "sluice: no such job: three\n");
}

}  // namespace
}  // namespace sluice::agent
