// `sluice check-config FILE`: says whether a configuration would load.
#pragma once

#include <functional>
#include <iosfwd>
#include <string>
#include <vector>

#include "agent/config/config.h"
#include "base/result.h"

namespace sluice::agent {

struct ConfigChecks {
  Environment environment;
  ConfigFlags flags = {};
  // The files that match patterns of file discovery now.
  std::function<std::vector<std::string>(const std::vector<std::string>& patterns)> match_files;
  // Whether one of them can be read and holds target groups.
  std::function<Status(const std::string& path)> check_target_file;
};

// Reports in the manner of promtool. The exit status: 0, or 1 when something is wrong.
int CheckConfig(const std::string& path, const ConfigChecks& checks, std::ostream& out,
                std::ostream& err);

}  // namespace sluice::agent
