#include "buffer/frame.h"

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

using namespace sluice;
using namespace sluice::buffer;

namespace {

std::vector<uint64_t> Bits(const std::vector<double>& values) {
  std::vector<uint64_t> bits;
  bits.reserve(values.size());
  for (const double value : values) bits.push_back(std::bit_cast<uint64_t>(value));
  return bits;
}

std::vector<double> RoundTrip(const std::vector<double>& values) {
  FrameEncoder encoder;
  FrameDecoder decoder;
  DecodedFrame frame;
  const std::string stored(encoder.Encode({.timestamp_ms = 1, .values = values}));
  const Status status = decoder.Decode(stored, static_cast<uint32_t>(values.size()), frame);
  REQUIRE(status.ok());
  CHECK(frame.present.empty());
  CHECK(frame.timestamps.empty());
  return frame.values;
}

FrameColumns MixedColumns(const std::vector<double>& values,
                          const std::vector<TimestampMs>& timestamps,
                          const std::vector<uint8_t>& present) {
  return {.timestamp_ms = 1'700'000'000'000,
          .values = values,
          .timestamps = timestamps,
          .present = present};
}

}  // namespace

TEST_CASE("values of every class survive bit by bit", "[frame]") {
  const double inf = std::numeric_limits<double>::infinity();
  const std::vector<double> values = {0.0,
                                      -0.0,
                                      1,
                                      -1,
                                      0.1,
                                      -0.1,
                                      12345.67,
                                      1e-17,
                                      1e-18,
                                      5e-324,
                                      1e300,
                                      -1e300,
                                      9007199254740991.0,
                                      9007199254740992.0,
                                      9007199254740993.0,
                                      -9007199254740992.0,
                                      9.223372036854776e18,
                                      0.30000000000000004,
                                      1.7976931348623157e308,
                                      2.2250738585072014e-308,
                                      3.141592653589793,
                                      inf,
                                      -inf,
                                      std::nan(""),
                                      std::bit_cast<double>(kStaleNanBits),
                                      std::bit_cast<double>(kNormalNanBits),
                                      std::bit_cast<double>(0xfff8000000000123ULL)};
  CHECK(Bits(RoundTrip(values)) == Bits(values));
}

TEST_CASE("random values of every kind survive bit by bit", "[frame]") {
  const uint64_t seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  for (int round = 0; round < 300; ++round) {
    std::vector<double> values(1 + random() % 500);
    for (double& value : values) {
      switch (random() % 5) {
        case 0:
          value = std::bit_cast<double>(random());
          break;
        case 1:
          value = static_cast<double>(static_cast<int64_t>(random()) >> (random() % 64));
          break;
        case 2:
          value = static_cast<double>(random() % 100000) / std::pow(10, random() % 20);
          break;
        case 3:
          value = -static_cast<double>(random() % 1000) / 1000;
          break;
        default:
          value = std::ldexp(static_cast<double>(random() % 4096),
                             static_cast<int>(random() % 200) - 100);
      }
    }
    REQUIRE(Bits(RoundTrip(values)) == Bits(values));
  }
}

TEST_CASE("timestamps and absent series survive", "[frame]") {
  const std::vector<double> values = {1, 2, 3, 4, 5};
  const std::vector<TimestampMs> timestamps = {kNoTimestamp, 1'700'000'000'000, 1'600'000'000'000,
                                               INT64_MAX, INT64_MIN + 1};
  const std::vector<uint8_t> present = {1, 1, 0, 1, 1};
  FrameEncoder encoder;
  FrameDecoder decoder;
  DecodedFrame frame;
  const FrameColumns columns = MixedColumns(values, timestamps, present);
  CHECK(SampleCount(columns, 5) == 4);
  REQUIRE(decoder.Decode(encoder.Encode(columns), 5, frame).ok());
  CHECK(frame.timestamp_ms == 1'700'000'000'000);
  CHECK(frame.present == present);
  for (const size_t i : {0U, 1U, 3U, 4U}) {
    CAPTURE(i);
    CHECK(frame.values[i] == values[i]);
    CHECK(frame.timestamps[i] == timestamps[i]);
  }
}

TEST_CASE("extreme distances of timestamps survive", "[frame]") {
  const std::vector<TimestampMs> extremes = {0, -1, 1, INT64_MAX, INT64_MIN + 1, kNoTimestamp, 5};
  const std::vector<double> values(extremes.size(), 1.0);
  FrameEncoder encoder;
  FrameDecoder decoder;
  for (const TimestampMs at : {int64_t{0}, int64_t{-1}, int64_t{1}, INT64_MAX, INT64_MIN + 1}) {
    CAPTURE(at);
    DecodedFrame frame;
    REQUIRE(
        decoder
            .Decode(encoder.Encode({.timestamp_ms = at, .values = values, .timestamps = extremes}),
                    static_cast<uint32_t>(values.size()), frame)
            .ok());
    CHECK(frame.timestamp_ms == at);
    CHECK(frame.timestamps == extremes);
  }
}

TEST_CASE("a stale frame takes a few bytes whatever its layout", "[frame]") {
  FrameEncoder encoder;
  FrameDecoder decoder;
  DecodedFrame frame;
  const FrameColumns columns = {.kind = FrameKind::kStale, .timestamp_ms = 1'700'000'000'000};
  const std::string stored(encoder.Encode(columns));
  CHECK(stored.size() <= 10);
  CHECK(SampleCount(columns, 100'000) == 100'000);
  REQUIRE(decoder.Decode(stored, 100'000, frame).ok());
  CHECK(frame.kind == FrameKind::kStale);
  CHECK(frame.timestamp_ms == 1'700'000'000'000);
  CHECK(frame.values.empty());
}

TEST_CASE("a stale frame may be for some series of its layout", "[frame]") {
  FrameEncoder encoder;
  FrameDecoder decoder;
  DecodedFrame frame;
  std::vector<uint8_t> present(100'003, 0);
  for (const size_t series : {0U, 77U, 50'000U, 100'002U}) present[series] = 1;
  const FrameColumns columns = {
      .kind = FrameKind::kStale, .timestamp_ms = 1'700'000'000'000, .present = present};
  const std::string stored(encoder.Encode(columns));
  CHECK(stored.size() < 100);
  CHECK(PeekFrameKind(stored) == FrameKind::kStale);
  CHECK(SampleCount(columns, 100'003) == 4);
  REQUIRE(decoder.Decode(stored, 100'003, frame).ok());
  CHECK(frame.kind == FrameKind::kStale);
  CHECK(frame.timestamp_ms == 1'700'000'000'000);
  CHECK(frame.present == present);
  CHECK(frame.values.empty());

  CHECK_FALSE(decoder.Decode(stored, 100'002, frame).ok());
  for (size_t size = 0; size < stored.size(); ++size) {
    CHECK_FALSE(decoder.Decode(stored.substr(0, size), 100'003, frame).ok());
  }
}

TEST_CASE("a frame cut short anywhere, or for another layout, is corruption", "[frame]") {
  std::mt19937_64 random(7);
  std::vector<double> values(40);
  for (double& value : values) value = static_cast<double>(random() % 3);
  values[3] = std::nan("");
  std::vector<TimestampMs> timestamps(40, kNoTimestamp);
  timestamps[7] = 17;
  std::vector<uint8_t> present(40, 1);
  present[9] = 0;
  FrameEncoder encoder;
  FrameDecoder decoder;
  DecodedFrame frame;
  const std::string stored(encoder.Encode(MixedColumns(values, timestamps, present)));
  for (size_t size = 0; size < stored.size(); ++size) {
    CAPTURE(size);
    const std::vector<char> cut(stored.begin(), stored.begin() + static_cast<ptrdiff_t>(size));
    const Status status = decoder.Decode(std::string_view(cut.data(), cut.size()), 40, frame);
    REQUIRE_FALSE(status.ok());
    CHECK(status.error().code == ErrorCode::kCorruption);
  }
  CHECK_FALSE(decoder.Decode(stored, 39, frame).ok());
  CHECK_FALSE(decoder.Decode(stored, 41, frame).ok());
  CHECK(decoder.Decode(stored, 40, frame).ok());
}

TEST_CASE("a frame for no series is legal", "[frame]") {
  FrameEncoder encoder;
  FrameDecoder decoder;
  DecodedFrame frame;
  REQUIRE(decoder.Decode(encoder.Encode({.timestamp_ms = 5}), 0, frame).ok());
  CHECK(frame.values.empty());
}

TEST_CASE("a frame that was packed with zstd, as those of older directories, is read", "[frame]") {
  constexpr std::string_view kStored(
      "\x01\x00\x80\xa0\xab\xfe\xf9\x62\x3c\x01\x28\xb5\x2f\xfd\x20\x78\x35\x02\x00\xf4\x03\x00"
      "\x00\x00\x00\x0e\x0e\x0e\x04\x0e\x0e\x0e\x08\x0e\x0e\x0e\x0c\x0e\x0e\x0e\x10\x0e\x0e\x0e"
      "\x14\x0e\x0e\x0e\x18\x0e\x0e\x0e\x1c\x0e\x0e\x0e\x20\x0e\x0e\x0e\x24\x0e\x0e\x0e\x28\x0e"
      "\x0e\x0e\x2c\x0e\x0e\x0e\x30\x0e\x0e\x0e\x34\x0e\x0e\x0e\x38\x0e\x0e\x0e\x01\x00\x3e\x01"
      "\x11",
      89);
  FrameDecoder decoder;
  DecodedFrame frame;
  REQUIRE(decoder.Decode(kStored, 60, frame).ok());
  CHECK(frame.timestamp_ms == 1'700'000'000'000);
  REQUIRE(frame.values.size() == 60);
  for (size_t i = 0; i < 60; ++i) {
    CHECK(frame.values[i] == (i % 4 == 0 ? 0.5 * static_cast<double>(i) : 7));
  }
}

TEST_CASE("a frame that was packed with snappy, as those of format 3, is read", "[frame]") {
  constexpr std::string_view kStored(
      "\x01\x00\x80\xa0\xab\xfe\xf9\x62\x3c\x02\x78\x10\x00\x00\x00\x00\x01\x3a\x04\x00\x01\x01"
      "\x92\x14\x00\x90\x0e\x0e\x0e\x08\x0e\x0e\x0e\x10\x0e\x0e\x0e\x18\x0e\x0e\x0e\x20\x0e\x0e"
      "\x0e\x04\x0e\x0e\x0e\x30\x0e\x0e\x0e\x38\x0e\x0e\x0e\x40\x0e\x0e\x0e\x48\x0e\x09\x24\x3c"
      "\x58\x0e\x0e\x0e\x60\x0e\x0e\x0e\x68\x0e\x0e\x0e\x70\x0e\x0e\x0e",
      82);
  FrameDecoder decoder;
  DecodedFrame frame;
  REQUIRE(decoder.Decode(kStored, 60, frame).ok());
  CHECK(frame.timestamp_ms == 1'700'000'000'000);
  REQUIRE(frame.values.size() == 60);
  for (size_t i = 0; i < 60; ++i) {
    CHECK(frame.values[i] == (i % 4 == 0 ? static_cast<double>(i) / 10 : 7));
  }
}
