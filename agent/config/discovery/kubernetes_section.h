// An entry of kubernetes_sd_configs.
#pragma once

#include "agent/config/decoder.h"
#include "scrape/discovery/kubernetes/kubernetes_sd_config.h"

namespace sluice::agent {

// Of an entry that has been checked. Relative paths belong to the folder of the configuration file.
scrape::KubernetesSdConfig DecodeKubernetesSd(const Value& value);

}  // namespace sluice::agent
