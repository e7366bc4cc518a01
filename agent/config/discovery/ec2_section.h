// An entry of ec2_sd_configs.
#pragma once

#include "agent/config/decoder.h"
#include "scrape/discovery/ec2/ec2_sd_config.h"

namespace sluice::agent {

scrape::Ec2SdConfig DecodeEc2Sd(const Value& value);

}  // namespace sluice::agent
