// static_configs and file_sd_configs: where the targets of a job come from.
#pragma once

#include <string>
#include <vector>

#include "agent/config/decoder.h"
#include "scrape/job_config.h"

namespace sluice::agent {

// Addresses with a slash are refused unless `has_relabeling`, which may still mend them.
std::vector<scrape::TargetGroup> DecodeStaticConfigs(const Value& list, bool has_relabeling);

// Relative paths belong to the folder of the configuration file.
std::vector<scrape::FileSdConfig> DecodeFileSdConfigs(const Value& list);

// `path` as seen from the folder of `config_file`.
std::string ResolvePath(const std::string& path, const std::string& config_file);

}  // namespace sluice::agent
