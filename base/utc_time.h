// Times of day in texts of other programs.
#pragma once

#include <optional>
#include <string_view>

#include "base/clock.h"

namespace sluice {

// RFC 3339 with `T` and a zone ("Z" or "+01:00"); fractions below a millisecond are cut off.
// Nothing for any other text.
std::optional<TimestampMs> ParseUtcTime(std::string_view text);

}  // namespace sluice
