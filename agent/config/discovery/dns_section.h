// An entry of dns_sd_configs.
#pragma once

#include "agent/config/decoder.h"
#include "scrape/discovery/dns/dns_sd_config.h"

namespace sluice::agent {

scrape::DnsSdConfig DecodeDnsSd(const Value& value);

}  // namespace sluice::agent
