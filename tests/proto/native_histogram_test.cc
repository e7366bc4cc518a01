// The rules of Prometheus. Cases and texts are those of its own tests (model/histogram,
// scrape/target_test.go).
#include "proto/native_histogram.h"

#include <cmath>
#include <limits>
#include <map>
#include <random>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

namespace sluice::proto {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kInf = std::numeric_limits<double>::infinity();

BucketSide ToFloat(const BucketSide& side) {
  BucketSide out;
  out.spans = side.spans;
  double count = 0;
  for (const int64_t delta : side.deltas) out.counts.push_back(count += static_cast<double>(delta));
  return out;
}

NativeHistogram ToFloat(const NativeHistogram& histogram) {
  NativeHistogram out = histogram;
  out.is_float = true;
  out.float_count = static_cast<double>(histogram.count);
  out.float_zero_count = static_cast<double>(histogram.zero_count);
  out.count = 0;
  out.zero_count = 0;
  out.negative = ToFloat(histogram.negative);
  out.positive = ToFloat(histogram.positive);
  return out;
}

// "" when it is valid.
std::string Complaint(const NativeHistogram& histogram) {
  const Status status = Validate(histogram);
  if (status.ok()) return "";
  CHECK(status.error().code == ErrorCode::kInvalidInput);
  return status.error().message;
}

// Integer and float histograms get the same answer.
void CheckBoth(const NativeHistogram& histogram, const std::string& complaint) {
  CHECK(Complaint(histogram) == complaint);
  CHECK(Complaint(ToFloat(histogram)) == complaint);
}

const BucketSide kFour = {{{0, 2}, {1, 2}}, {1, 1, -1, 0}, {}};

NativeHistogram Custom(std::vector<double> bounds) {
  NativeHistogram histogram;
  histogram.schema = kCustomBucketsSchema;
  histogram.custom_values = std::move(bounds);
  return histogram;
}

NativeHistogram CustomFour(std::vector<double> bounds) {
  NativeHistogram histogram = Custom(std::move(bounds));
  histogram.count = 5;
  histogram.sum = 19.4;
  histogram.positive = kFour;
  return histogram;
}

const std::string kMismatch =
    " buckets: histogram spans specify different number of buckets than provided";
const std::string kNegative = ": histogram has a bucket whose observation count is negative";
const std::string kOffset = ": histogram has a span whose offset is negative";
const std::string kUnequal =
    ": histogram's observation count should equal the number of observations found in the buckets "
    "(in absence of NaN)";

}  // namespace

TEST_CASE("a histogram whose parts fit is valid", "[histogram]") {
  NativeHistogram histogram;
  histogram.count = 12;
  histogram.zero_count = 2;
  histogram.zero_threshold = 0.001;
  histogram.sum = 19.4;
  histogram.schema = 1;
  histogram.positive = kFour;
  histogram.negative = kFour;
  CheckBoth(histogram, "");
  CheckBoth({}, "");
}

TEST_CASE("the count must be that of the buckets, unless NaN was observed", "[histogram]") {
  NativeHistogram histogram;
  histogram.zero_count = 2;
  histogram.count = 4;
  histogram.sum = kNaN;
  histogram.positive = {{{0, 1}}, {1}, {}};
  CheckBoth(histogram, "");
  histogram.sum = 333;
  CHECK(Complaint(histogram) ==
        "3 observations found in buckets, but the Count field is 4" + kUnequal);
  CHECK(Complaint(ToFloat(histogram)).empty());  // not checked for floats
  histogram.count = 2;
  CHECK(Complaint(histogram) ==
        "3 observations found in buckets, but the Count field is 2" + kUnequal);
  histogram.sum = kNaN;
  CHECK(Complaint(histogram) ==
        "3 observations found in buckets, but the Count field is 2: histogram's observation count "
        "should be at least the number of observations found in the buckets");
}

TEST_CASE("spans must fit the buckets, on either side", "[histogram]") {
  const bool is_positive = GENERATE(true, false);
  NativeHistogram histogram;
  BucketSide& side = is_positive ? histogram.positive : histogram.negative;
  const std::string where = is_positive ? "positive side: " : "negative side: ";
  side.spans = {{0, 1}};
  CheckBoth(histogram, where + "spans need 1 buckets, have 0" + kMismatch);
  side.deltas = {1, 2};
  CheckBoth(histogram, where + "spans need 1 buckets, have 2" + kMismatch);
  side.spans = {{-1, 1}, {-1, 1}};
  CheckBoth(histogram, where + "span number 2 with offset -1" + kOffset);
  side = {{{-1, 1}}, {-1}, {}};
  CheckBoth(histogram, where + "bucket number 1 has observation count of -1" + kNegative);
  side = {{{-1, 3}}, {1, 0, -3}, {}};
  CheckBoth(histogram, where + "bucket number 3 has observation count of -2" + kNegative);
  side.spans = {{0, std::numeric_limits<uint32_t>::max()}, {0, 2}};
  CheckBoth(histogram, where + "spans need 4294967297 buckets, have 3" + kMismatch);
}

TEST_CASE("negative float counts are written as Go writes them", "[histogram]") {
  const auto complain = [](double count) {
    NativeHistogram histogram;
    histogram.is_float = true;
    histogram.positive = {{{0, 1}}, {}, {count}};
    return Complaint(histogram);
  };
  const std::string begin = "positive side: bucket number 1 has observation count of ";
  CHECK(complain(-0.5) == begin + "-0.5" + kNegative);
  CHECK(complain(-123456789) == begin + "-1.23456789e+08" + kNegative);
  CHECK(complain(-999999) == begin + "-999999" + kNegative);
  CHECK(complain(-1e6) == begin + "-1e+06" + kNegative);
  CHECK(complain(-0.00001) == begin + "-1e-05" + kNegative);
  CHECK(complain(-kInf) == begin + "-Inf" + kNegative);
  CHECK(complain(kNaN).empty());
  CHECK(complain(-0.0).empty());
}

TEST_CASE("schemas are those from -4 to 8, and that of custom buckets", "[histogram]") {
  const auto complain = [](int32_t schema) {
    NativeHistogram histogram;
    histogram.schema = schema;
    return Complaint(histogram);
  };
  const std::string begin =
      "histogram has an invalid schema, which must be between -4 and 8 for exponential buckets, or "
      "-53 for custom buckets, got schema ";
  CHECK(complain(10) == begin + "10");
  CHECK(complain(-10) == begin + "-10");
  CHECK(complain(9) == begin + "9");
  CHECK(complain(-5) == begin + "-5");
  CHECK(complain(8).empty());
  CHECK(complain(-4).empty());
  CHECK(complain(-53).empty());
}

TEST_CASE("custom buckets need bounds that cover them", "[histogram]") {
  CheckBoth(CustomFour({1, 2, 3, 4}), "");
  CheckBoth(CustomFour({1, 2, 3, 4, 5, 6, 7, 8}), "");
  CheckBoth(CustomFour({1, 2, 3}),
            "custom buckets: only 3 custom bounds defined which is insufficient to cover total "
            "span length of 5: histogram custom bounds are too few");
  NativeHistogram histogram = CustomFour({1, 2, 3, 4});
  histogram.positive.deltas.pop_back();
  CheckBoth(histogram, "custom buckets: spans need 4 buckets, have 3" + kMismatch);
  histogram = CustomFour({1, 2, 3, 4});
  histogram.positive.spans[0].offset = -1;
  CheckBoth(histogram, "custom buckets: span number 1 with offset -1" + kOffset);
  histogram = CustomFour({1, 2, 3, 4});
  histogram.positive.spans[1].offset = -1;
  CheckBoth(histogram, "custom buckets: span number 2 with offset -1" + kOffset);
}

TEST_CASE("custom bounds are finite but for the first, and ascend", "[histogram]") {
  CheckBoth(Custom({0, 0}),
            "custom buckets: previous bound is 0.000000 and current is 0.000000: histogram custom "
            "bounds must be in strictly increasing order");
  CheckBoth(Custom({kInf, 1.5}),
            "custom buckets: previous bound is +Inf and current is 1.500000: histogram custom "
            "bounds must be in strictly increasing order");
  CheckBoth(Custom({1, kInf}),
            "custom buckets: last +Inf bound must not be explicitly defined: histogram custom "
            "bounds must be finite");
  CheckBoth(Custom({1, kNaN, 3}), "custom buckets: histogram custom bounds must not be NaN");
  CheckBoth(Custom({-kInf, 1}), "");
}

TEST_CASE("what belongs to the other kind of schema is refused", "[histogram]") {
  NativeHistogram histogram = CustomFour({1, 2, 3, 4});
  histogram.schema = 0;
  CheckBoth(histogram, "histogram with exponential schema must not have custom bounds");
  histogram = CustomFour({1, 2, 3, 4});
  histogram.zero_count = 2;
  CheckBoth(histogram, "custom buckets: must have zero count of 0");
  histogram.zero_count = 0;
  histogram.zero_threshold = 0.001;
  CheckBoth(histogram, "custom buckets: must have zero threshold of 0");
  histogram.zero_threshold = 0;
  histogram.negative.spans = {{0, 1}};
  CheckBoth(histogram, "custom buckets: must not have negative spans");
  histogram.negative.spans.clear();
  histogram.negative.deltas = {1};
  CheckBoth(histogram, "custom buckets: must not have negative buckets");
}

TEST_CASE("a lower resolution merges neighbours, and keeps gaps", "[histogram]") {
  NativeHistogram histogram;
  histogram.positive = {{{0, 4}, {0, 0}, {3, 2}}, {1, 2, -2, 1, -1, 0}, {}};
  histogram.negative = histogram.positive;
  NativeHistogram as_float = ToFloat(histogram);
  REQUIRE(ReduceResolution(histogram, -1).ok());
  const BucketSide expected = {{{0, 3}, {1, 1}}, {1, 3, -2, 0}, {}};
  CHECK(histogram.schema == -1);
  CHECK(histogram.positive == expected);
  CHECK(histogram.negative == expected);
  REQUIRE(ReduceResolution(as_float, -1).ok());
  CHECK(as_float.positive == ToFloat(expected));
}

TEST_CASE("a resolution that cannot be reduced leaves the histogram as it was", "[histogram]") {
  NativeHistogram histogram = CustomFour({1, 2, 3, 4});
  CHECK_FALSE(ReduceResolution(histogram, -60).ok());
  histogram = {};
  histogram.positive = {{{0, 2}}, {1}, {}};
  const NativeHistogram before = histogram;
  CHECK_FALSE(ReduceResolution(histogram, -1).ok());  // too few buckets
  CHECK(histogram == before);
  CHECK_FALSE(ReduceResolution(histogram, 0).ok());
  CHECK_FALSE(ReduceResolution(histogram, kCustomBucketsSchema).ok());
  histogram.positive = {{{1, 1}, {INT32_MAX, 1}, {INT32_MAX, 1}, {INT32_MAX, 1}}, {1, 2, 3, 4}, {}};
  CHECK(ReduceResolution(histogram, -1).ok());
  CHECK(BucketCount(histogram) == 4);
}

namespace {

// What a histogram counts in each bucket of `schema`, by the bounds of its own buckets.
std::map<int64_t, uint64_t> CountsAt(const BucketSide& side, int32_t from, int32_t to) {
  std::map<int64_t, uint64_t> counts;
  int64_t index = 0;
  size_t next = 0;
  uint64_t count = 0;
  for (const BucketSpan& span : side.spans) {
    index += span.offset;
    for (uint32_t i = 0; i < span.length; ++i, ++index) {
      count += static_cast<uint64_t>(side.deltas[next++]);
      // The upper bound of a bucket is 2^(index / 2^schema); it lies in the first bucket of the
      // target that reaches as far.
      const double upper = static_cast<double>(index) * std::exp2(-from);
      counts[static_cast<int64_t>(std::ceil(upper * std::exp2(to)))] += count;
    }
  }
  return counts;
}

}  // namespace

TEST_CASE("each count ends in the bucket that covers its own", "[histogram]") {
  const auto seed = GENERATE(take(200, random(1U, 1'000'000'000U)));
  CAPTURE(seed);
  std::mt19937_64 rng(seed);
  NativeHistogram histogram;
  histogram.schema = static_cast<int32_t>(rng() % 12) - 3;
  const auto target = static_cast<int32_t>(
      kSchemaMin + static_cast<int32_t>(rng() % static_cast<uint64_t>(histogram.schema + 4)));
  int64_t before = 0;
  for (uint64_t i = rng() % 6; i > 0; --i) {
    const bool is_first = histogram.positive.spans.empty();
    const auto length = static_cast<uint32_t>(rng() % 20);
    histogram.positive.spans.push_back(
        {static_cast<int32_t>(rng() % 40) - (is_first ? 20 : 0), length});
    for (uint32_t k = 0; k < length; ++k) {
      const auto count = static_cast<int64_t>(rng() % 100);
      histogram.positive.deltas.push_back(count - before);
      before = count;
    }
  }
  const auto expected = CountsAt(histogram.positive, histogram.schema, target);
  REQUIRE(ReduceResolution(histogram, target).ok());
  CHECK(CountsAt(histogram.positive, target, target) == expected);
  CHECK(BucketCount(histogram) == expected.size());
}

TEST_CASE("a bucket limit lowers the resolution until the buckets fit", "[histogram]") {
  NativeHistogram example;
  example.count = 21;
  example.sum = 33;
  example.zero_threshold = 0.001;
  example.zero_count = 3;
  example.positive = {{{0, 3}}, {3, 0, 0}, {}};
  example.negative = example.positive;
  NativeHistogram big_gap = example;
  big_gap.positive = {{{1, 1}, {2, 1}}, {1, 0}, {}};
  big_gap.negative = {};
  NativeHistogram custom = Custom({1, 2, 3});
  custom.positive = example.positive;

  struct Case {
    NativeHistogram histogram;
    size_t limit;
    size_t buckets;  // 0 = too many
    int32_t schema;
  };

  const std::vector<Case> cases = {{example, 3, 0, 0},  {example, 4, 4, -1}, {example, 10, 6, 0},
                                   {big_gap, 1, 1, -2}, {custom, 2, 0, 0},   {custom, 3, 3, -53}};
  for (const Case& c : cases) {
    for (NativeHistogram histogram : {c.histogram, ToFloat(c.histogram)}) {
      CAPTURE(c.limit, histogram.is_float, histogram.schema);
      const Result<bool> limited = LimitBuckets(histogram, c.limit);
      REQUIRE(limited.ok());
      CHECK(*limited == (c.buckets > 0));
      if (!*limited) continue;
      CHECK(BucketCount(histogram) == c.buckets);
      CHECK(histogram.schema == c.schema);
    }
  }
}

TEST_CASE("a least bucket factor is a greatest schema", "[histogram]") {
  CHECK(MaxSchemaOf(0) == 8);
  CHECK(MaxSchemaOf(1) == 8);
  CHECK(MaxSchemaOf(1.00271) == 8);
  CHECK(MaxSchemaOf(1.002) == 8);
  CHECK(MaxSchemaOf(1.1) == 2);
  CHECK(MaxSchemaOf(1.5) == 0);
  CHECK(MaxSchemaOf(2) == 0);
  CHECK(MaxSchemaOf(4) == -1);
  CHECK(MaxSchemaOf(256) == -3);
  CHECK(MaxSchemaOf(65536) == -4);
  CHECK(MaxSchemaOf(1e300) == -4);
  CHECK(MaxSchemaOf(kNaN) == 8);
}

TEST_CASE("a greatest schema reduces what is finer, and nothing else", "[histogram]") {
  NativeHistogram histogram;
  histogram.positive = {{{0, 3}}, {3, 0, 0}, {}};
  REQUIRE(LimitSchema(histogram, 0).ok());
  CHECK(histogram.schema == 0);
  REQUIRE(LimitSchema(histogram, -1).ok());
  CHECK(histogram.schema == -1);
  NativeHistogram custom = CustomFour({1, 2, 3, 4});
  REQUIRE(LimitSchema(custom, -1).ok());
  CHECK(custom.schema == kCustomBucketsSchema);
  NativeHistogram reserved;
  reserved.schema = 52;
  reserved.positive = {{{1000, 2}}, {1, 0}, {}};
  REQUIRE(LimitSchema(reserved, 8).ok());
  CHECK(reserved.schema == 8);
  CHECK(reserved.positive == BucketSide{{{1, 1}}, {2}, {}});
}

}  // namespace sluice::proto
