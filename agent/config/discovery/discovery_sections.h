// The `*_sd_configs` of a scrape job: one table of those that work.
#pragma once

#include <string_view>
#include <vector>

#include "agent/config/decoder.h"
#include "scrape/discovery/discovery_config.h"

namespace sluice::agent {

// Also of the mechanisms that do not work yet.
std::vector<std::string_view> DiscoveryFields();

// Of all mechanisms, in the order of the table. All that Prometheus knows are checked; one that
// does not work yet is refused.
std::vector<scrape::DiscoveryConfig> DecodeDiscoveries(const Fields& fields);

}  // namespace sluice::agent
