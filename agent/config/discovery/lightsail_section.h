// An entry of lightsail_sd_configs.
#pragma once

#include "agent/config/decoder.h"
#include "scrape/discovery/lightsail/lightsail_sd_config.h"

namespace sluice::agent {

scrape::LightsailSdConfig DecodeLightsailSd(const Value& value);

}  // namespace sluice::agent
