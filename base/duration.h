// Durations and sizes as Prometheus writes them in its configuration file.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace sluice {

// "0", or `<integer><unit>` pairs with the units y w d h m s ms, each at most once and in this
// order; a year has 365 days. Messages are those of Prometheus: `empty duration string`,
// `not a valid duration string: "x"`, `duration out of range`.
Result<std::chrono::milliseconds> ParseDuration(std::string_view text);

// The shortest form that ParseDuration reads back: y and w only when exact; zero is "0s".
std::string FormatDuration(std::chrono::milliseconds duration);

// "0", or `<number><unit>` pairs; B, KB, KiB ... EiB are all powers of 1024 and the unit is
// mandatory (`units: unknown unit  in 100`), as in Prometheus's body_size_limit.
Result<uint64_t> ParseSize(std::string_view text);

}  // namespace sluice
