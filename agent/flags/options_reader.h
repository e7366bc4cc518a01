// From the arguments of `sluice [flags]` to the options of the agent.
#pragma once

#include <span>
#include <string>

#include "agent/config/config.h"
#include "agent/options.h"
#include "base/result.h"

namespace sluice::agent {

// What `--help` prints about flags.
std::string FlagsHelp();

struct ReadOptions {
  Options options;
  bool help = false;
  bool version = false;
  // Flags that Prometheus's agent mode refuses, when that was asked for: the process is to end with
  // status 3.
  std::vector<std::string> mismatched;
};

// Flags of Prometheus and ours, or of vmagent, or both. Errors are ready to be printed.
Result<ReadOptions> ReadOptionsFrom(std::span<const std::string> arguments,
                                    const Environment& environment);

}  // namespace sluice::agent
