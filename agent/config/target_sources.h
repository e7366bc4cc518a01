// static_configs: targets that the configuration file names itself.
#pragma once

#include <string>
#include <vector>

#include "agent/config/decoder.h"
#include "scrape/target_group.h"

namespace sluice::agent {

// Addresses with a slash are refused unless `has_relabeling`, which may still mend them.
std::vector<scrape::TargetGroup> DecodeStaticConfigs(const Value& list, bool has_relabeling);

// `path` as seen from the folder of `config_file`.
std::string ResolvePath(const std::string& path, const std::string& config_file);

}  // namespace sluice::agent
