// Numbers of the exposition text: what Go's ParseFloat takes, minus hexadecimal and underscores.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace sluice::scrape {

// The whole of `text` as a value; ordinary NaN becomes buffer::kNormalNanBits. False: not a value,
// or out of range as 1e400 (but 1e-400 is 0).
bool ParseValue(std::string_view text, double& value);

// What Prometheus has to say about a text that ParseValue() refuses.
std::string WhyNoValue(std::string_view text);

// Decimal digits only, no sign; false on anything else and on overflow.
bool ParseTimestamp(std::string_view text, TimestampMs& timestamp_ms);

// A value that counts seconds, cut to milliseconds; what no number of them can say becomes
// INT64_MIN.
TimestampMs MillisecondsOf(double seconds);

// The value at the start of [first, last), which must be followed by at least one byte that ends
// it, and is read faster when `last` is behind one that is no digit: returns where it ends, or null
// when the common spellings do not match, which does not mean that it is not a value. What the walk
// of a known page uses for each sample.
const char* ParseCommonValue(const char* first, const char* last, double& value);

// The spelling that OpenMetrics demands for `le` and `quantile`: 1 -> "1.0", 1e6 -> "1e+06".
std::string FormatOpenMetricsFloat(double value);

}  // namespace sluice::scrape
