// An entry of azure_sd_configs.
#pragma once

#include "agent/config/decoder.h"
#include "scrape/discovery/azure/azure_sd_config.h"

namespace sluice::agent {

scrape::AzureSdConfig DecodeAzureSd(const Value& value);

}  // namespace sluice::agent
