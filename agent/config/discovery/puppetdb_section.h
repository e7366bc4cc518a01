// An entry of puppetdb_sd_configs.
#pragma once

#include "agent/config/decoder.h"
#include "scrape/discovery/puppetdb/puppetdb_sd_config.h"

namespace sluice::agent {

scrape::PuppetDbSdConfig DecodePuppetDbSd(const Value& value);

}  // namespace sluice::agent
