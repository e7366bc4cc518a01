// The section `scrape_configs`.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "agent/config/decoder.h"
#include "agent/config/global_section.h"
#include "scrape/job_config.h"

namespace sluice::agent {

// Where the job of each name stands, `FILE:LINE`.
using JobNames = std::map<std::string, std::string>;

// Adds the jobs to `names` and refuses those that are there already.
std::vector<scrape::JobConfig> DecodeScrapeConfigs(const Value& list, const GlobalSection& global,
                                                   JobNames& names);

}  // namespace sluice::agent
