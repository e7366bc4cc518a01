// `sluice plan NEW [--config.file OLD]`: what a reload would change.
#pragma once

#include <chrono>
#include <functional>
#include <iosfwd>
#include <string>
#include <vector>

#include "agent/config/config.h"
#include "agent/plan/plan.h"
#include "scrape/cluster.h"
#include "scrape/discovery/discover_once.h"

namespace sluice::agent {

// What the command line asks for.
struct PlanRequest {
  std::string new_file;
  std::string old = "prometheus.yml";  // a file, or the URL of an agent that runs
  std::chrono::milliseconds timeout{30'000};
  scrape::ClusterConfig cluster;  // whose member is asked for
};

struct PlanCommand {
  PlanRequest request;
  Environment environment;
  // The first sets of discoveries, in their order.
  std::function<std::vector<scrape::FirstSet>(const std::vector<scrape::DiscoveryConfig>&)>
      discover;
  // The body of what is at a URL.
  std::function<Result<std::string>(const std::string& url)> fetch;
};

// The exit status: 0 when nothing would change, 3 when something would, 2 when a configuration does
// not load, 1 when something could not be found out; what was found is printed nevertheless.
int RunPlanCommand(const PlanCommand& command, std::ostream& out, std::ostream& err);

}  // namespace sluice::agent
