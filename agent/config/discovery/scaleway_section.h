// An entry of scaleway_sd_configs.
#pragma once

#include "agent/config/decoder.h"
#include "scrape/discovery/scaleway/scaleway_sd_config.h"

namespace sluice::agent {

scrape::ScalewaySdConfig DecodeScalewaySd(const Value& value);

}  // namespace sluice::agent
