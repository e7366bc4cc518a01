// An entry of uyuni_sd_configs.
#pragma once

#include "agent/config/decoder.h"
#include "scrape/discovery/uyuni/uyuni_sd_config.h"

namespace sluice::agent {

scrape::UyuniSdConfig DecodeUyuniSd(const Value& value);

}  // namespace sluice::agent
