// A scrape configuration as vmagent reads it, made into Prometheus's.
#pragma once

#include <string>
#include <vector>

#include "agent/config/config.h"
#include "agent/vmagent/vmagent_values.h"
#include "base/yaml.h"

namespace sluice::agent {

// Fills in vmagent's defaults and what its flags say, spells its own fields as Prometheus does, and
// takes out those without an effect here, with a warning each. What it does not know stays.
void AdaptScrapeConfig(const VmagentValues& values, const Environment& environment, YamlNode& root,
                       std::vector<std::string>& warnings);

// The same for one of scrape_config_files, which is a list of jobs alone.
void AdaptScrapeFile(const VmagentValues& values, const Environment& environment, YamlNode& root,
                     std::vector<std::string>& warnings);

}  // namespace sluice::agent
