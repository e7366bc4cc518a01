#include "agent/api/cluster_api.h"

#include <utility>

#include "agent/api/json_tree.h"

namespace sluice::agent {

std::string ClusterJson(const scrape::ClusterStatus& status) {
  Json counts = Json::array();
  for (size_t member = 0; member < status.counts.size(); ++member) {
    counts.push_back(Json{{"member", member}, {"targets", status.counts[member]}});
  }
  Json targets = Json::array();
  for (const scrape::ClusterStatus::Target& target : status.targets) {
    targets.push_back(Json{{"scrapePool", target.job},
                           {"scrapeUrl", target.url},
                           {"labels", LabelsJson(target.labels)},
                           {"members", target.members}});
  }
  return Dump(Json{{"name", status.cluster.name},
                   {"member", status.cluster.member},
                   {"membersCount", status.cluster.members},
                   {"replicationFactor", status.cluster.replication},
                   {"members", std::move(counts)},
                   {"targets", std::move(targets)},
                   {"targetsLeftOut", status.left_out}});
}

}  // namespace sluice::agent
