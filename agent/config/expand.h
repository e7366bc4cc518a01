// Variables in external labels, in the syntax of Go's os.Expand.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "agent/config/config.h"

namespace sluice::agent {

// `$NAME`, `${NAME}`; `$$` is a dollar. Variables that are undefined or empty expand to nothing and
// are added to `missing`.
std::string ExpandVariables(std::string_view text, const Environment& environment,
                            std::vector<std::string>& missing);

}  // namespace sluice::agent
