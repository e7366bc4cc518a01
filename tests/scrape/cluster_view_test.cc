#include "scrape/cluster_view.h"

#include <memory>
#include <numeric>
#include <string>

#include <catch2/catch.hpp>

#include "scrape/target.h"

namespace sluice::scrape {
namespace {

JobConfig Job(const std::string& name) {
  JobConfig job;
  job.name = name;
  return job;
}

TargetGroupPtr Targets(const std::string& source, int from, int to) {
  auto group = std::make_shared<TargetGroup>();
  group->source = source;
  for (int i = from; i < to; ++i) {
    group->targets.push_back({{"__address__", "h" + std::to_string(i) + ":1"}});
  }
  return group;
}

ClusterStatus View(const ClusterConfig& cluster, const std::vector<TargetGroupPtr>& groups,
                   std::string_view job = "", std::optional<uint32_t> member = std::nullopt) {
  ClusterView view(cluster, job, member);
  view.Add(Job("j"), groups);
  view.Add(Job("k"), {Targets("k", 0, 5)});
  return view.Take();
}

const ClusterConfig kCluster{.members = 3, .member = 1, .replication = 2, .name = "c"};

TEST_CASE("every member sees who scrapes what, and it is what each one scrapes", "[cluster]") {
  const auto groups = {Targets("a", 0, 60), Targets("b", 50, 100)};  // ten are in both
  const ClusterStatus status = View(kCluster, groups);
  CHECK(status.targets.size() == 105);
  CHECK(status.left_out == 0);
  CHECK(std::accumulate(status.counts.begin(), status.counts.end(), 0U) == 210);
  for (uint32_t member = 0; member < 3; ++member) {
    ClusterConfig own = kCluster;
    own.member = member;
    const TargetSet set = BuildTargets(Job("j"), {*Targets("a", 0, 100)}, own);
    const ClusterStatus of_member = View(kCluster, groups, "j", member);
    CHECK(set.active.size() == of_member.targets.size());
    CHECK(set.active.size() + set.elsewhere.size() == 100);
    for (const TargetElsewhere& target : set.elsewhere) {
      CHECK(target.members.size() == 2);
      CHECK(std::count(target.members.begin(), target.members.end(), member) == 0);
    }
  }
}

TEST_CASE("the targets of one job can be asked for", "[cluster]") {
  const ClusterStatus status = View(kCluster, {Targets("a", 0, 60)}, "k");
  REQUIRE(status.targets.size() == 5);
  CHECK(status.targets[0].job == "k");
  CHECK(status.targets[0].url.starts_with("http://h"));
  CHECK(std::accumulate(status.counts.begin(), status.counts.end(), 0U) == 130);
}

TEST_CASE("targets above the bound are counted and not shown", "[cluster]") {
  const ClusterStatus status = View(kCluster, {Targets("a", 0, 12'000)});
  CHECK(status.targets.size() == ClusterStatus::kTargetsShownMax);
  CHECK(status.left_out == 2'005);
  CHECK(std::accumulate(status.counts.begin(), status.counts.end(), 0U) == 24'010);
}

TEST_CASE("without a cluster there is one member, which scrapes everything", "[cluster]") {
  const ClusterStatus status = View({}, {Targets("a", 0, 10)});
  CHECK(status.counts == std::vector<uint64_t>{15});
  CHECK(BuildTargets(Job("j"), {*Targets("a", 0, 10)}).active.size() == 10);
}

}  // namespace
}  // namespace sluice::scrape
