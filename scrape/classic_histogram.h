// A classic histogram on its way to a native one with custom buckets (NHCB), by the rules of
// Prometheus's converter (util/convertnhcb).
#pragma once

#include <vector>

#include "base/result.h"
#include "proto/native_histogram.h"
#include "scrape/bucket_compactor.h"

namespace sluice::scrape {

// A histogram with more buckets is refused.
inline constexpr size_t kClassicBucketsMax = 100'000;

// Thread-compatible. Keeps its memory between histograms.
class ClassicHistogram {
 public:
  void Clear();

  // `count` is cumulative. In whatever order; of several with the same bound the first counts.
  void AddBucket(double upper_bound, double count);
  void SetCount(double count);

  void SetSum(double sum) { sum_ = sum; }

  // With integers if all counts are whole numbers. An error if this makes no histogram: a count is
  // negative or not cumulative, there is no total, it is not that of the last bucket, or a bound is
  // no number. Ends the histogram: Clear() is next.
  Status Convert(proto::NativeHistogram& out);

 private:
  struct Bucket {
    double upper_bound;
    double count;
  };

  void Refuse(const char* why);
  void Sort();
  void CheckTotal();
  bool IsWhole() const;
  void Write(proto::NativeHistogram& out) const;

  std::vector<Bucket> buckets_;
  double count_ = 0;
  double sum_ = 0;
  bool has_count_ = false;
  bool is_sorted_ = true;  // strictly ascending
  const char* refusal_ = nullptr;
  BucketCompactor compactor_;
};

}  // namespace sluice::scrape
