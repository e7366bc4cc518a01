// Values of a YAML document as JSON.
#pragma once

#include <string>

#include "base/yaml.h"

namespace sluice::agent {

// As Go's yaml.v2 reads it and encoding/json writes it, but for numbers that JSON has no notation
// for, which become texts, as do the keys of maps.
std::string JsonOf(const YamlNode& node);

}  // namespace sluice::agent
