// Paths with wildcards, as rule_files and scrape_config_files have them.
#pragma once

#include <string_view>

namespace sluice::agent {

// Whether wildcards begin in the last path element only.
inline bool IsGlobPath(std::string_view path) {
  const size_t star = path.find('*');
  return star == std::string_view::npos || path.find('/', star) == std::string_view::npos;
}

}  // namespace sluice::agent
