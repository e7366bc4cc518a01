// An entry of http_sd_configs.
#pragma once

#include "agent/config/decoder.h"
#include "scrape/discovery/http/http_sd_config.h"

namespace sluice::agent {

scrape::HttpSdConfig DecodeHttpSd(const Value& value);

}  // namespace sluice::agent
