#include "scrape/cluster.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

namespace sluice::scrape {
namespace {

constexpr int kTargets = 20'000;

uint64_t HashOf(int target) {
  const std::string address =
      "10.0." + std::to_string(target / 250) + "." + std::to_string(target % 250) + ":9100";
  return ClusterHash("http://" + address + "/metrics", {{"instance", address}, {"job", "node"}});
}

ClusterConfig Cluster(uint32_t members, uint32_t member = 0, uint32_t replication = 1) {
  return {.members = members, .member = member, .replication = replication, .name = {}};
}

std::vector<uint32_t> Sorted(std::vector<uint32_t> members) {
  std::sort(members.begin(), members.end());
  return members;
}

TEST_CASE("who scrapes a target never changes", "[cluster]") {
  const uint64_t hash = ClusterHash("http://h:1/metrics", {{"instance", "h:1"}, {"job", "j"}});
  CHECK(hash == 2396863785079549900U);
  CHECK(ScrapingMembers(Cluster(3, 0, 3), hash) == std::vector<uint32_t>{1, 0, 2});
  CHECK(ScrapingMembers(Cluster(10, 0, 3), hash) == std::vector<uint32_t>{5, 1, 9});
  CHECK(ScrapingMembers(Cluster(10, 0, 3), 0) == std::vector<uint32_t>{1, 0, 8});
}

TEST_CASE("the labels and the URL of a target decide, and nothing runs together", "[cluster]") {
  std::set<uint64_t> hashes = {
      ClusterHash("http://h:1/", {{"a", "b"}}),  ClusterHash("http://h:1/", {{"a", "c"}}),
      ClusterHash("http://h:1/", {{"ab", "b"}}), ClusterHash("http://h:1/", {{"a", "bb"}}),
      ClusterHash("http://h:2/", {{"a", "b"}}),  ClusterHash("http://h:1/", {})};
  CHECK(hashes.size() == 6);
}

TEST_CASE("every target has as many members as it is replicated, all different", "[cluster]") {
  for (const uint32_t replication : {1U, 2U, 3U}) {
    for (int i = 0; i < 500; ++i) {
      const auto members = ScrapingMembers(Cluster(5, 0, replication), HashOf(i));
      CHECK(std::set<uint32_t>(members.begin(), members.end()).size() == replication);
      for (uint32_t member = 0; member < 5; ++member) {
        const bool is_among = std::find(members.begin(), members.end(), member) != members.end();
        CHECK(IsScrapedHere(Cluster(5, member, replication), HashOf(i)) == is_among);
      }
    }
  }
}

TEST_CASE("more replicas than members is all members", "[cluster]") {
  CHECK(Sorted(ScrapingMembers(Cluster(2, 0, 5), 1)) == std::vector<uint32_t>{0, 1});
  CHECK(IsScrapedHere(Cluster(2, 0, 5), 1));
  CHECK(IsScrapedHere(Cluster(2, 1, 5), 1));
  CHECK(IsScrapedHere(Cluster(1), 1));
}

TEST_CASE("members share the targets evenly", "[cluster]") {
  for (const uint32_t members : {2U, 3U, 10U, 50U}) {
    std::vector<int> counts(members);
    for (int i = 0; i < kTargets; ++i) {
      ++counts[ScrapingMembers(Cluster(members), HashOf(i)).front()];
    }
    const double share = static_cast<double>(kTargets) / members;
    for (const int count : counts) CHECK(std::abs(count - share) < 5 * std::sqrt(share));
  }
}

TEST_CASE("one more member moves its share and nothing else", "[cluster]") {
  for (const uint32_t members : {2U, 3U, 10U, 50U}) {
    for (const uint32_t replication : {1U, 2U}) {
      int moved = 0;
      for (int i = 0; i < kTargets; ++i) {
        const auto before = Sorted(ScrapingMembers(Cluster(members, 0, replication), HashOf(i)));
        const auto after = Sorted(ScrapingMembers(Cluster(members + 1, 0, replication), HashOf(i)));
        if (before == after) continue;
        ++moved;
        // Only the new one takes anything over.
        std::vector<uint32_t> gained;
        std::set_difference(after.begin(), after.end(), before.begin(), before.end(),
                            std::back_inserter(gained));
        REQUIRE(gained == std::vector<uint32_t>{members});
      }
      const double ideal = static_cast<double>(kTargets) * replication / (members + 1);
      INFO(members << " members, " << replication << " replicas: " << moved << " moved, ideally "
                   << ideal);
      CHECK(std::abs(moved - ideal) < 5 * std::sqrt(ideal));
    }
  }
}

TEST_CASE("a member is a number or the name of a pod", "[cluster]") {
  CHECK(*ParseMemberNumber("0") == 0);
  CHECK(*ParseMemberNumber("17") == 17);
  CHECK(*ParseMemberNumber("sluice-3") == 3);
  CHECK(*ParseMemberNumber("my-sluice-12") == 12);
  for (const char* bad :
       {"", "sluice", "sluice-", "3-a", "-", "1.5", "99999999999", "$(POD_NAME)"}) {
    CHECK_FALSE(ParseMemberNumber(bad).ok());
  }
}

TEST_CASE("a member that is none of the cluster is refused", "[cluster]") {
  CHECK(CheckCluster(Cluster(3, 2)).ok());
  CHECK(CheckCluster(Cluster(1, 7)).ok());
  CHECK(CheckCluster(Cluster(3, 3)).error().message ==
        "member 3 of a cluster of 3: members are counted from 0");
  CHECK_FALSE(CheckCluster(Cluster(3, 0, 0)).ok());
  CHECK_FALSE(CheckCluster(Cluster(10'001)).ok());
}

}  // namespace
}  // namespace sluice::scrape
