// An entry of eureka_sd_configs.
#pragma once

#include "agent/config/decoder.h"
#include "scrape/discovery/eureka/eureka_sd_config.h"

namespace sluice::agent {

scrape::EurekaSdConfig DecodeEurekaSd(const Value& value);

}  // namespace sluice::agent
