#include "scrape/cluster_view.h"

#include <algorithm>
#include <utility>

#include "base/public_url.h"
#include "scrape/target.h"

namespace sluice::scrape {

ClusterView::ClusterView(ClusterConfig cluster, std::string_view job,
                         std::optional<uint32_t> member)
    : job_(job), member_(member) {
  status_.counts.resize(cluster.members);
  status_.cluster = std::move(cluster);
}

bool ClusterView::IsWanted(const JobConfig& job, const std::vector<uint32_t>& members) const {
  if (!job_.empty() && job.name != job_) return false;
  return !member_ || std::find(members.begin(), members.end(), *member_) != members.end();
}

void ClusterView::Add(const JobConfig& job, const std::vector<TargetGroupPtr>& groups) {
  std::unordered_set<uint64_t> seen;
  for (const TargetGroupPtr& group : groups) {
    for (Target& target : BuildTargets(job, {*group}).active) {
      if (!seen.insert(target.identity).second) continue;
      std::vector<uint32_t> members =
          ScrapingMembers(status_.cluster, ClusterHash(target.url, target.labels));
      for (const uint32_t member : members) ++status_.counts.at(member);
      if (!IsWanted(job, members)) continue;
      if (status_.targets.size() == ClusterStatus::kTargetsShownMax) {
        ++status_.left_out;
        continue;
      }
      status_.targets.push_back({.job = job.name,
                                 .url = PublicUrl(target.url),
                                 .labels = std::move(target.labels),
                                 .members = std::move(members)});
    }
  }
}

}  // namespace sluice::scrape
