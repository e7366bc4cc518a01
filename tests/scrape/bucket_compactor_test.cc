#include "scrape/bucket_compactor.h"

#include <map>
#include <random>
#include <vector>

#include <catch2/catch.hpp>

namespace sluice::scrape {
namespace {

using proto::BucketSide;
using proto::NativeHistogram;
using Spans = std::vector<proto::BucketSpan>;

BucketSide Compacted(const Spans& spans, const std::vector<int64_t>& deltas, uint32_t empty_max) {
  NativeHistogram histogram;
  histogram.positive = {.spans = spans, .deltas = deltas, .counts = {}};
  BucketCompactor().Compact(histogram, empty_max);
  CHECK(histogram.negative == BucketSide());
  return histogram.positive;
}

BucketSide Of(const Spans& spans, const std::vector<int64_t>& deltas) {
  return {.spans = spans, .deltas = deltas, .counts = {}};
}

TEST_CASE("empty buckets go from both ends, and between others when they are too many",
          "[protobuf]") {
  CHECK(Compacted({{-2, 1}, {2, 3}}, {1, 3, -4, 42}, 0) ==
        Of({{-2, 1}, {2, 1}, {1, 1}}, {1, 3, 38}));
  CHECK(Compacted({{5, 4}}, {0, 0, 3, -3}, 0) == Of({{7, 1}}, {3}));
  CHECK(Compacted({{5, 4}}, {1, -1, 0, 1}, 1) == Of({{5, 1}, {2, 1}}, {1, 0}));
  CHECK(Compacted({{5, 4}}, {1, -1, 0, 1}, 2) == Of({{5, 4}}, {1, -1, 0, 1}));
  CHECK(Compacted({{0, 3}}, {0, 0, 0}, 0) == Of({}, {}));
  CHECK(Compacted({{0, 0}}, {}, 0) == Of({}, {}));
}

TEST_CASE("spans with no gap or a small one between them become one", "[protobuf]") {
  CHECK(Compacted({{-2, 2}, {0, 1}, {3, 1}}, {1, 3, -3, 42}, 0) ==
        Of({{-2, 3}, {3, 1}}, {1, 3, -3, 42}));
  CHECK(Compacted({{-2, 1}, {2, 1}}, {1, 1}, 2) == Of({{-2, 4}}, {1, -1, 0, 2}));
  CHECK(Compacted({{-2, 1}, {1, 0}, {1, 1}}, {1, 1}, 0) == Of({{-2, 1}, {2, 1}}, {1, 1}));
}

TEST_CASE("sides that do not add up stay as they are", "[protobuf]") {
  for (const BucketSide& side :
       {Of({{0, 3}}, {0, 0}), Of({{0, 1}}, {0, 0}), Of({{0, 1}, {-1, 1}}, {0, 0}),
        Of({{INT32_MAX, 1}, {INT32_MAX, 1}}, {0, 1}), Of({{0, UINT32_MAX}}, {0})}) {
    CHECK(Compacted(side.spans, side.deltas, 0) == side);
  }
}

// Index and count of each bucket that is not empty.
std::map<int64_t, double> Filled(const BucketSide& side, bool is_float) {
  std::map<int64_t, double> filled;
  int64_t index = 0;
  int64_t count = 0;
  size_t at = 0;
  for (const proto::BucketSpan& span : side.spans) {
    index += span.offset;
    for (uint32_t i = 0; i < span.length; ++i, ++index, ++at) {
      const double here =
          is_float ? side.counts[at] : static_cast<double>(count += side.deltas[at]);
      if (here != 0) filled[index] = here;
    }
  }
  return filled;
}

TEST_CASE("compacting changes no count and leaves nothing to be done", "[protobuf]") {
  const auto seed = GENERATE(take(200, random(1U, 1'000'000'000U)));
  CAPTURE(seed);
  std::mt19937_64 rng(seed);
  NativeHistogram histogram;
  histogram.is_float = rng() % 2 == 0;
  const uint32_t empty_max = rng() % 4;
  for (uint64_t i = rng() % 6; i > 0; --i) {
    const int32_t offset =
        static_cast<int32_t>(rng() % 5) - (histogram.positive.spans.empty() ? 9 : 0);
    const auto length = static_cast<uint32_t>(rng() % 5);
    histogram.positive.spans.push_back({offset, length});
    for (uint32_t k = 0; k < length; ++k) {
      if (histogram.is_float) {
        histogram.positive.counts.push_back(static_cast<double>(rng() % 3));
      } else {
        histogram.positive.deltas.push_back(static_cast<int64_t>(rng() % 3) - 1);
      }
    }
  }
  const auto before = Filled(histogram.positive, histogram.is_float);
  BucketCompactor compactor;
  compactor.Compact(histogram, empty_max);
  CHECK(Filled(histogram.positive, histogram.is_float) == before);
  const NativeHistogram once = histogram;
  compactor.Compact(histogram, empty_max);
  CHECK(histogram == once);
  for (size_t i = 1; i < once.positive.spans.size(); ++i) {
    CHECK(once.positive.spans[i].offset > static_cast<int64_t>(empty_max));
  }
}

}  // namespace
}  // namespace sluice::scrape
