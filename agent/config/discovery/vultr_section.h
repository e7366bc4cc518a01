// An entry of vultr_sd_configs.
#pragma once

#include "agent/config/decoder.h"
#include "scrape/discovery/vultr/vultr_sd_config.h"

namespace sluice::agent {

scrape::VultrSdConfig DecodeVultrSd(const Value& value);

}  // namespace sluice::agent
