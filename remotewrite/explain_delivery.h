// What one destination does to a series, step by step: for tools that show it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "relabel/labels.h"
#include "relabel/program.h"
#include "remotewrite/destination_config.h"

namespace sluice::remotewrite {

enum class SeriesFate {
  kSent,
  kDropped,        // by write_relabel_configs
  kUnfit,          // no metric name, a label without a name, or text that is not UTF-8
  kWithoutTenant,  // the URL names a tenant, and it has none that could stand there
  kElsewhere,      // another member of the group of destinations gets it
};

struct ExplainedDelivery {
  SeriesFate fate = SeriesFate::kSent;
  relabel::Labels relabeled;  // what write_relabel_configs get to see: with external labels
  // Of write_relabel_configs, up to the one that drops. Their rules are the destination's.
  std::vector<relabel::TraceStep> steps;
  std::optional<size_t> dropped_by;  // the rule, from 0
  relabel::Labels labels;            // as they are sent; empty unless they are
  std::string tenant;                // whose it is; empty: nobody's
};

// The same decisions as Project(). `series` with all its labels, as it is stored. Pure.
ExplainedDelivery ExplainDelivery(const DestinationConfig& destination,
                                  const relabel::Labels& series);

}  // namespace sluice::remotewrite
