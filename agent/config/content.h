// Whether a value of the configuration says anything.
#pragma once

#include <string_view>

#include "agent/config/decoder.h"

namespace sluice::agent {

// Whether there is more than nothing, "", false, 0, "0s", an empty list, or a map of such.
bool HasContent(const Value& value);

// `field X is not supported yet`, unless there is nothing in it: a configuration must never do less
// than it says in silence.
void FailUnlessEmpty(const Value& value, std::string_view name);

}  // namespace sluice::agent
