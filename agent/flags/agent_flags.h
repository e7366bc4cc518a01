// The flags of the agent: ours and Prometheus's, with their names, defaults and what they change.
#pragma once

#include <string>
#include <vector>

#include "agent/flags/flag_reader.h"
#include "agent/flags/flag_spec.h"
#include "agent/options.h"
#include "base/result.h"

namespace sluice::agent {

// In the order in which --help shows them.
FlagSpecs AgentFlagSpecs();

// Changes what the given flags say. Errors name the flag. Flags that are accepted for the sake of
// the command line alone are noted in options.ignored.
Status ApplyAgentFlags(const FlagValues& values, Options& options);

// Those among the given flags that Prometheus refuses in agent mode, with their dashes.
std::vector<std::string> ServerOnlyFlags(const FlagValues& values);

}  // namespace sluice::agent
