// Target groups of endpoints and of slices of them, joined with the pods and services behind them.
// Pure.
#pragma once

#include "base/json.h"
#include "scrape/discovery/kubernetes/kubernetes_sd_config.h"
#include "scrape/discovery/kubernetes/object_groups.h"
#include "scrape/target_group.h"

namespace sluice::scrape {

// `group` has its source.
void BuildEndpoints(const JsonView& endpoints, const KubernetesSdConfig& config,
                    ObjectLookup& lookup, TargetGroup& group);

void BuildEndpointSlice(const JsonView& slice, const KubernetesSdConfig& config,
                        ObjectLookup& lookup, TargetGroup& group);

}  // namespace sluice::scrape
