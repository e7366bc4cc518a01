// A configuration that people may see.
#pragma once

#include "base/yaml.h"

namespace sluice::agent {

// Puts `<secret>` in the place of all secrets, also of those in URLs.
void HideSecrets(YamlNode& node);

}  // namespace sluice::agent
