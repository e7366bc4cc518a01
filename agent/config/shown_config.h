// The configuration as /api/v1/status/config shows it.
#pragma once

#include <string>
#include <vector>

#include "agent/config/global_section.h"
#include "base/yaml.h"
#include "scrape/job_config.h"

namespace sluice::agent {

// YAML: what the main file says, in the order of Prometheus's documentation, with defaults and
// with what jobs inherit filled in, secrets as `<secret>`, URLs without user and password.
//
// `root` has been decoded without an error, into `global` and, job by job, into `jobs`.
std::string ShowConfig(const YamlNode& root, const GlobalSection& global,
                       const std::vector<scrape::JobConfig>& jobs);

}  // namespace sluice::agent
