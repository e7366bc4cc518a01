#include "scrape/classic_histogram.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>

namespace sluice::scrape {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

// Runs of so many empty buckets are kept: a span costs more than they do.
constexpr uint32_t kEmptyIntegersMax = 2;

// 2^63; whole numbers from there on count as floats.
constexpr double kIntegerEnd = 9223372036854775808.0;

bool IsWholeNumber(double value) { return std::trunc(value) == value && value < kIntegerEnd; }

void Reset(proto::NativeHistogram& histogram) {
  histogram.schema = proto::kCustomBucketsSchema;
  histogram.count = 0;
  histogram.float_count = 0;
  histogram.zero_threshold = 0;
  histogram.zero_count = 0;
  histogram.float_zero_count = 0;
  histogram.reset_hint = proto::ResetHint::kUnknown;
  histogram.custom_values.clear();
  for (proto::BucketSide* side : {&histogram.negative, &histogram.positive}) {
    side->spans.clear();
    side->deltas.clear();
    side->counts.clear();
  }
}

}  // namespace

void ClassicHistogram::Clear() {
  buckets_.clear();
  count_ = 0;
  sum_ = 0;
  has_count_ = false;
  is_sorted_ = true;
  refusal_ = nullptr;
}

void ClassicHistogram::AddBucket(double upper_bound, double count) {
  if (std::isnan(upper_bound)) return Refuse("bucket boundary must not be NaN");
  if (upper_bound == -kInfinity) return Refuse("bucket boundary must not be -Inf");
  if (count < 0) return Refuse("bucket count must be non-negative");
  if (buckets_.size() == kClassicBucketsMax) return Refuse("too many buckets");
  is_sorted_ = is_sorted_ && (buckets_.empty() || buckets_.back().upper_bound < upper_bound);
  buckets_.push_back({upper_bound, count});
}

void ClassicHistogram::SetCount(double count) {
  if (count < 0) return Refuse("count must be non-negative");
  count_ = count;
  has_count_ = true;
}

Status ClassicHistogram::Convert(proto::NativeHistogram& out) {
  if (!is_sorted_) Sort();
  CheckTotal();
  const auto falls = [](const Bucket& a, const Bucket& b) { return b.count < a.count; };
  if (std::adjacent_find(buckets_.begin(), buckets_.end(), falls) != buckets_.end()) {
    Refuse("count is not cumulative");
  }
  if (refusal_ != nullptr) return InvalidInput(refusal_);
  Write(out);
  compactor_.Compact(out, out.is_float ? 0 : kEmptyIntegersMax);
  return Status::Ok();
}

// Of the same bound the first one stays.
void ClassicHistogram::Sort() {
  std::stable_sort(buckets_.begin(), buckets_.end(),
                   [](const Bucket& a, const Bucket& b) { return a.upper_bound < b.upper_bound; });
  const auto end =
      std::unique(buckets_.begin(), buckets_.end(),
                  [](const Bucket& a, const Bucket& b) { return a.upper_bound == b.upper_bound; });
  buckets_.erase(end, buckets_.end());
}

void ClassicHistogram::CheckTotal() {
  if (!has_count_) {
    if (buckets_.empty()) return Refuse("count must be provided when no buckets are present");
    count_ = buckets_.back().count;
  }
  if (buckets_.empty() || buckets_.back().upper_bound != kInfinity) {
    buckets_.push_back({kInfinity, count_});
  }
  // A NaN is equal to nothing.
  if (!(count_ == buckets_.back().count)) Refuse("count mismatch");
}

void ClassicHistogram::Write(proto::NativeHistogram& out) const {
  Reset(out);
  out.is_float = !IsWhole();
  out.sum = sum_;
  out.positive.spans.push_back({.offset = 0, .length = static_cast<uint32_t>(buckets_.size())});
  double below = 0;
  int64_t last = 0;
  for (const Bucket& bucket : buckets_) {
    if (bucket.upper_bound != kInfinity) out.custom_values.push_back(bucket.upper_bound);
    if (out.is_float) {
      out.positive.counts.push_back(bucket.count - below);
    } else {
      const int64_t here = static_cast<int64_t>(bucket.count) - static_cast<int64_t>(below);
      out.positive.deltas.push_back(here - last);
      last = here;
    }
    below = bucket.count;
  }
  if (out.is_float) {
    out.float_count = count_;
  } else {
    out.count = static_cast<uint64_t>(count_);
  }
}

void ClassicHistogram::Refuse(const char* why) {
  if (refusal_ == nullptr) refusal_ = why;
}

bool ClassicHistogram::IsWhole() const {
  return IsWholeNumber(count_) &&
         std::all_of(buckets_.begin(), buckets_.end(),
                     [](const Bucket& bucket) { return IsWholeNumber(bucket.count); });
}

}  // namespace sluice::scrape
