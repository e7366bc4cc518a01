// Whether a configuration has changed on disk.
#pragma once

#include <string>

#include "base/result.h"

namespace sluice::agent {

// A text that changes when the main file or one of its scrape_config_files does, or when one comes
// or goes. Fails when the main file cannot be read.
Result<std::string> ConfigChecksum(const std::string& path);

}  // namespace sluice::agent
