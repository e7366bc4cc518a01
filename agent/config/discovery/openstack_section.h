// An entry of openstack_sd_configs.
#pragma once

#include "agent/config/decoder.h"
#include "scrape/discovery/openstack/openstack_sd_config.h"

namespace sluice::agent {

scrape::OpenStackSdConfig DecodeOpenStackSd(const Value& value);

}  // namespace sluice::agent
