#include "scrape/bucket_compactor.h"

#include <algorithm>
#include <limits>

namespace sluice::scrape {
namespace {

using proto::BucketSide;
using proto::BucketSpan;

bool IsSound(const BucketSide& side, bool is_float) {
  constexpr int64_t kIndexMax = std::numeric_limits<int32_t>::max();
  int64_t index = 0;
  uint64_t total = 0;
  for (size_t i = 0; i < side.spans.size(); ++i) {
    const BucketSpan& span = side.spans[i];
    if (i > 0 && span.offset < 0) return false;
    index += span.offset + static_cast<int64_t>(span.length);
    total += span.length;
    if (index > kIndexMax) return false;
  }
  return total == (is_float ? side.counts.size() : side.deltas.size());
}

bool HasEmptyBucket(const std::vector<int64_t>& deltas) {
  // Deltas may wrap around, as they do where they come from.
  uint64_t count = 0;
  return std::any_of(deltas.begin(), deltas.end(), [&](int64_t delta) {
    count += static_cast<uint64_t>(delta);
    return count == 0;
  });
}

bool IsShortest(const BucketSide& side, bool is_float, int64_t empty_max) {
  for (size_t i = 0; i < side.spans.size(); ++i) {
    if (side.spans[i].length == 0 || (i > 0 && side.spans[i].offset <= empty_max)) return false;
  }
  if (!is_float) return !HasEmptyBucket(side.deltas);
  return std::find(side.counts.begin(), side.counts.end(), 0) == side.counts.end();
}

}  // namespace

void BucketCompactor::Compact(proto::NativeHistogram& histogram, uint32_t empty_max) {
  CompactSide(histogram.negative, histogram.is_float, empty_max);
  CompactSide(histogram.positive, histogram.is_float, empty_max);
}

void BucketCompactor::CompactSide(BucketSide& side, bool is_float, int64_t empty_max) {
  if (IsShortest(side, is_float, empty_max) || !IsSound(side, is_float)) return;
  CollectFilled(side, is_float);
  side.spans.clear();
  side.deltas.clear();
  side.counts.clear();
  Write(side, is_float, empty_max);
}

void BucketCompactor::CollectFilled(const BucketSide& side, bool is_float) {
  filled_.clear();
  Bucket bucket{};
  size_t at = 0;
  for (const BucketSpan& span : side.spans) {
    bucket.index += span.offset;
    for (uint32_t i = 0; i < span.length; ++i, ++at) {
      if (is_float) {
        bucket.floating = side.counts[at];
      } else {
        bucket.integer += static_cast<uint64_t>(side.deltas[at]);
      }
      if (bucket.floating != 0 || bucket.integer != 0) filled_.push_back(bucket);
      ++bucket.index;
    }
  }
}

void BucketCompactor::Write(BucketSide& side, bool is_float, int64_t empty_max) const {
  int64_t end = 0;  // the index behind the last bucket
  uint64_t last = 0;
  for (const Bucket& bucket : filled_) {
    int64_t empty = bucket.index - end;
    if (side.spans.empty() || empty > empty_max) {
      side.spans.push_back({.offset = static_cast<int32_t>(empty), .length = 0});
      empty = 0;
    }
    side.spans.back().length += static_cast<uint32_t>(empty) + 1;
    for (; empty >= 0; --empty) {
      const bool is_here = empty == 0;
      if (is_float) {
        side.counts.push_back(is_here ? bucket.floating : 0);
        continue;
      }
      const uint64_t count = is_here ? bucket.integer : 0;
      side.deltas.push_back(static_cast<int64_t>(count - last));
      last = count;
    }
    end = bucket.index + 1;
  }
}

}  // namespace sluice::scrape
