// Brings the buckets of native histograms into their shortest form, which is what their number is
// counted in.
#pragma once

#include <cstdint>
#include <vector>

#include "proto/native_histogram.h"

namespace sluice::scrape {

// Thread-compatible. Keeps its memory between calls.
class BucketCompactor {
 public:
  // Drops empty buckets at both ends of each side and runs of more than `empty_max` of them
  // between others, and joins spans with gaps of at most `empty_max` between them, as Prometheus's
  // Compact() does. A side whose spans do not fit its buckets, overlap or leave the range of
  // indexes stays as it is.
  void Compact(proto::NativeHistogram& histogram, uint32_t empty_max);

 private:
  struct Bucket {
    int64_t index;
    uint64_t integer;
    double floating;
  };

  void CompactSide(proto::BucketSide& side, bool is_float, int64_t empty_max);
  void CollectFilled(const proto::BucketSide& side, bool is_float);
  void Write(proto::BucketSide& side, bool is_float, int64_t empty_max) const;

  std::vector<Bucket> filled_;
};

}  // namespace sluice::scrape
