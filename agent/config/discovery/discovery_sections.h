// The `*_sd_configs` of a scrape job: one table of those that work.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "agent/config/decoder.h"
#include "scrape/discovery/discovery_config.h"

namespace sluice::agent {

std::span<const std::string_view> DiscoveryFields();

// Of all mechanisms, in the order of the table.
std::vector<scrape::DiscoveryConfig> DecodeDiscoveries(const Fields& fields);

}  // namespace sluice::agent
