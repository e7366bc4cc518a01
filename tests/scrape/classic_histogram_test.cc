#include "scrape/classic_histogram.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "protobuf_support.h"

namespace sluice::scrape {
namespace {

using Buckets = std::vector<std::pair<double, double>>;
constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr double kNone = -77;

// The histogram or the error as text. No count when it is kNone.
std::string Convert(const Buckets& buckets, double count, double sum = 0) {
  ClassicHistogram classic;
  classic.AddBucket(-5, 3);  // of another one
  classic.Clear();
  for (const auto& [bound, value] : buckets) classic.AddBucket(bound, value);
  if (count != kNone) classic.SetCount(count);
  classic.SetSum(sum);
  proto::NativeHistogram histogram;
  const Status status = classic.Convert(histogram);
  return status.ok() ? test::Describe(histogram) : status.error().message;
}

std::string Custom(const std::string& kind, const std::string& count, const std::string& sum,
                   const std::string& positive, const std::string& bounds) {
  const std::string zero = kind == "float" ? "0.0" : "0";
  return kind + " schema=-53 count=" + count + " sum=" + sum + " zero=0.0:" + zero +
         " negative= positive=" + positive + (bounds.empty() ? "" : " bounds=" + bounds);
}

TEST_CASE("a classic histogram of whole numbers becomes one of integers", "[nhcb]") {
  CHECK(Convert({{-0.00048, 2}, {-0.00038, 4}, {1, 16}}, 175, 0.000828) ==
        Custom("integer", "175", "0.000828", "[0:4] 2 0 10 147", "-0.00048;-0.00038;1.0;"));
  CHECK(Convert({{-20, 2}, {20, 4}, {30, 6}}, 6, 50) ==
        Custom("integer", "6", "50.0", "[0:3] 2 0 0", "-20.0;20.0;30.0;"));
  CHECK(Convert({{1.1, 0}, {2.2, 5}}, 6, 13.1) ==
        Custom("integer", "6", "13.1", "[1:2] 5 -4", "1.1;2.2;"));
  CHECK(Convert({}, 0) == Custom("integer", "0", "0.0", "", ""));
  CHECK(Convert({}, 3) == Custom("integer", "3", "0.0", "[0:1] 3", ""));
}

TEST_CASE("a count that is no whole number makes it one of floats", "[nhcb]") {
  CHECK(Convert({{1, 2.5}, {2, 2.5}}, 4) ==
        Custom("float", "4.0", "0.0", "[0:1][1:1] 2.5 1.5", "1.0;2.0;"));
  CHECK(Convert({{1, 1}}, 1e300) == Custom("float", "1e+300", "0.0", "[0:2] 1.0 1e+300", "1.0;"));
}

TEST_CASE("the bucket of +Inf and the count stand for each other", "[nhcb]") {
  const std::string whole = Custom("integer", "6", "0.0", "[0:2] 2 2", "1.0;");
  CHECK(Convert({{1, 2}, {kInf, 6}}, 6) == whole);
  CHECK(Convert({{1, 2}, {kInf, 6}}, kNone) == whole);
  CHECK(Convert({{1, 2}}, 6) == whole);
  CHECK(Convert({{1, 2}}, kNone) == Custom("integer", "2", "0.0", "[0:1] 2", "1.0;"));
}

TEST_CASE("buckets may come in any order and more than once", "[nhcb]") {
  CHECK(Convert({{kInf, 6}, {2, 5}, {1, 2}, {2, 4}, {1, 3}}, 6) ==
        Convert({{1, 2}, {2, 5}, {kInf, 6}}, 6));
}

TEST_CASE("what is no histogram is refused", "[nhcb]") {
  CHECK(Convert({}, kNone) == "count must be provided when no buckets are present");
  CHECK(Convert({{1, 5}, {2, 4}}, 6) == "count is not cumulative");
  CHECK(Convert({{2, 4}, {1, 5}}, 6) == "count is not cumulative");
  CHECK(Convert({{1, 5}}, 3) == "count is not cumulative");
  CHECK(Convert({{1, 5}, {kInf, 6}}, 7) == "count mismatch");
  CHECK(Convert({{1, 5}}, std::nan("")) == "count mismatch");
  CHECK(Convert({{1, -1}}, 7) == "bucket count must be non-negative");
  CHECK(Convert({{1, 1}}, -7) == "count must be non-negative");
  CHECK(Convert({{std::nan(""), 1}}, 1) == "bucket boundary must not be NaN");
  CHECK(Convert({{-kInf, 1}}, 1) == "bucket boundary must not be -Inf");
  Buckets many;
  for (size_t i = 0; i <= kClassicBucketsMax; ++i) many.emplace_back(static_cast<double>(i), 1);
  CHECK(Convert(many, 1) == "too many buckets");
}

TEST_CASE("a histogram keeps its counts, bucket by bucket", "[nhcb]") {
  const auto seed = GENERATE(take(100, random(1U, 1'000'000'000U)));
  CAPTURE(seed);
  std::mt19937_64 rng(seed);
  Buckets buckets(1 + rng() % 30);
  const double step = rng() % 2 == 0 ? 1 : 0.25;
  double cumulative = 0;
  for (size_t i = 0; i < buckets.size(); ++i) {
    if (rng() % 3 == 0) cumulative += step * static_cast<double>(rng() % 5);
    buckets[i] = {static_cast<double>(i), cumulative};
  }
  Buckets shuffled = buckets;
  std::shuffle(shuffled.begin(), shuffled.end(), rng);
  ClassicHistogram classic;
  for (const auto& [bound, count] : shuffled) classic.AddBucket(bound, count);
  classic.SetCount(cumulative + 1);
  proto::NativeHistogram histogram;
  REQUIRE(classic.Convert(histogram).ok());
  REQUIRE(histogram.custom_values.size() == buckets.size());
  std::vector<double> counts(buckets.size() + 1);
  size_t index = 0;
  size_t at = 0;
  int64_t integer = 0;
  for (const proto::BucketSpan& span : histogram.positive.spans) {
    index += static_cast<size_t>(span.offset);
    for (uint32_t i = 0; i < span.length; ++i, ++at) {
      counts[index++] = histogram.is_float
                            ? histogram.positive.counts[at]
                            : static_cast<double>(integer += histogram.positive.deltas[at]);
    }
  }
  double sum = 0;
  for (size_t i = 0; i < buckets.size(); ++i) {
    sum += counts[i];
    CHECK(histogram.custom_values[i] == buckets[i].first);
    CHECK(sum == buckets[i].second);
  }
  CHECK(counts.back() == 1);
}

}  // namespace
}  // namespace sluice::scrape
