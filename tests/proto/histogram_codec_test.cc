#include "proto/histogram_codec.h"

#include <bit>
#include <cmath>
#include <random>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "random_histogram.h"
#include "remote_write.pb.h"

namespace sluice::proto {
namespace {

std::string Encoded(const NativeHistogram& histogram) {
  std::string bytes;
  AppendHistogram(histogram, bytes);
  return bytes;
}

template <class Spans>
std::vector<BucketSpan> SpansOf(const Spans& spans) {
  std::vector<BucketSpan> out;
  for (const auto& span : spans) out.push_back({span.offset(), span.length()});
  return out;
}

// What the generated decoder makes of a message.
NativeHistogram FromSchema(const prometheus::Histogram& message) {
  NativeHistogram out;
  out.is_float = message.count_case() == prometheus::Histogram::kCountFloat;
  out.count = message.count_int();
  out.float_count = message.count_float();
  out.sum = message.sum();
  out.schema = message.schema();
  out.zero_threshold = message.zero_threshold();
  out.zero_count = message.zero_count_int();
  out.float_zero_count = message.zero_count_float();
  out.negative = {SpansOf(message.negative_spans()),
                  {message.negative_deltas().begin(), message.negative_deltas().end()},
                  {message.negative_counts().begin(), message.negative_counts().end()}};
  out.positive = {SpansOf(message.positive_spans()),
                  {message.positive_deltas().begin(), message.positive_deltas().end()},
                  {message.positive_counts().begin(), message.positive_counts().end()}};
  out.reset_hint = static_cast<ResetHint>(message.reset_hint());
  out.custom_values = {message.custom_values().begin(), message.custom_values().end()};
  return out;
}

TEST_CASE("a decoder made from the schema reads back what was written", "[proto]") {
  const auto seed = GENERATE(take(300, random(1U, 1'000'000'000U)));
  CAPTURE(seed);
  std::mt19937_64 rng(seed);
  const NativeHistogram histogram = RandomHistogram(rng);
  const std::string bytes = Encoded(histogram);
  prometheus::Histogram message;
  REQUIRE(message.ParseFromString(bytes));
  CHECK(FromSchema(message) == histogram);
  CHECK(message.SerializeAsString() == bytes);
  CHECK((message.zero_count_case() == prometheus::Histogram::kZeroCountFloat) ==
        histogram.is_float);
  CHECK(message.timestamp() == 0);
}

TEST_CASE("what is written reads back, with a timestamp behind it as well", "[proto]") {
  const auto seed = GENERATE(take(300, random(1U, 1'000'000'000U)));
  CAPTURE(seed);
  std::mt19937_64 rng(seed);
  const NativeHistogram histogram = RandomHistogram(rng);
  std::string bytes = Encoded(histogram);
  NativeHistogram decoded = RandomHistogram(rng);
  REQUIRE(DecodeHistogram(bytes, decoded).ok());
  CHECK(decoded == histogram);
  CHECK(SchemaOf(bytes) == histogram.schema);
  bytes += "\x78\x05";
  REQUIRE(DecodeHistogram(bytes, decoded).ok());
  CHECK(decoded == histogram);
}

TEST_CASE("NaN in a sum keeps its bits: it may be a stale marker", "[proto]") {
  constexpr uint64_t kStale = 0x7ff0000000000002ULL;
  NativeHistogram histogram;
  histogram.sum = std::bit_cast<double>(kStale);
  NativeHistogram decoded;
  REQUIRE(DecodeHistogram(Encoded(histogram), decoded).ok());
  CHECK(std::bit_cast<uint64_t>(decoded.sum) == kStale);
}

TEST_CASE("numbers that are not packed are read as well", "[proto]") {
  std::string bytes("\x60\x02\x60\x04", 4);                         // positive deltas 1 and 2
  bytes += std::string("\x69\x00\x00\x00\x00\x00\x00\xf0\x3f", 9);  // a positive count of 1.0
  NativeHistogram decoded;
  REQUIRE(DecodeHistogram(bytes, decoded).ok());
  CHECK(decoded.positive.deltas == std::vector<int64_t>{1, 2});
  CHECK(decoded.positive.counts == std::vector<double>{1});
}

TEST_CASE("fields of later versions are skipped", "[proto]") {
  NativeHistogram histogram;
  histogram.count = 7;
  std::string bytes = Encoded(histogram);
  bytes += std::string("\x88\x01\x05", 3);              // field 17, a number
  bytes += std::string("\x92\x01\x02zz", 5);            // field 18, bytes
  bytes += std::string("\x9d\x01\x01\x02\x03\x04", 6);  // field 19, 32 bits
  NativeHistogram decoded;
  REQUIRE(DecodeHistogram(bytes, decoded).ok());
  CHECK(decoded == histogram);
}

TEST_CASE("a message that is cut short, or has a field of a wrong type, is corruption", "[proto]") {
  NativeHistogram histogram;
  histogram.schema = 3;
  histogram.sum = 5.5;
  histogram.positive = {{{0, 2}}, {1, 300}, {}};
  histogram.custom_values = {1.0};
  const std::string bytes = Encoded(histogram);
  NativeHistogram decoded;
  size_t whole = 0;  // places between fields, where nothing is missing
  for (size_t size = 0; size < bytes.size(); ++size) {
    const std::vector<char> cut(bytes.begin(), bytes.begin() + static_cast<ptrdiff_t>(size));
    const Status status = DecodeHistogram({cut.data(), cut.size()}, decoded);
    if (status.ok()) {
      ++whole;
    } else {
      CHECK(status.error().code == ErrorCode::kCorruption);
    }
  }
  CHECK(whole == 7);
  CHECK_FALSE(DecodeHistogram("\x18\x01", decoded).ok());  // the sum as a varint
  CHECK_FALSE(DecodeHistogram("\x40\x01", decoded).ok());  // a span that is a number
  CHECK_FALSE(DecodeHistogram("\x6a\x03"
                              "abc",
                              decoded)
                  .ok());                                                  // half a double
  CHECK_FALSE(DecodeHistogram("\x0b", decoded).ok());                      // a group
  CHECK_FALSE(DecodeHistogram(std::string("\x00\x01", 2), decoded).ok());  // field 0
  CHECK_FALSE(SchemaOf("\x20").has_value());
}

TEST_CASE("damaged messages never do harm", "[proto]") {
  const auto seed = GENERATE(take(50, random(1U, 1'000'000'000U)));
  CAPTURE(seed);
  std::mt19937_64 rng(seed);
  const std::string bytes = Encoded(RandomHistogram(rng));
  NativeHistogram decoded;
  for (int round = 0; round < 100; ++round) {
    std::string damaged = bytes;
    for (uint64_t i = 1 + rng() % 4; i > 0; --i) {
      damaged[rng() % damaged.size()] = static_cast<char>(rng());
    }
    if (!DecodeHistogram(damaged, decoded).ok()) continue;
    (void)Validate(decoded).ok();
    (void)LimitBuckets(decoded, 3).ok();
  }
}

}  // namespace
}  // namespace sluice::proto
