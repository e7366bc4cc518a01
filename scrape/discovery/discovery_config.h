// Which discovery a job has: one entry of a `*_sd_configs` list.
#pragma once

#include <string>
#include <variant>

#include "scrape/discovery/file/file_sd_config.h"

namespace sluice::scrape {

using DiscoveryMechanism = std::variant<FileSdConfig>;

struct DiscoveryConfig {
  // Equal exactly when two entries mean the same, which then share one discovery. It has the
  // secrets in it: never to be shown.
  std::string identity;
  DiscoveryMechanism mechanism;
};

}  // namespace sluice::scrape
