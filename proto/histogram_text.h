// Native histograms as a person reads them.
#pragma once

#include <string>

#include "proto/native_histogram.h"

namespace sluice::proto {

// One line: `{schema:0, count:5, sum:12.5, [-0.001,0.001]:1, (0.5,1]:4}`. Buckets are in the order
// of their bounds; a round bracket excludes its bound. Empty ones are left out, and so are those
// whose spans have no counts.
std::string HistogramText(const NativeHistogram& histogram);

}  // namespace sluice::proto
