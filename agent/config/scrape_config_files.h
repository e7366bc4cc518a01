// scrape_config_files: jobs that stand in files of their own.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "agent/config/config.h"
#include "agent/config/global_section.h"
#include "agent/config/scrape_section.h"
#include "base/result.h"

namespace sluice::agent {

// Appends the jobs of all files that match `patterns` now, in the order of the patterns and of the
// names; a pattern without a match is no error. `names` are those of the jobs before. Errors name
// the file that they are in.
Status AddScrapeConfigFiles(const std::vector<std::string>& patterns, const GlobalSection& global,
                            JobNames& names, Config& config, const ConfigAdapter& adapt = {});

// The same for one file of this content.
Status AddScrapeConfigs(std::string_view text, const std::string& path, const GlobalSection& global,
                        JobNames& names, Config& config, const ConfigAdapter& adapt = {});

}  // namespace sluice::agent
