// An entry of hetzner_sd_configs.
#pragma once

#include "agent/config/decoder.h"
#include "scrape/discovery/hetzner/hetzner_sd_config.h"

namespace sluice::agent {

scrape::HetznerSdConfig DecodeHetznerSd(const Value& value);

}  // namespace sluice::agent
