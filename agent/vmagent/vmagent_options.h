// A command line of vmagent as options of the agent.
#pragma once

#include "agent/config/config.h"
#include "agent/flags/flag_spec.h"
#include "agent/options.h"
#include "base/result.h"

namespace sluice::agent {

// Whether any flag of vmagent is among them.
bool HasVmagentFlags(const FlagValues& values);

// Changes what they say; the configuration file is then read as vmagent reads it, and its
// destinations are those of the flags. Errors name the flag.
Status ApplyVmagentFlags(FlagValues values, const Environment& environment, Options& options);

}  // namespace sluice::agent
