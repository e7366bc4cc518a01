// An entry of consul_sd_configs.
#pragma once

#include "agent/config/decoder.h"
#include "scrape/discovery/consul/consul_sd_config.h"

namespace sluice::agent {

scrape::ConsulSdConfig DecodeConsulSd(const Value& value);

}  // namespace sluice::agent
