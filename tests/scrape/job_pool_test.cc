#include "scrape/job_pool.h"

#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

namespace sluice::scrape {
namespace {

TargetGroupPtr Group(const std::string& source, const std::vector<std::string>& addresses) {
  auto group = std::make_shared<TargetGroup>();
  group->source = source;
  for (const std::string& address : addresses) group->targets.push_back({{"__address__", address}});
  return group;
}

JobConfig Job(const std::vector<std::string>& discoveries, const std::string& fingerprint = "1") {
  JobConfig job;
  job.name = "j";
  job.fingerprint = fingerprint;
  for (const std::string& identity : discoveries) {
    job.discoveries.push_back({.identity = identity, .mechanism = FileSdConfig()});
  }
  return job;
}

// Follows the targets that a pool asks to be scraped.
struct Followed {
  explicit Followed(JobConfig config) : pool(std::move(config), telemetry, Logger()) { Sync(); }

  void Sync() {
    const PoolDiff diff = pool.Sync(shared);
    for (const uint64_t id : diff.removed) {
      REQUIRE(targets.erase(id) == 1);
    }
    for (const LoopSpec& spec : diff.added) {
      REQUIRE(targets.emplace(spec.id, spec.target.labels.Get("instance")).second);
    }
    added = diff.added.size();
    removed = diff.removed.size();
  }

  void Update(const std::string& identity, DiscoveryUpdate update) {
    pool.Update(identity, update);
    Sync();
  }

  std::multiset<std::string> Addresses() const {
    std::multiset<std::string> addresses;
    for (const auto& [id, address] : targets) addresses.insert(address);
    return addresses;
  }

  Telemetry telemetry;
  JobPool pool;
  JobPool::Shared shared;
  std::map<uint64_t, std::string> targets;  // by id
  size_t added = 0;
  size_t removed = 0;
};

using Set = std::multiset<std::string>;

TEST_CASE("an update of one group touches its targets only", "[job_pool]") {
  Followed job(Job({"d"}));
  job.Update("d", {.whole = true, .groups = {Group("a", {"a1", "a2"}), Group("b", {"b1"})}});
  CHECK(job.Addresses() == Set{"a1", "a2", "b1"});
  job.Update("d", {.groups = {Group("a", {"a2", "a3"})}});
  CHECK(job.Addresses() == Set{"a2", "a3", "b1"});
  CHECK(job.added == 1);
  CHECK(job.removed == 1);
  job.Update("d", {.groups = {Group("b", {})}});
  CHECK(job.Addresses() == Set{"a2", "a3"});
  job.Update("d", {.groups = {Group("a", {"a3", "a2"})}});
  CHECK(job.added + job.removed == 0);
}

TEST_CASE("restored targets stand until their discovery tells something", "[job_pool]") {
  Followed job(Job({"d", "e"}));
  const auto restore = [&](const std::string& identity, DiscoveryUpdate update) {
    job.pool.Restore(identity, update);
    job.Sync();
  };
  restore("d", {.whole = true, .groups = {Group("a", {"a1", "a2"}), Group("b", {"b1"})}});
  CHECK(job.Addresses() == Set{"a1", "a2", "b1"});
  CHECK(job.pool.View().restored.size() == 3);
  // Another discovery has one of them as well.
  job.Update("e", {.whole = true, .groups = {Group("x", {"b1", "c1"})}});
  CHECK(job.Addresses() == Set{"a1", "a2", "b1", "c1"});
  CHECK(job.pool.View().restored.size() == 2);
  job.Update("d", {.whole = true, .groups = {Group("a", {"a2", "a3"})}});
  CHECK(job.Addresses() == Set{"a2", "a3", "b1", "c1"});
  CHECK(job.added == 1);
  CHECK(job.removed == 1);
  CHECK(job.pool.View().restored.empty());
  // Who has told something knows better.
  restore("d", {.whole = true, .groups = {Group("a", {"old"})}});
  restore("unknown", {.whole = true, .groups = {Group("a", {"old"})}});
  CHECK(job.Addresses() == Set{"a2", "a3", "b1", "c1"});
}

TEST_CASE("targets of other members are dropped with the reason, counted and bounded",
          "[job_pool]") {
  Telemetry telemetry;
  JobConfig config = Job({"d"});
  config.keep_dropped_targets = 10;
  JobPool pool(config, telemetry, Logger(),
               {.members = 4, .member = 2, .replication = 1, .name = {}});
  std::vector<std::string> addresses;
  for (int i = 0; i < 400; ++i) addresses.push_back("h" + std::to_string(i));
  pool.Update("d", {.whole = true, .groups = {Group("a", addresses)}});
  JobPool::Shared shared;
  const size_t own = pool.Sync(shared).added.size();
  CHECK(own > 60);
  CHECK(own < 140);
  ScraperStatus status;
  DescribePool(pool.View(), {}, status);
  CHECK(status.dropped_counts["j"] == 400 - own);
  REQUIRE(status.dropped.size() == 10);
  CHECK(status.dropped[0].reason.starts_with("scraped by member "));
  CHECK(telemetry.ExposeText().find("sluice_cluster_targets_elsewhere{scrape_job=\"j\"} " +
                                    std::to_string(400 - own)) != std::string::npos);
  pool.Update("d", {.whole = true, .groups = {}});
  CHECK(pool.Sync(shared).removed.size() == own);
  CHECK(telemetry.ExposeText().find("sluice_cluster_targets_elsewhere{scrape_job=\"j\"} 0\n") !=
        std::string::npos);
}

TEST_CASE("a target is shown as it was discovered last", "[job_pool]") {
  Followed job(Job({"d"}));
  for (const std::string ready : {"true", "false"}) {
    auto group = std::make_shared<TargetGroup>();
    group->source = "a";
    group->targets.push_back({{"__address__", "a1"}, {"__meta_ready", ready}});
    job.Update("d", {.groups = {group}});
    TargetStatus target;
    target.id = job.targets.begin()->first;
    ScraperStatus status;
    DescribePool(job.pool.View(), {{target.id, &target}}, status);
    CHECK(target.discovered_labels.Get("__meta_ready") == ready);
  }
  CHECK(job.added + job.removed == 0);  // it is the same target
}

TEST_CASE("another whole update keeps the targets that are in it", "[job_pool]") {
  Followed job(Job({"d"}));
  job.Update("d", {.whole = true, .groups = {Group("a", {"a1"}), Group("b", {"b1"})}});
  // The same target under another source, too.
  job.Update("d", {.whole = true, .groups = {Group("a", {"a1"}), Group("c", {"b1", "c1"})}});
  CHECK(job.Addresses() == Set{"a1", "b1", "c1"});
  CHECK(job.added == 1);
  CHECK(job.removed == 0);
}

TEST_CASE("a target of several groups goes with the last of them", "[job_pool]") {
  Followed job(Job({"d", "e"}));
  job.Update("d", {.whole = true, .groups = {Group("a", {"x", "x"}), Group("b", {"x"})}});
  job.Update("e", {.whole = true, .groups = {Group("a", {"x"})}});
  CHECK(job.Addresses() == Set{"x"});
  job.Update("d", {.groups = {Group("a", {}), Group("b", {})}});
  CHECK(job.Addresses() == Set{"x"});
  job.Update("e", {.groups = {Group("a", {})}});
  CHECK(job.Addresses().empty());
}

TEST_CASE("what old discoveries found stays until all new ones have told", "[job_pool]") {
  Followed job(Job({"old", "same"}));
  job.Update("old", {.whole = true, .groups = {Group("a", {"old1", "old2"})}});
  job.Update("same", {.whole = true, .groups = {Group("a", {"s"})}});
  job.pool.Configure(Job({"new1", "same", "new2"}));
  job.Sync();
  CHECK(job.added + job.removed == 0);
  job.Update("new1", {.whole = true, .groups = {Group("a", {"old2", "n"})}});
  CHECK(job.Addresses() == Set{"n", "old1", "old2", "s"});
  job.Update("old", {.groups = {Group("a", {})}});  // too late
  CHECK(job.Addresses() == Set{"n", "old1", "old2", "s"});
  job.Update("new2", {.whole = true, .groups = {}});
  CHECK(job.Addresses() == Set{"n", "old2", "s"});
  job.pool.Configure(Job({}));
  job.Sync();
  CHECK(job.Addresses().empty());
}

TEST_CASE("a new configuration makes all targets anew, once", "[job_pool]") {
  Followed job(Job({"d"}));
  job.Update("d", {.whole = true, .groups = {Group("a", {"1", "2"}), Group("b", {"2"})}});
  job.pool.Configure(Job({"d"}, "2"));
  job.Sync();
  CHECK(job.added == 2);
  CHECK(job.removed == 2);
  job.Update("d", {.whole = true, .groups = {}});
  CHECK(job.Addresses().empty());
}

TEST_CASE("static groups change with the configuration", "[job_pool]") {
  JobConfig config = Job({});
  config.static_groups = {*Group("0", {"a"}), *Group("1", {"b"})};
  Followed job(config);
  CHECK(job.Addresses() == Set{"a", "b"});
  config.static_groups = {*Group("0", {"b"}), *Group("1", {"c"})};
  job.pool.Configure(config);
  job.Sync();
  CHECK(job.Addresses() == Set{"b", "c"});
  CHECK(job.removed == 1);
}

TEST_CASE("dropped targets are counted, and shown up to the limit", "[job_pool]") {
  JobConfig config = Job({"d"});
  relabel::Rule rule;
  rule.action = relabel::Action::kDrop;
  rule.source_labels = {"__address__"};
  rule.regex = "drop.*";
  config.relabel = *relabel::Program::Compile({rule});
  config.keep_dropped_targets = 2;
  Followed job(config);
  job.Update(
      "d", {.whole = true, .groups = {Group("a", {"drop1", "a"}), Group("b", {"drop2", "drop3"})}});
  ScraperStatus status;
  DescribePool(job.pool.View(), {}, status);
  CHECK(status.dropped_counts.at("j") == 3);
  CHECK(status.dropped.size() == 2);
  job.Update("d", {.groups = {Group("b", {"drop2"})}});
  job.Update("d", {.groups = {Group("a", {})}});
  status = {};
  DescribePool(job.pool.View(), {}, status);
  CHECK(status.dropped_counts.at("j") == 1);
  REQUIRE(status.dropped.size() == 1);
  CHECK(status.dropped[0].discovered_labels.Get("__address__") == "drop2");
}

TEST_CASE("any sequence of updates ends in the targets of the last state", "[job_pool]") {
  const uint64_t seed = std::random_device()();
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  Followed job(Job({"d", "e"}));
  std::map<std::string, std::map<std::string, std::vector<std::string>>> model;
  for (int round = 0; round < 400; ++round) {
    const std::string identity = random() % 2 == 0 ? "d" : "e";
    DiscoveryUpdate update;
    update.whole = model[identity].empty() || random() % 10 == 0;
    if (update.whole) model[identity].clear();
    for (const char* source : {"a", "b", "c"}) {
      if (random() % 2 == 0) continue;
      std::vector<std::string> addresses(random() % 3);
      for (std::string& address : addresses) address = std::to_string(random() % 5);
      update.groups.push_back(Group(source, addresses));
      model[identity][source] = addresses;
    }
    if (random() % 20 == 0) {
      job.pool.Configure(Job({"d", "e"}, std::to_string(round)));
    }
    job.Update(identity, update);
    std::set<std::string> wanted;
    for (const auto& [name, groups] : model) {
      for (const auto& [source, addresses] : groups)
        wanted.insert(addresses.begin(), addresses.end());
    }
    REQUIRE(job.Addresses() == Set(wanted.begin(), wanted.end()));
  }
}

}  // namespace
}  // namespace sluice::scrape
