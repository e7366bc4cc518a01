// Native histograms as remote write's Histogram message: the form in which the log keeps them, so
// that sending one is a copy. The fields have the same numbers in remote write 1.0 and 2.0.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "proto/native_histogram.h"

namespace sluice::proto {

// Appends the message without its timestamp.
void AppendHistogram(const NativeHistogram& histogram, std::string& out);

// Reads a message into `out`, which is overwritten. A timestamp and unknown fields are skipped.
// kCorruption on anything malformed; what is allocated is bounded by a small multiple of `bytes`.
Status DecodeHistogram(std::string_view bytes, NativeHistogram& out);

// The schema alone. Nothing when the message is malformed.
std::optional<int32_t> SchemaOf(std::string_view histogram_bytes);

}  // namespace sluice::proto
