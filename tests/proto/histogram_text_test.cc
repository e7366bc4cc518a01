#include "proto/histogram_text.h"

#include <cmath>

#include <catch2/catch.hpp>

namespace sluice::proto {
namespace {

TEST_CASE("a histogram reads from its lowest bucket to its highest", "[histogram]") {
  NativeHistogram histogram;
  histogram.count = 10;
  histogram.sum = -1.5;
  histogram.zero_threshold = 0.001;
  histogram.zero_count = 2;
  histogram.negative = {{{0, 2}}, {1, 2}, {}};
  histogram.positive = {{{1, 2}, {1, 1}}, {1, -1, 3}, {}};
  CHECK(HistogramText(histogram) ==
        "{schema:0, count:10, sum:-1.5, [-2,-1):3, [-1,-0.5):1, [-0.001,0.001]:2, (1,2]:1, "
        "(8,16]:3}");
}

TEST_CASE("float histograms, gauges and custom buckets show as what they are", "[histogram]") {
  NativeHistogram histogram;
  histogram.is_float = true;
  histogram.float_count = 2.5;
  histogram.sum = NAN;
  histogram.reset_hint = ResetHint::kGauge;
  histogram.schema = kCustomBucketsSchema;
  histogram.custom_values = {1, 2.5};
  histogram.positive = {{{0, 3}}, {}, {0.5, 0.5, 1.5}};
  CHECK(HistogramText(histogram) ==
        "{gauge, schema:-53, count:2.5, sum:NaN, (-Inf,1]:0.5, (1,2.5]:0.5, (2.5,+Inf]:1.5}");
}

TEST_CASE("a malformed histogram reads as far as its counts go", "[histogram]") {
  NativeHistogram histogram;
  histogram.positive = {{{0, 4'000'000'000U}}, {1}, {}};
  CHECK(HistogramText(histogram) == "{schema:0, count:0, sum:0, (0.5,1]:1}");
}

}  // namespace
}  // namespace sluice::proto
