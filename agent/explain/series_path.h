// The second part of a way: from a line of a page to the log, and from there to the receivers.
#pragma once

#include <vector>

#include "agent/explain/explain.h"
#include "agent/explain/explanation.h"
#include "scrape/explain_series.h"
#include "scrape/page_view.h"

namespace sluice::agent {

// Adds what became of a series of the target's last page. Pure.
void ExplainSeries(const scrape::PageView& page, const scrape::ExplainedSeries& series, Path& path);

// Adds what becomes of a stored series of a target at each destination. Pure.
void ExplainDeliveries(const AgentView& agent, const relabel::Labels& target_labels,
                       const relabel::Labels& series, Path& path);

// All labels of a series as a destination would have them, whether they are sent or not.
relabel::Labels DeliveredLabels(const remotewrite::DestinationConfig& destination,
                                const relabel::Labels& series);

}  // namespace sluice::agent
