// What the `*_sd_configs` of Prometheus may say.
#pragma once

#include <span>

#include "agent/config/spec.h"

namespace sluice::agent {

// One list for each mechanism. static_configs are not among them.
std::span<const FieldSpec> DiscoverySpecs();

}  // namespace sluice::agent
