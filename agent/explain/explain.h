// Follows series and targets from their discovery to the receivers, on demand: nothing is kept for
// it while nobody asks.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/explain/explanation.h"
#include "agent/selector.h"
#include "base/clock.h"
#include "remotewrite/destination_config.h"
#include "remotewrite/destinations.h"
#include "remotewrite/quarantine.h"
#include "scrape/page_view.h"
#include "scrape/pool_view.h"

namespace sluice::agent {

using DestinationConfigs = std::vector<remotewrite::DestinationConfig>;

// The agent at one moment.
struct AgentView {
  scrape::ScraperView scraper;
  std::shared_ptr<const DestinationConfigs> destinations;  // those of the configuration
  std::vector<remotewrite::DestinationStatus> statuses;
  TimestampMs now_ms = 0;
};

struct ExplainDeps {
  // The last page of a scraped target, by its id.
  std::function<Result<scrape::PageView>(uint64_t id)> page_of;
  // What this destination, by the name it is shown by, last said of a series that it refused.
  std::function<std::optional<remotewrite::Refusal>(const std::string& destination,
                                                    const relabel::Labels& series)>
      refusal_of;
  // Whether to come to an end with what there is.
  std::function<bool()> is_out_of_time;
};

// More paths are only counted.
inline constexpr size_t kPathsShownMax = 20;

// A selector that names a metric, or a label that is no target's, asks for series; any other one
// asks for targets. Without `deps` it would be pure.
Explanation Explain(const Selector& selector, const AgentView& agent, const ExplainDeps& deps);

}  // namespace sluice::agent
