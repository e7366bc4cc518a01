// Moments as people read them, in UTC.
#pragma once

#include <string>

#include "base/clock.h"

namespace sluice::agent {

// `2023-11-14 12:03:04`; `never` for 0.
std::string DateTimeText(TimestampMs time_ms);

// The same without its date when that is the date of `now_ms`.
std::string ShortTime(TimestampMs time_ms, TimestampMs now_ms);

}  // namespace sluice::agent
