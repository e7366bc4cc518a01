// YAML nodes as text.
#pragma once

#include <string>

#include "base/yaml.h"

namespace sluice::agent {

// In block style, with the quotes that are needed; ParseYaml reads an equal tree from it, but for
// the places. Nodes must be of the kinds that ParseYaml makes.
std::string WriteYaml(const YamlNode& node);

}  // namespace sluice::agent
