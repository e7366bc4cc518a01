// Asks discoveries once: for tools, which want an answer and no updates.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "base/clock.h"
#include "scrape/discovery/discovery_config.h"
#include "scrape/target_group.h"

namespace sluice::scrape {

// The first set of one discovery.
struct FirstSet {
  bool complete = false;              // whether there was one in time
  TargetGroups groups;                // sorted by source
  std::vector<std::string> errors;    // each once, in order: what failed
  std::vector<std::string> warnings;  // likewise: entries that were left out, and the like
};

struct DiscoverOnceOptions {
  std::chrono::milliseconds timeout{30'000};
  std::string user_agent = "sluice";
};

// Runs all of them at once until each has told its first set, or until the timeout. Those that fail
// are tried again until then. What they found is in the order of `configs`; discoveries that are
// the same run once. Blocks; threads of its own come and go.
std::vector<FirstSet> DiscoverOnce(const std::vector<DiscoveryConfig>& configs,
                                   const DiscoverOnceOptions& options, const Clock& clock);

}  // namespace sluice::scrape
