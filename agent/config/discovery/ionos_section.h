// An entry of ionos_sd_configs.
#pragma once

#include "agent/config/decoder.h"
#include "scrape/discovery/ionos/ionos_sd_config.h"

namespace sluice::agent {

scrape::IonosSdConfig DecodeIonosSd(const Value& value);

}  // namespace sluice::agent
