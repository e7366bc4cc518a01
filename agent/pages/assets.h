// The files that pages load, from agent/pages/assets/, as they are in the binary.
#pragma once

#include <string_view>

namespace sluice::agent {

struct Asset {
  std::string_view content_type;  // empty: there is no such file
  std::string_view content;
};

// By its path, "static/pages.css".
Asset FindAsset(std::string_view path);

}  // namespace sluice::agent
