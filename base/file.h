// Files read whole.
#pragma once

#include <cstddef>
#include <string>

#include "base/result.h"

namespace sluice {

// The content of a file; `PATH: reason`, kNotFound when it does not exist, kResourceExhausted when
// it is larger than `bytes_max`. Devices and folders are refused, so that reading ends.
Result<std::string> ReadFile(const std::string& path, size_t bytes_max);

}  // namespace sluice
