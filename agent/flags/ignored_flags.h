// Flags of Prometheus that are accepted so that a command line can be kept, and have no effect.
#pragma once

#include <span>

#include "agent/flags/flag_spec.h"

namespace sluice::agent {

// Of both modes, or of agent mode alone.
std::span<const FlagSpec> IgnoredFlags();

// Those that Prometheus's agent mode refuses.
std::span<const FlagSpec> ServerFlags();

}  // namespace sluice::agent
