// A text for a YAML subtree that does not depend on how it was written down.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/yaml.h"

namespace sluice::agent {

// Without comments, styles, aliases, and the order of keys; of a map, without the keys in `skip`.
std::string CanonicalText(const YamlNode& node, std::span<const std::string_view> skip = {});

}  // namespace sluice::agent
