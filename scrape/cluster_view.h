// Who scrapes what, computed from what was discovered.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "scrape/cluster.h"
#include "scrape/job_config.h"
#include "scrape/scraper.h"
#include "scrape/target_group.h"

namespace sluice::scrape {

// Pure. Thread-compatible.
class ClusterView {
 public:
  // Shows the targets of one job and of one member only, if these are given.
  ClusterView(ClusterConfig cluster, std::string_view job, std::optional<uint32_t> member);

  // All that a job found.
  void Add(const JobConfig& job, const std::vector<TargetGroupPtr>& groups);

  ClusterStatus Take() { return std::move(status_); }

 private:
  bool IsWanted(const JobConfig& job, const std::vector<uint32_t>& members) const;

  const std::string job_;
  const std::optional<uint32_t> member_;
  ClusterStatus status_;
};

}  // namespace sluice::scrape
