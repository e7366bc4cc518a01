// Native histograms with anything in every field, for codecs: few of them would be accepted by
// Prometheus.
#pragma once

#include <bit>
#include <cstdint>
#include <random>

#include "proto/native_histogram.h"

namespace sluice::proto {

// Bits of all kinds, but no NaN: it differs from itself.
inline double RandomDouble(std::mt19937_64& rng) {
  switch (rng() % 4) {
    case 0:
      return 0;
    case 1:
      return static_cast<double>(rng() % 1000);
    case 2:
      return -static_cast<double>(rng() % 1000) / 8;
    default:
      return std::bit_cast<double>(rng() & 0x7fefffffffffffffULL);
  }
}

inline BucketSide RandomSide(std::mt19937_64& rng, bool is_float) {
  BucketSide side;
  for (uint64_t i = rng() % 5; i > 0; --i) {
    side.spans.push_back({static_cast<int32_t>(rng() >> (rng() % 64)),
                          static_cast<uint32_t>(rng() >> (32 + rng() % 32))});
  }
  for (uint64_t i = rng() % 200; i > 0; --i) {
    if (is_float) {
      side.counts.push_back(RandomDouble(rng));
    } else {
      side.deltas.push_back(static_cast<int64_t>(rng()) >> (rng() % 64));
    }
  }
  return side;
}

inline NativeHistogram RandomHistogram(std::mt19937_64& rng) {
  NativeHistogram histogram;
  histogram.is_float = rng() % 2 == 0;
  if (histogram.is_float) {
    histogram.float_count = RandomDouble(rng);
    histogram.float_zero_count = RandomDouble(rng);
  } else {
    histogram.count = rng() >> (rng() % 64);
    histogram.zero_count = rng() >> (rng() % 64);
  }
  histogram.sum = RandomDouble(rng);
  histogram.schema = rng() % 4 == 0 ? kCustomBucketsSchema : static_cast<int32_t>(rng() % 13) - 4;
  histogram.zero_threshold = RandomDouble(rng);
  histogram.negative = RandomSide(rng, histogram.is_float);
  histogram.positive = RandomSide(rng, histogram.is_float);
  histogram.reset_hint = static_cast<ResetHint>(rng() % 4);
  for (uint64_t i = rng() % 10; i > 0; --i) histogram.custom_values.push_back(RandomDouble(rng));
  return histogram;
}

}  // namespace sluice::proto
