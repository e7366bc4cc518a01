// The section `scrape_configs`.
#pragma once

#include <vector>

#include "agent/config/decoder.h"
#include "agent/config/global_section.h"
#include "scrape/job_config.h"

namespace sluice::agent {

std::vector<scrape::JobConfig> DecodeScrapeConfigs(const Value& list, const GlobalSection& global);

}  // namespace sluice::agent
