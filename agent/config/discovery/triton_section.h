// An entry of triton_sd_configs.
#pragma once

#include "agent/config/decoder.h"
#include "scrape/discovery/triton/triton_sd_config.h"

namespace sluice::agent {

scrape::TritonSdConfig DecodeTritonSd(const Value& value);

}  // namespace sluice::agent
