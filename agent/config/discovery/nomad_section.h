// An entry of nomad_sd_configs.
#pragma once

#include "agent/config/decoder.h"
#include "scrape/discovery/nomad/nomad_sd_config.h"

namespace sluice::agent {

scrape::NomadSdConfig DecodeNomadSd(const Value& value);

}  // namespace sluice::agent
