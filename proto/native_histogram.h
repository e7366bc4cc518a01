// Native histograms, as exposition, log and remote write have them in common, and Prometheus's
// rules about them (model/histogram, scrape/target.go).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace sluice::proto {

// Exponential schemas: each is twice as fine as the one before.
inline constexpr int32_t kSchemaMin = -4;
inline constexpr int32_t kSchemaMax = 8;
// Beyond them are schemas that are set aside for more: to be reduced to one of the above.
inline constexpr int32_t kReservedSchemaMin = -9;
inline constexpr int32_t kReservedSchemaMax = 52;

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

inline bool IsExponential(int32_t schema) { return schema >= kSchemaMin && schema <= kSchemaMax; }

// Buckets of both sides, the zero bucket not counted.
size_t BucketCount(const NativeHistogram& histogram);

// kInvalidInput, in Prometheus's words, for a histogram that it would refuse.
Status Validate(const NativeHistogram& histogram);

// Merges buckets until they have `schema`, which must be lower than what the histogram has.
// kInvalidInput, and the histogram as it was, when that cannot be done: custom buckets, or spans
// that do not fit the buckets.
Status ReduceResolution(NativeHistogram& histogram, int32_t schema);

// native_histogram_bucket_limit: reduces the resolution step by step until no more than
// `buckets_max` buckets are left. False when the lowest one has more, or the buckets are custom
// ones; kInvalidInput when spans do not fit the buckets.
Result<bool> LimitBuckets(NativeHistogram& histogram, size_t buckets_max);

// native_histogram_min_bucket_factor as the greatest schema whose buckets grow by at least that
// factor; 8, which is no limit, for 1 and less.
int32_t MaxSchemaOf(double min_bucket_factor);

// Reduces exponential histograms, those with reserved schemas too, that are finer than
// `schema_max`.
Status LimitSchema(NativeHistogram& histogram, int32_t schema_max);

}  // namespace sluice::proto
