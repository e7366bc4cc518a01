// An entry of kuma_sd_configs.
#pragma once

#include "agent/config/decoder.h"
#include "scrape/discovery/kuma/kuma_sd_config.h"

namespace sluice::agent {

scrape::KumaSdConfig DecodeKumaSd(const Value& value);

}  // namespace sluice::agent
