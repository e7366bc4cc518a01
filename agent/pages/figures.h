// Figures as people read them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/clock.h"

namespace sluice::agent {

// `1,234,567`.
std::string CountText(uint64_t count);

// `1.5 GiB`.
std::string BytesText(double bytes);

// `12.3`, `1,234`: with as much behind the point as matters.
std::string FigureText(double value);

// `12.3k/s`; a dash when it is not known.
std::string RateText(std::optional<double> per_second);

// `250ms`, `12s`, `3m20s`, `4h5m`, `2d3h`.
std::string SpanText(double seconds);

// `12s ago`; `never` for 0.
std::string AgoText(TimestampMs time_ms, TimestampMs now_ms);

}  // namespace sluice::agent
