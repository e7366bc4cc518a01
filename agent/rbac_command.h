// `sluice rbac FILE`: the roles and bindings that a configuration needs in Kubernetes, as YAML.
#pragma once

#include <iosfwd>
#include <string>

#include "agent/config/config.h"

namespace sluice::agent {

// What the command line asks for.
struct RbacRequest {
  std::string config_file;
  std::string name = "sluice";    // of the roles, and of the service account
  std::string ns = "monitoring";  // that the agent runs in
};

// The exit status: 0, or 1 when the file does not load.
int RunRbacCommand(const RbacRequest& request, const Environment& environment, std::ostream& out,
                   std::ostream& err);

}  // namespace sluice::agent
