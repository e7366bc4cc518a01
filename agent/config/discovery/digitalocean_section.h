// An entry of digitalocean_sd_configs.
#pragma once

#include "agent/config/decoder.h"
#include "scrape/discovery/digitalocean/digitalocean_sd_config.h"

namespace sluice::agent {

scrape::DigitalOceanSdConfig DecodeDigitalOceanSd(const Value& value);

}  // namespace sluice::agent
