// What there is to show of a job, computed when somebody asks: what was discovered is relabeled
// again rather than kept with every target, as nobody asks often and there may be many.
#pragma once

#include <cstdint>
#include <memory>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "scrape/cluster.h"
#include "scrape/job_config.h"
#include "scrape/scraper.h"
#include "scrape/target_group.h"

namespace sluice::scrape {

// A pool at one moment; cheap to take.
struct PoolView {
  std::shared_ptr<const JobConfig> job;
  ClusterConfig cluster;
  std::vector<TargetGroupPtr> groups;          // all that was discovered
  std::unordered_map<uint64_t, uint64_t> ids;  // of the targets that are scraped, by identity
  std::unordered_set<uint64_t> restored;       // ids of targets known from before the start
  uint64_t dropped_count = 0;                  // of all targets
};

// All of them at one moment, and how their targets fare, without discovered labels.
struct ScraperView {
  std::vector<PoolView> pools;  // by job
  std::vector<TargetStatus> scraped;
};

// More dropped targets of a job are only counted.
inline constexpr size_t kDroppedShownMax = 10'000;

// Adds the job and its dropped targets to `status`, and says of its scraped ones, found by their
// ids, what they were discovered as. Pure.
void DescribePool(const PoolView& view, const std::unordered_map<uint64_t, TargetStatus*>& scraped,
                  ScraperStatus& status);

}  // namespace sluice::scrape
