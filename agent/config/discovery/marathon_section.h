// An entry of marathon_sd_configs.
#pragma once

#include "agent/config/decoder.h"
#include "scrape/discovery/marathon/marathon_sd_config.h"

namespace sluice::agent {

scrape::MarathonSdConfig DecodeMarathonSd(const Value& value);

}  // namespace sluice::agent
