// What becomes of each thing that was discovered, and why: for tools that show it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "relabel/labels.h"
#include "scrape/job_config.h"
#include "scrape/target.h"

namespace sluice::scrape {

struct ExplainedTarget {
  relabel::Labels discovered_labels;
  std::optional<Target> target;               // absent when there is none
  std::optional<size_t> dropped_by;           // the rule of relabel_configs, from 0
  std::string error;                          // why it cannot be scraped
  std::vector<uint32_t> scraped_by;           // other members of the cluster; the target is there
  std::optional<relabel::Labels> is_same_as;  // discovered labels of an equal target before it
};

// The same decisions as BuildTargets(), one for each thing that was discovered, in its order. Pure.
std::vector<ExplainedTarget> ExplainTargets(const JobConfig& job, const TargetGroups& groups,
                                            const ClusterConfig& cluster = {});

}  // namespace sluice::scrape
