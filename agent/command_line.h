// From argv to a command: `sluice [flags]` runs the agent, `sluice COMMAND` is a tool for users.
// The only place that includes CLI11.
#pragma once

#include <functional>
#include <string>

#include "agent/options.h"
#include "agent/plan/plan_command.h"
#include "agent/rbac_command.h"
#include "agent/targets_command.h"
#include "remotewrite/quarantine.h"
#include "scrape/entry.h"

namespace sluice::agent {

// What to do with each command; each returns the exit status of the process.
struct Commands {
  Environment environment;  // of the process
  std::function<int(const Options&)> run;
  std::function<int(const std::string& config_file, const ConfigFlags& flags)> check_config;
  std::function<int(const std::vector<std::string>& files)> check_web_config;
  std::function<int(const std::string& rules_file, bool trace,
                    const std::vector<std::string>& label_sets)>
      relabel;
  std::function<int(const TargetsRequest&)> targets;
  std::function<int(const PlanRequest&)> plan;
  std::function<int(const RbacRequest&)> rbac;
  // "-" = standard input.
  std::function<int(const std::string& file, scrape::PageFormat format)> parse;
  std::function<int(const std::string& directory, bool verify)> buffer_inspect;
  std::function<int(const std::string& directory, const std::string& destination)> buffer_forget;
  std::function<int(const std::string& directory, const remotewrite::QuarantineListing& listing)>
      buffer_quarantine;
};

// Parses and calls one command. A bad command line prints what is wrong and returns 2, as
// Prometheus does.
int RunCommandLine(int argc, const char* const* argv, const Commands& commands);

}  // namespace sluice::agent
