// An entry of file_sd_configs.
#pragma once

#include "agent/config/decoder.h"
#include "scrape/discovery/file/file_sd_config.h"

namespace sluice::agent {

// Relative paths belong to the folder of the configuration file.
scrape::FileSdConfig DecodeFileSd(const Value& value);

}  // namespace sluice::agent
