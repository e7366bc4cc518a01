// Which members of a cluster of agents scrape a target: rendezvous hashing, so that another number
// of members moves only the share that it must.
//
// Pure. The result is part of the interface: members of different versions must agree, so it never
// changes.
//   target   XXH64 (seed 0) over the URL, then 0xff, and for each public label, sorted by name:
//            name, 0xff, value, 0xff.
//   weight   of a member: XXH64 (seed 0) over 12 bytes: the hash of the target (8, little-endian)
//            and the number of the member (4, little-endian).
//   choice   the `replication` members of the greatest weights; of equal ones the lower number.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "relabel/labels.h"

namespace sluice::scrape {

struct ClusterConfig {
  static constexpr uint32_t kMembersMax = 10'000;

  uint32_t members = 1;      // 1: no cluster
  uint32_t member = 0;       // this one
  uint32_t replication = 1;  // how many members scrape each target
  std::string name;          // tells clusters apart that scrape the same targets

  bool is_on() const { return members > 1; }
};

// "3", or the name of a pod of a StatefulSet: "sluice-3".
Result<uint32_t> ParseMemberNumber(std::string_view text);

// What cannot be meant.
Status CheckCluster(const ClusterConfig& cluster);

uint64_t ClusterHash(std::string_view url, const relabel::Labels& labels);

// Who scrapes it, the one with the greatest weight first.
std::vector<uint32_t> ScrapingMembers(const ClusterConfig& cluster, uint64_t target_hash);

// "scraped by member 2", "scraped by members 0 and 3".
std::string ScrapedBy(const std::vector<uint32_t>& members);

// Whether this member is among them.
bool IsScrapedHere(const ClusterConfig& cluster, uint64_t target_hash);

}  // namespace sluice::scrape
