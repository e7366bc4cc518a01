// An entry of gce_sd_configs.
#pragma once

#include "agent/config/decoder.h"
#include "scrape/discovery/gce/gce_sd_config.h"

namespace sluice::agent {

scrape::GceSdConfig DecodeGceSd(const Value& value);

}  // namespace sluice::agent
