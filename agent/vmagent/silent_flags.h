// The flags of vmagent that have nothing to act on in Sluice.
#pragma once

#include <span>

#include "agent/vmagent/vmagent_flags.h"

namespace sluice::agent {

std::span<const VmagentFlag> SilentVmagentFlags();

}  // namespace sluice::agent
