#include "proto/histogram_text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

namespace sluice::proto {
namespace {

std::string Number(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  std::array<char, 32> text;
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value);
  return {text.data(), end.ptr};
}

struct Bucket {
  int64_t index = 0;
  std::string count;
};

// Those that are not empty, in ascending order of their indexes.
std::vector<Bucket> BucketsOf(const BucketSide& side, bool is_float) {
  std::vector<Bucket> buckets;
  const size_t size = is_float ? side.counts.size() : side.deltas.size();
  size_t next = 0;
  int64_t index = 0;
  uint64_t integer = 0;
  for (const BucketSpan& span : side.spans) {
    index += span.offset;
    for (uint32_t i = 0; i < span.length && next < size; ++i, ++index, ++next) {
      if (!is_float) integer += static_cast<uint64_t>(side.deltas[next]);
      const bool is_empty = is_float ? side.counts[next] == 0 : integer == 0;
      if (is_empty) continue;
      buckets.push_back({index, is_float ? Number(side.counts[next])
                                         : std::to_string(static_cast<int64_t>(integer))});
    }
  }
  return buckets;
}

// The upper bound of a bucket on the positive side.
double BoundOf(const NativeHistogram& histogram, int64_t index) {
  if (histogram.schema != kCustomBucketsSchema) {
    return std::exp2(static_cast<double>(index) * std::exp2(-histogram.schema));
  }
  const std::vector<double>& bounds = histogram.custom_values;
  if (index < 0) return -std::numeric_limits<double>::infinity();
  if (static_cast<uint64_t>(index) >= bounds.size()) {
    return std::numeric_limits<double>::infinity();
  }
  return bounds[static_cast<size_t>(index)];
}

void AppendPart(std::string& text, const std::string& name, const std::string& value) {
  if (text.size() > 1) text += ", ";
  text.append(name).append(":").append(value);
}

}  // namespace

std::string HistogramText(const NativeHistogram& histogram) {
  const bool is_float = histogram.is_float;
  std::string text = "{";
  if (histogram.reset_hint == ResetHint::kGauge) text += "gauge";
  AppendPart(text, "schema", std::to_string(histogram.schema));
  AppendPart(text, "count",
             is_float ? Number(histogram.float_count) : std::to_string(histogram.count));
  AppendPart(text, "sum", Number(histogram.sum));
  std::vector<Bucket> negative = BucketsOf(histogram.negative, is_float);
  std::reverse(negative.begin(), negative.end());
  for (const Bucket& bucket : negative) {
    AppendPart(text,
               "[" + Number(-BoundOf(histogram, bucket.index)) + "," +
                   Number(-BoundOf(histogram, bucket.index - 1)) + ")",
               bucket.count);
  }
  if (is_float ? histogram.float_zero_count != 0 : histogram.zero_count != 0) {
    AppendPart(
        text,
        "[" + Number(-histogram.zero_threshold) + "," + Number(histogram.zero_threshold) + "]",
        is_float ? Number(histogram.float_zero_count) : std::to_string(histogram.zero_count));
  }
  for (const Bucket& bucket : BucketsOf(histogram.positive, is_float)) {
    AppendPart(text,
               "(" + Number(BoundOf(histogram, bucket.index - 1)) + "," +
                   Number(BoundOf(histogram, bucket.index)) + "]",
               bucket.count);
  }
  return text + "}";
}

}  // namespace sluice::proto
