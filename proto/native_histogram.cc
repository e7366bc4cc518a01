#include "proto/native_histogram.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <limits>
#include <utility>

namespace sluice::proto {

namespace {

Error Refused(std::string message) { return {ErrorCode::kInvalidInput, std::move(message)}; }

// Go's %v: the shortest digits, as a power of ten when small or large.
std::string GoNumber(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  constexpr double kPlainMin = 1e-4;
  constexpr double kPlainMax = 1e6;
  const double magnitude = std::fabs(value);
  const bool is_plain = magnitude == 0 || (magnitude >= kPlainMin && magnitude < kPlainMax);
  std::array<char, 64> text;
  const auto end =
      std::to_chars(text.data(), text.data() + text.size(), value,
                    is_plain ? std::chars_format::fixed : std::chars_format::scientific);
  return {text.data(), end.ptr};
}

// Go's %f.
std::string GoFixed(double value) {
  if (!std::isfinite(value)) return GoNumber(value);
  std::array<char, 400> text;
  const int size = std::snprintf(text.data(), text.size(), "%f", value);
  return {text.data(), static_cast<size_t>(size)};
}

Error NegativeOffset(size_t span, int32_t offset) {
  return Refused("span number " + std::to_string(span + 1) + " with offset " +
                 std::to_string(offset) + ": histogram has a span whose offset is negative");
}

Error BucketsMismatch(uint64_t needed, size_t given) {
  return Refused("spans need " + std::to_string(needed) + " buckets, have " +
                 std::to_string(given) +
                 " buckets: histogram spans specify different number of buckets than provided");
}

size_t BucketCount(const BucketSide& side) { return side.deltas.size() + side.counts.size(); }

Status CheckSpans(const BucketSide& side) {
  uint64_t needed = 0;
  for (size_t i = 0; i < side.spans.size(); ++i) {
    if (i > 0 && side.spans[i].offset < 0) return NegativeOffset(i, side.spans[i].offset);
    needed += side.spans[i].length;
  }
  if (needed != BucketCount(side)) return BucketsMismatch(needed, BucketCount(side));
  return {};
}

Error NegativeBucket(size_t bucket, const std::string& count) {
  return Refused("bucket number " + std::to_string(bucket + 1) + " has observation count of " +
                 count + ": histogram has a bucket whose observation count is negative");
}

// Adds the counts of integer buckets to `sum`, which wraps around as in Go.
Status CheckBuckets(const BucketSide& side, uint64_t& sum) {
  uint64_t count = 0;
  for (size_t i = 0; i < side.deltas.size(); ++i) {
    count += static_cast<uint64_t>(side.deltas[i]);
    const auto signed_count = static_cast<int64_t>(count);
    if (signed_count < 0) return NegativeBucket(i, std::to_string(signed_count));
    sum += count;
  }
  for (size_t i = 0; i < side.counts.size(); ++i) {
    if (side.counts[i] < 0) return NegativeBucket(i, GoNumber(side.counts[i]));
  }
  return {};
}

Status CheckBounds(const std::vector<double>& bounds) {
  for (size_t i = 0; i < bounds.size(); ++i) {
    if (std::isnan(bounds[i])) return Refused("histogram custom bounds must not be NaN");
    if (i > 0 && bounds[i] <= bounds[i - 1]) {
      return Refused("previous bound is " + GoFixed(bounds[i - 1]) + " and current is " +
                     GoFixed(bounds[i]) +
                     ": histogram custom bounds must be in strictly increasing order");
    }
  }
  if (!bounds.empty() && bounds.back() == std::numeric_limits<double>::infinity()) {
    return Refused(
        "last +Inf bound must not be explicitly defined: histogram custom bounds must be finite");
  }
  return {};
}

Status CheckCustomSpans(const BucketSide& side, size_t bound_count) {
  uint64_t needed = 0;
  uint64_t length = 0;
  for (size_t i = 0; i < side.spans.size(); ++i) {
    const BucketSpan& span = side.spans[i];
    if (span.offset < 0) return NegativeOffset(i, span.offset);
    needed += span.length;
    length += span.length + static_cast<uint64_t>(span.offset);
  }
  if (needed != BucketCount(side)) return BucketsMismatch(needed, BucketCount(side));
  if (bound_count + 1 < length) {
    return Refused("only " + std::to_string(bound_count) +
                   " custom bounds defined which is insufficient to cover total span length of " +
                   std::to_string(length) + ": histogram custom bounds are too few");
  }
  return {};
}

Status With(std::string_view context, const Status& status) {
  if (status.ok()) return {};
  return status.error().WithContext(context);
}

Status CheckCustom(const NativeHistogram& histogram) {
  if (Status bounds = CheckBounds(histogram.custom_values); !bounds.ok()) {
    return With("custom buckets", bounds);
  }
  if (Status spans = CheckCustomSpans(histogram.positive, histogram.custom_values.size());
      !spans.ok()) {
    return With("custom buckets", spans);
  }
  const bool has_zero_count =
      histogram.is_float ? histogram.float_zero_count != 0 : histogram.zero_count != 0;
  if (has_zero_count) return Refused("custom buckets: must have zero count of 0");
  if (histogram.zero_threshold != 0) {
    return Refused("custom buckets: must have zero threshold of 0");
  }
  if (!histogram.negative.spans.empty()) {
    return Refused("custom buckets: must not have negative spans");
  }
  if (BucketCount(histogram.negative) > 0) {
    return Refused("custom buckets: must not have negative buckets");
  }
  return {};
}

Status CheckExponential(const NativeHistogram& histogram, uint64_t& negative_sum) {
  if (Status spans = CheckSpans(histogram.positive); !spans.ok()) {
    return With("positive side", spans);
  }
  if (Status spans = CheckSpans(histogram.negative); !spans.ok()) {
    return With("negative side", spans);
  }
  if (Status buckets = CheckBuckets(histogram.negative, negative_sum); !buckets.ok()) {
    return With("negative side", buckets);
  }
  if (!histogram.custom_values.empty()) {
    return Refused("histogram with exponential schema must not have custom bounds");
  }
  return {};
}

// Observations of NaN are in the count but in no bucket. Counts that are floats are not compared,
// because of their rounding.
Status CheckCount(const NativeHistogram& histogram, uint64_t found) {
  if (histogram.is_float) return {};
  const bool has_nan = std::isnan(histogram.sum);
  if (has_nan ? found <= histogram.count : found == histogram.count) return {};
  return Refused(std::to_string(found) + " observations found in buckets, but the Count field is " +
                 std::to_string(histogram.count) +
                 (has_nan ? ": histogram's observation count should be at least the number of "
                            "observations found in the buckets"
                          : ": histogram's observation count should equal the number of "
                            "observations found in the buckets (in absence of NaN)"));
}

// Collects the buckets of a lower schema, given those of a higher one in ascending order.
template <class Count>
class BucketMerger {
 public:
  // False when the distance to the bucket before is beyond what a span can say.
  bool Add(int64_t index, Count count) {
    if (!spans.empty() && index == last_) {
      counts.back() += count;
      return true;
    }
    const int64_t offset = spans.empty() ? index : index - last_ - 1;
    if (offset != static_cast<int32_t>(offset)) return false;
    if (!spans.empty() && offset == 0) {
      ++spans.back().length;
    } else {
      spans.push_back({static_cast<int32_t>(offset), 1});
    }
    counts.push_back(count);
    last_ = index;
    return true;
  }

  std::vector<BucketSpan> spans;
  std::vector<Count> counts;

 private:
  int64_t last_ = 0;
};

// The buckets of `side` with 2^shift of them merged into one; `counts` are absolute. Spans fit the
// counts.
template <class Count>
Result<BucketMerger<Count>> Merge(const std::vector<BucketSpan>& spans,
                                  const std::vector<Count>& counts, int32_t shift) {
  BucketMerger<Count> merger;
  int64_t index = 0;
  size_t next = 0;
  for (const BucketSpan& span : spans) {
    index += span.offset;
    for (uint32_t i = 0; i < span.length; ++i, ++index) {
      // The upper bound of a bucket belongs to it, hence the detour by one.
      if (!merger.Add(((index - 1) >> shift) + 1, counts[next++])) {
        return Refused("histogram spans reach too far");
      }
    }
  }
  return merger;
}

std::vector<uint64_t> CountsOf(const std::vector<int64_t>& deltas) {
  std::vector<uint64_t> counts;
  counts.reserve(deltas.size());
  uint64_t count = 0;
  for (const int64_t delta : deltas) counts.push_back(count += static_cast<uint64_t>(delta));
  return counts;
}

std::vector<int64_t> DeltasOf(const std::vector<uint64_t>& counts) {
  std::vector<int64_t> deltas;
  deltas.reserve(counts.size());
  uint64_t before = 0;
  for (const uint64_t count : counts) {
    deltas.push_back(static_cast<int64_t>(count - before));
    before = count;
  }
  return deltas;
}

Result<BucketSide> Reduced(const BucketSide& side, int32_t shift) {
  if (Status spans = CheckSpans(side); !spans.ok()) return spans.error();
  BucketSide reduced;
  if (side.counts.empty()) {
    auto merged = Merge(side.spans, CountsOf(side.deltas), shift);
    if (!merged.ok()) return merged.error();
    reduced.spans = std::move(merged.value().spans);
    reduced.deltas = DeltasOf(merged.value().counts);
  } else {
    auto merged = Merge(side.spans, side.counts, shift);
    if (!merged.ok()) return merged.error();
    reduced.spans = std::move(merged.value().spans);
    reduced.counts = std::move(merged.value().counts);
  }
  return reduced;
}

}  // namespace

size_t BucketCount(const NativeHistogram& histogram) {
  return BucketCount(histogram.positive) + BucketCount(histogram.negative);
}

Status Validate(const NativeHistogram& histogram) {
  uint64_t found = histogram.zero_count;
  Status checked;
  if (histogram.schema == kCustomBucketsSchema) {
    checked = CheckCustom(histogram);
  } else if (IsExponential(histogram.schema)) {
    checked = CheckExponential(histogram, found);
  } else {
    checked = Refused(
        "histogram has an invalid schema, which must be between -4 and 8 for exponential buckets, "
        "or -53 for custom buckets, got schema " +
        std::to_string(histogram.schema));
  }
  if (!checked.ok()) return checked;
  if (Status buckets = CheckBuckets(histogram.positive, found); !buckets.ok()) {
    return With("positive side", buckets);
  }
  return CheckCount(histogram, found);
}

Status ReduceResolution(NativeHistogram& histogram, int32_t schema) {
  if (histogram.schema == kCustomBucketsSchema) {
    return Refused("cannot reduce resolution when there are custom buckets");
  }
  const bool is_known = schema >= kReservedSchemaMin && histogram.schema <= kReservedSchemaMax;
  if (schema >= histogram.schema || !is_known) {
    return Refused("cannot reduce resolution from schema " + std::to_string(histogram.schema) +
                   " to " + std::to_string(schema));
  }
  const int32_t shift = histogram.schema - schema;
  Result<BucketSide> positive = Reduced(histogram.positive, shift);
  if (!positive.ok()) return positive.error();
  Result<BucketSide> negative = Reduced(histogram.negative, shift);
  if (!negative.ok()) return negative.error();
  histogram.positive = std::move(positive.value());
  histogram.negative = std::move(negative.value());
  histogram.schema = schema;
  return {};
}

Result<bool> LimitBuckets(NativeHistogram& histogram, size_t buckets_max) {
  while (BucketCount(histogram) > buckets_max) {
    if (!IsExponential(histogram.schema) || histogram.schema == kSchemaMin) return false;
    Status reduced = ReduceResolution(histogram, histogram.schema - 1);
    if (!reduced.ok()) return reduced.error();
  }
  return true;
}

int32_t MaxSchemaOf(double min_bucket_factor) {
  if (!(min_bucket_factor > 1)) return kSchemaMax;
  const double schema = std::floor(-std::log2(std::log2(min_bucket_factor)));
  return static_cast<int32_t>(
      std::clamp(schema, static_cast<double>(kSchemaMin), static_cast<double>(kSchemaMax)));
}

Status LimitSchema(NativeHistogram& histogram, int32_t schema_max) {
  const bool is_exponential =
      histogram.schema >= kReservedSchemaMin && histogram.schema <= kReservedSchemaMax;
  if (!is_exponential || histogram.schema <= schema_max) return {};
  return ReduceResolution(histogram, schema_max);
}

}  // namespace sluice::proto
