#include "base/varint.h"

#include <cstdint>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

namespace sluice {
namespace {

std::string Encoded(uint64_t value) {
  std::string bytes;
  PutVarint(bytes, value);
  return bytes;
}

TEST_CASE("a varint has the published encoding", "[varint]") {
  CHECK(Encoded(0) == std::string(1, '\0'));
  CHECK(Encoded(127) == "\x7f");
  CHECK(Encoded(128) == std::string("\x80\x01"));
  CHECK(Encoded(300) == "\xac\x02");
  CHECK(Encoded(std::numeric_limits<uint64_t>::max()) == std::string(9, '\xff') + "\x01");
}

TEST_CASE("numbers and strings read back as they were written, and no prefix of them does",
          "[varint]") {
  const uint64_t seed = std::random_device()();
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  for (int round = 0; round < 2000; ++round) {
    const uint64_t number = random() >> (random() % 64);
    const auto signed_number =
        static_cast<int64_t>(random() >> (random() % 64)) * (round % 2 * 2 - 1);
    const std::string text(random() % 300, 'x');
    std::string bytes;
    PutVarint(bytes, number);
    PutVarint(bytes, ZigZag(signed_number));
    PutString(bytes, text);
    ByteReader reader(bytes);
    REQUIRE(reader.Varint() == number);
    REQUIRE(UnZigZag(reader.Varint()) == signed_number);
    REQUIRE(reader.String() == text);
    REQUIRE(reader.ok());
    REQUIRE(reader.empty());

    // A copy of its own size, so that a sanitizer sees a read beyond the end.
    const std::vector<char> cut(
        bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(random() % bytes.size()));
    ByteReader short_reader(std::string_view(cut.data(), cut.size()));
    short_reader.Varint();
    short_reader.Varint();
    short_reader.String();
    REQUIRE_FALSE(short_reader.ok());
  }
}

TEST_CASE("zigzag keeps the extremes", "[varint]") {
  for (const int64_t value :
       {int64_t{0}, int64_t{-1}, int64_t{1}, std::numeric_limits<int64_t>::min(),
        std::numeric_limits<int64_t>::max()}) {
    CHECK(UnZigZag(ZigZag(value)) == value);
  }
  CHECK(ZigZag(-1) == 1);
  CHECK(ZigZag(1) == 2);
}

TEST_CASE("a number of more than 64 bits is malformed", "[varint]") {
  CHECK_FALSE([] {
    ByteReader reader("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02");
    reader.Varint();
    return reader.ok();
  }());
  CHECK_FALSE([] {
    ByteReader reader("\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01");
    reader.Varint();
    return reader.ok();
  }());
}

TEST_CASE("after its first error a reader gives nothing more", "[varint]") {
  ByteReader reader(
      "\x05"
      "abc");
  CHECK(reader.String().empty());
  CHECK_FALSE(reader.ok());
  CHECK(reader.empty());
  CHECK(reader.Byte() == 0);
  CHECK(reader.Varint() == 0);
  CHECK(reader.Bytes(1).empty());
  CHECK_FALSE(reader.ok());
}

TEST_CASE("a size near the limit of its type does not wrap around", "[varint]") {
  std::string bytes;
  PutVarint(bytes, std::numeric_limits<uint64_t>::max());
  bytes += "abc";
  ByteReader reader(bytes);
  CHECK(reader.String().empty());
  CHECK_FALSE(reader.ok());
}

}  // namespace
}  // namespace sluice
