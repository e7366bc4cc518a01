// The types of metrics, as expositions spell them.
#pragma once

#include <string_view>

#include "buffer/chunk.h"

namespace sluice::scrape {

// "counter", "gaugehistogram" ...
std::string_view MetricTypeName(buffer::MetricType type);

}  // namespace sluice::scrape
