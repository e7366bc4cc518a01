// An entry of linode_sd_configs.
#pragma once

#include "agent/config/decoder.h"
#include "scrape/discovery/linode/linode_sd_config.h"

namespace sluice::agent {

scrape::LinodeSdConfig DecodeLinodeSd(const Value& value);

}  // namespace sluice::agent
