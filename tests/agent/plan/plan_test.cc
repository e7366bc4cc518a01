#include "agent/plan/plan.h"

#include <fstream>
#include <map>
#include <sstream>
#include <string>

#include <catch2/catch.hpp>

#include "agent/plan/plan_command.h"
#include "agent/plan/plan_text.h"
#include "tests/support/temp_dir.h"

namespace sluice::agent {
namespace {

const std::string kOld = R"(
global: {scrape_interval: 15s}
scrape_configs:
- job_name: node
  relabel_configs:
  - {source_labels: [env], regex: dev, action: drop}
  metric_relabel_configs:
  - {source_labels: [__name__], regex: 'go_.*', action: drop}
  - {source_labels: [__name__], regex: 'debug_.*', action: drop}
  static_configs:
  - {targets: ['a:1', 'b:1', 'c:1'], labels: {env: prod, __why: too long to be shown in a line}}
  - {targets: ['d:1'], labels: {env: dev}}
- job_name: gone
  static_configs: [{targets: ['g:1']}]
- job_name: same
  static_configs: [{targets: ['s:1']}]
remote_write:
- {name: vm, url: 'http://vm/write', write_relabel_configs: [{action: labeldrop, regex: x}]}
- {name: old, url: 'http://old/write', basic_auth: {username: u, password: p}}
)";

const std::string kNew = R"(
global: {scrape_interval: 15s}
scrape_configs:
- job_name: node
  scrape_timeout: 5s
  metric_relabel_configs:
  - {source_labels: [__name__], regex: 'go_.*', action: drop}
  - {source_labels: [__name__], regex: 'trace_.*', action: drop}
  static_configs:
  - {targets: ['b:1', 'c:1', 'd:1'], labels: {env: prod, __why: too long to be shown in a line}}
- job_name: fresh
  static_configs: [{targets: ['f:1']}]
- job_name: same
  static_configs: [{targets: ['s:1']}]
remote_write:
- {name: vm, url: 'http://vm/write2', write_relabel_configs: [{action: labeldrop, regex: y}]}
- {name: next, url: 'http://next/write'}
)";

const char* const kConfigAnswer = R"({"status":"success","data":{"yaml":
"scrape_configs:\n- job_name: j\nremote_write:\n- name: old\n  url: http://old/write\n"}})";

const char* const kTargetsAnswer = R"({"status":"success","data":{"activeTargets":[
{"scrapePool":"j","scrapeUrl":"http://a:1/metrics","labels":{"instance":"a:1","job":"j"},
"scrapeInterval":"1m","scrapeTimeout":"10s"}]}})";

const char* const kDestinationsAnswer = R"({"status":"success","data":{"destinations":[
{"name":"old","url":"http://old/write","ledger":{"pending":1234}}]}})";

struct Run {
  int status = 0;
  std::string out;
  std::string err;
};

struct Files {
  void Write(const std::string& name, const std::string& text) {
    std::ofstream(dir.File(name)) << text;
  }

  Run Plan(const std::string& before, const std::string& after) {
    Write("old.yml", before);
    Write("new.yml", after);
    return Ask(dir.File("old.yml"));
  }

  Run Ask(const std::string& old) {
    PlanCommand command;
    command.request.new_file = dir.File("new.yml");
    command.request.old = old;
    command.environment = [](std::string_view) { return std::nullopt; };
    command.discover = [&](const std::vector<scrape::DiscoveryConfig>& configs) {
      std::vector<scrape::FirstSet> sets(configs.size());
      for (scrape::FirstSet& set : sets) set.errors = discovery_errors;
      return sets;
    };
    command.fetch = [&](const std::string& url) -> Result<std::string> {
      const auto found = answers.find(url);
      if (found == answers.end()) return InvalidInput("refused");
      return found->second;
    };
    std::ostringstream out;
    std::ostringstream err;
    Run run;
    run.status = RunPlanCommand(command, out, err);
    run.out = out.str();
    run.err = err.str();
    return run;
  }

  test::TempDir dir;
  std::vector<std::string> discovery_errors;
  std::map<std::string, std::string> answers;
};

}  // namespace

TEST_CASE("a plan tells of targets, rules, fields and destinations that change", "[plan]") {
  const Run run = Files().Plan(kOld, kNew);
  CHECK(run.status == 3);
  CHECK(run.err.empty());
  CHECK(run.out == R"(job node: changed
  scrape_timeout: 10s -> 5s
  static_configs: changed
  relabel_configs:
    - [0] {source_labels: [env], regex: dev, action: drop, separator: ;, replacement: $1}
  metric_relabel_configs:
      [0] {source_labels: [__name__], regex: go_.*, action: drop, separator: ;, replacement: $1}
    - [1] {source_labels: [__name__], regex: debug_.*, action: drop, separator: ;, replacement: $1}
    + [1] {source_labels: [__name__], regex: trace_.*, action: drop, separator: ;, replacement: $1}
  targets: 1 added, 1 removed, 2 changed, 0 kept
    + http://d:1/metrics {env="prod", instance="d:1", job="node"}
    - http://a:1/metrics {env="prod", instance="a:1", job="node"}
    ~ http://b:1/metrics {env="prod", instance="b:1", job="node"} within 10s -> 5s
    ~ http://c:1/metrics {env="prod", instance="c:1", job="node"} within 10s -> 5s
job fresh: added
  targets: 1 added, 0 removed, 0 changed, 0 kept
    + http://f:1/metrics {instance="f:1", job="fresh"}
job gone: removed
  targets: 0 added, 1 removed, 0 changed, 0 kept
    - http://g:1/metrics {instance="g:1", job="gone"}
destination vm: changed
  url: http://vm/write -> http://vm/write2
  write_relabel_configs:
    - [0] {action: labeldrop, regex: x, separator: ;, replacement: $1}
    + [0] {action: labeldrop, regex: y, separator: ;, replacement: $1}
destination next: added: it gets what is scraped from then on
destination old: removed: pending samples are delivered first
jobs: 1 added, 1 removed, 1 changed, 1 kept
destinations: 1 added, 1 removed, 1 changed, 0 kept
)");
}

TEST_CASE("a configuration that is the same changes nothing", "[plan]") {
  const Run run = Files().Plan(kOld, kOld + "\n# a comment\n");
  CHECK(run.status == 0);
  CHECK(run.out == "nothing changes\n");
}

TEST_CASE("rules that change alone are all that is told of", "[plan]") {
  std::string changed = kOld;
  changed.replace(changed.find("debug_"), 6, "trace_");
  const Run run = Files().Plan(kOld, changed);
  CHECK(run.status == 3);
  CHECK(run.out.find("job node: changed\n  metric_relabel_configs:\n") == 0);
  CHECK(run.out.find("not shown") == std::string::npos);
}

TEST_CASE("a secret that changes is told of and not shown", "[plan]") {
  std::string changed = kOld;
  changed.replace(changed.find("password: p"), 11, "password: q");
  const Run run = Files().Plan(kOld, changed);
  CHECK(run.status == 3);
  CHECK(run.out.find("destination old: changed\n  what is not shown") == 0);
  CHECK(run.out.find("password") == std::string::npos);
}

TEST_CASE("a file that does not load is a bad file", "[plan]") {
  const Run bad_new = Files().Plan(kOld, "nonsense: 1\n");
  CHECK(bad_new.status == 2);
  CHECK(bad_new.err.find("new.yml:1") != std::string::npos);
  const Run bad_old = Files().Plan("nonsense: 1\n", kNew);
  CHECK(bad_old.status == 2);
  CHECK(bad_old.err.find("old.yml:1") != std::string::npos);
}

TEST_CASE("targets of a discovery that fails are not guessed", "[plan]") {
  Files files;
  files.discovery_errors = {"connect: refused"};
  const std::string with_sd =
      "scrape_configs:\n- job_name: j\n  http_sd_configs: [{url: http://x/}]\n";
  const Run run = files.Plan(with_sd, with_sd);
  CHECK(run.status == 1);
  CHECK(run.out ==
        "job j: kept\n  targets: not known: http_sd_configs: connect: refused\n"
        "nothing changes, as far as is known\n");
}

TEST_CASE("an agent that runs says what it scrapes and what is pending", "[plan]") {
  Files files;
  files.Write("new.yml",
              "scrape_configs:\n- job_name: j\n  static_configs: [{targets: ['a:1', 'b:1']}]\n");
  const std::string api = "http://agent/x/api/v1/";
  files.answers = {{api + "status/config", kConfigAnswer},
                   {api + "targets?state=active", kTargetsAnswer},
                   {api + "scrape_pools", R"({"data":{"scrapePools":["j"]}})"},
                   {api + "destinations", kDestinationsAnswer}};
  const Run run = files.Ask("http://agent/x/");
  INFO(run.out);
  CHECK(run.status == 3);
  CHECK(run.out.find("targets: 1 added, 0 removed, 0 changed, 1 kept") != std::string::npos);
  CHECK(run.out.find("destination old: removed: 1234 pending samples are delivered first") !=
        std::string::npos);
  files.answers.erase(api + "destinations");
  const Run failed = files.Ask("http://agent/x/");
  CHECK(failed.status == 1);
  CHECK(failed.err == "sluice: http://agent/x/api/v1/destinations: refused\n");
}

TEST_CASE("long lists of targets are counted", "[plan]") {
  std::string many = "scrape_configs:\n- job_name: j\n  static_configs:\n  - targets:\n";
  for (int i = 0; i < 60; ++i) many += "    - 'h" + std::to_string(i) + ":1'\n";
  const Run run = Files().Plan("scrape_configs: []\n", many);
  CHECK(run.out.find("    ... and 10 more\n") != std::string::npos);
}

}  // namespace sluice::agent
