// `sluice targets FILE [JOB...]`: what a configuration discovers, and what becomes of it.
#pragma once

#include <chrono>
#include <functional>
#include <iosfwd>
#include <string>
#include <vector>

#include "agent/config/config.h"
#include "scrape/cluster.h"
#include "scrape/discovery/discover_once.h"

namespace sluice::agent {

// What the command line asks for.
struct TargetsRequest {
  std::string config_file;
  std::vector<std::string> jobs;  // none: all
  std::chrono::milliseconds timeout{30'000};
  bool json = false;
  scrape::ClusterConfig cluster;  // whose member is asked for
};

struct TargetsCommand {
  TargetsRequest request;
  Environment environment;
  // The first sets of discoveries, in their order.
  std::function<std::vector<scrape::FirstSet>(const std::vector<scrape::DiscoveryConfig>&)>
      discover;
};

// The exit status: 0, or 1 when the file does not load, there is no such job, or a discovery
// failed; what the others found is printed nevertheless.
int RunTargetsCommand(const TargetsCommand& command, std::ostream& out, std::ostream& err);

}  // namespace sluice::agent
