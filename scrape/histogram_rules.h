// What becomes of histograms, classic and native ones.
#pragma once

#include <cstdint>

#include "base/result.h"
#include "proto/native_histogram.h"

namespace sluice::scrape {

struct HistogramRules {
  // Native ones are read; else only the classic part of a histogram counts.
  bool native = false;
  // Classic series stay beside the native histogram that stands for them.
  bool always_classic = false;
  // The classic series of a histogram become one native histogram with custom buckets.
  bool to_custom_buckets = false;
  // Histograms with more buckets lose resolution until they fit; 0 = no limit.
  uint64_t bucket_limit = 0;
  // Finer ones are reduced to this schema.
  int32_t schema_max = proto::kSchemaMax;

  friend bool operator==(const HistogramRules&, const HistogramRules&) = default;
};

// Brings a native histogram below schema_max and bucket_limit. False when it has too many buckets
// and cannot have fewer; an error when it is malformed.
Result<bool> ApplyLimits(const HistogramRules& rules, proto::NativeHistogram& histogram);

}  // namespace sluice::scrape
