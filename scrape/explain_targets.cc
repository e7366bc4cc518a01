#include "scrape/explain_targets.h"

#include <unordered_map>
#include <utility>

#include "relabel/program.h"

namespace sluice::scrape {
namespace {

ExplainedTarget Explain(const JobConfig& job, relabel::Labels discovered) {
  ExplainedTarget explained;
  relabel::LabelsBuilder builder(discovered);
  explained.discovered_labels = std::move(discovered);
  const auto note = [&](const relabel::TraceStep& step) {
    if (!step.kept) explained.dropped_by = step.rule_index;
  };
  if (!job.relabel.ApplyTraced(builder, note)) return explained;
  Result<Target> target = FinishTarget(job, builder);
  if (!target.ok()) {
    explained.error = target.error().message;
    return explained;
  }
  explained.target = std::move(*target);
  return explained;
}

}  // namespace

std::vector<ExplainedTarget> ExplainTargets(const JobConfig& job, const TargetGroups& groups,
                                            const ClusterConfig& cluster) {
  std::vector<ExplainedTarget> all;
  std::unordered_map<uint64_t, size_t> seen;  // by identity, its place
  for (const TargetGroup& group : groups) {
    for (const relabel::Labels& own : group.targets) {
      ExplainedTarget explained = Explain(job, DiscoveredLabels(job, group, own));
      if (explained.target) {
        const auto [first, is_new] = seen.emplace(explained.target->identity, all.size());
        if (!is_new) {
          explained.is_same_as = all[first->second].discovered_labels;
          explained.target.reset();
        } else if (cluster.is_on()) {
          const uint64_t hash = ClusterHash(explained.target->url, explained.target->labels);
          if (!IsScrapedHere(cluster, hash)) explained.scraped_by = ScrapingMembers(cluster, hash);
        }
      }
      all.push_back(std::move(explained));
    }
  }
  return all;
}

}  // namespace sluice::scrape
