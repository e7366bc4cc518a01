// Native histograms, as exposition, log and remote write have them in common.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace sluice::proto {

// The schema of histograms whose bucket bounds are listed in `custom_values`.
inline constexpr int32_t kCustomBucketsSchema = -53;

// A run of consecutive buckets. `offset` is the gap to the run before it, or for the first run the
// index of its first bucket.
struct BucketSpan {
  int32_t offset = 0;
  uint32_t length = 0;

  friend bool operator==(const BucketSpan&, const BucketSpan&) = default;
};

// Values are those of remote write's Histogram.reset_hint.
enum class ResetHint : uint8_t { kUnknown = 0, kYes = 1, kNo = 2, kGauge = 3 };

// One side of the zero bucket. Integer histograms have deltas, each to the bucket before it; float
// histograms have counts. The other list is empty.
struct BucketSide {
  std::vector<BucketSpan> spans;
  std::vector<int64_t> deltas;
  std::vector<double> counts;

  friend bool operator==(const BucketSide&, const BucketSide&) = default;
};

// A histogram sample without its timestamp. Of each pair of an integer and a float the one counts
// that `is_float` says; the other is 0.
struct NativeHistogram {
  bool is_float = false;
  uint64_t count = 0;
  double float_count = 0;
  double sum = 0;
  int32_t schema = 0;
  double zero_threshold = 0;
  uint64_t zero_count = 0;
  double float_zero_count = 0;
  BucketSide negative;
  BucketSide positive;
  ResetHint reset_hint = ResetHint::kUnknown;
  std::vector<double> custom_values;  // upper bounds, ascending, without +Inf

  friend bool operator==(const NativeHistogram&, const NativeHistogram&) = default;
};

}  // namespace sluice::proto
