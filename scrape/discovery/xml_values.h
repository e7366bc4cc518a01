// Numbers and truth in XML, as Go's encoding/xml reads them.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/result.h"

namespace sluice::scrape {

// " 80 " -> 80; nothing is zero.
Result<int64_t> XmlInteger(std::string_view text);

// "1", "t", "T", "TRUE", "true", "True" and their opposites; nothing is false.
Result<bool> XmlBool(std::string_view text);

}  // namespace sluice::scrape
