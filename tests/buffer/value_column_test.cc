#include "buffer/value_column.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include <catch2/catch.hpp>

using namespace sluice::buffer;

namespace {

bool HaveSameBits(double a, double b) {
  return std::bit_cast<uint64_t>(a) == std::bit_cast<uint64_t>(b);
}

std::string Encoded(const std::vector<double>& values) {
  std::string bytes;
  ValueColumnEncoder().Encode(values, bytes);
  return bytes;
}

// Whether the whole of `bytes` is a column of so many values.
bool IsColumn(std::string_view bytes, size_t count, std::vector<double>& values) {
  values.assign(count, -1);
  return DecodeValueColumn(bytes, values) && bytes.empty();
}

}  // namespace

TEST_CASE("the least exponent that is exact is taken", "[value_column]") {
  CHECK(ToDecimal(5).exponent == 0);
  CHECK(ToDecimal(0.5).exponent == 1);
  CHECK(ToDecimal(0.5).mantissa == 5);
  CHECK(ToDecimal(12345.67).exponent == 2);
  CHECK(ToDecimal(-12345.67).mantissa == -1234567);
  CHECK(ToDecimal(-0.0).exponent == kExponentRaw);
  CHECK(ToDecimal(std::nan("")).exponent == kExponentRaw);
  CHECK(ToDecimal(1e300).exponent == kExponentRaw);
}

TEST_CASE("whatever is an integer over a power of ten is found to be one", "[value_column]") {
  const uint64_t seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  for (int i = 0; i < 200'000; ++i) {
    // Below 2^50: of more digits the error of the scaling may be half a one.
    const auto digits = static_cast<int64_t>(random() >> 14 >> (random() % 50));
    const auto places = static_cast<int>(random() % (kExponentMax + 1));
    const double value = static_cast<double>(digits) / std::pow(10.0, places);
    const Decimal decimal = ToDecimal(value);
    CAPTURE(digits, places);
    REQUIRE(decimal.exponent <= places);
    REQUIRE(static_cast<double>(decimal.mantissa) / std::pow(10.0, decimal.exponent) == value);
  }
}

TEST_CASE("a column is the same whatever the one before it was", "[value_column]") {
  const uint64_t seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  const auto number = [&random] {
    const auto digits = static_cast<double>(static_cast<int64_t>(random()) >> (random() % 64));
    const double value = digits / std::pow(10.0, static_cast<double>(random() % 20));
    return random() % 8 == 0 ? std::bit_cast<double>(random()) : value;
  };
  ValueColumnEncoder used;
  std::vector<double> values;
  for (int column = 0; column < 5'000; ++column) {
    // Some are longer than what there is room for at once.
    values.resize(column % 500 == 0 ? random() % 5'000 : random() % 40);
    // Many stay, or get other digits and as many decimals.
    for (double& value : values) {
      if (random() % 4 == 0) value = number();
      if (random() % 4 == 0) value += 1;
    }
    std::string got;
    used.Encode(values, got);
    std::string want;
    ValueColumnEncoder().Encode(values, want);
    REQUIRE(got == want);
    std::string_view bytes = got;
    std::vector<double> back(values.size());
    REQUIRE(DecodeValueColumn(bytes, back));
    REQUIRE(std::equal(back.begin(), back.end(), values.begin(), values.end(), HaveSameBits));
  }
}

TEST_CASE("what neighbours have in common takes few bytes", "[value_column]") {
  std::vector<double> values;
  // Two bytes for each 255 that repeat the one before.
  CHECK(Encoded(std::vector<double>(100'000, 0.0)).size() < 800);
  CHECK(Encoded(std::vector<double>(100'000, std::nan(""))).size() < 800);
  // A byte and two by turns for the mantissas, and two for each 255 exponents.
  for (int i = 0; i < 255'000; ++i) values.push_back(i % 2 == 0 ? 0.25 : 0.75);
  CHECK(Encoded(values).size() < 255'000 * 3 / 2 + 255'000 / 255 * 2 + 10);
}

TEST_CASE("runs of every length survive", "[value_column]") {
  std::vector<double> values;
  for (size_t length = 1; length < 520; ++length) {
    values.insert(values.end(), length, static_cast<double>(length));
    values.insert(values.end(), 1, 0.5);
    for (size_t i = 0; i < length; ++i) values.push_back(static_cast<double>(i % 2));
  }
  std::vector<double> back;
  REQUIRE(IsColumn(Encoded(values), values.size(), back));
  CHECK(back == values);
}

TEST_CASE("columns take no more than they may, whatever their values", "[value_column]") {
  std::mt19937_64 random(3);
  std::vector<double> values;
  for (int i = 0; i < 3'000; ++i) {
    // Raw, of seventeen digits, and short, by turns: runs of one.
    const double raw = std::bit_cast<double>(random());
    values.push_back(i % 3 == 0 ? raw : i % 3 == 1 ? 0.12345678901234567 : 0.5);
    CHECK(Encoded(values).size() <= ValueColumnBytesMax(values.size()));
  }
}

TEST_CASE("a column with an exponent for each value, as those of before, is read",
          "[value_column]") {
  using namespace std::string_view_literals;
  std::vector<double> values;
  // 7, 0.5, a raw 1, -3
  REQUIRE(IsColumn("\x00\x01\x1f\x00\x0e\x0a\x05\0\0\0\0\0\0\xf0\x3f"sv, 4, values));
  CHECK(values == std::vector<double>{7, 0.5, 1, -3});
  CHECK_FALSE(IsColumn("\x00\x01\x1f"sv, 4, values));
  // No exponent, and none that stood in such columns.
  CHECK_FALSE(IsColumn("\x12"sv, 1, values));
  CHECK_FALSE(IsColumn("\x00\x1e\x0e"sv, 2, values));
}

TEST_CASE("malformed runs are told", "[value_column]") {
  using namespace std::string_view_literals;
  std::vector<double> values;
  // Two sevens: one, and one more.
  REQUIRE(IsColumn("\xff\x02\x20\x3e\x0e"sv, 2, values));
  CHECK(values == std::vector<double>{7, 7});
  // The same with lengths of their own.
  REQUIRE(IsColumn("\xff\x04\x00\x01\x1e\x01\x0e"sv, 2, values));
  CHECK(values == std::vector<double>{7, 7});
  const std::vector<std::string_view> malformed = {
      "\xff"sv,
      "\xff\x02\x20\x3e"sv,          // no mantissa
      "\xff\x03\x20\x3e\x0e"sv,      // runs cut short
      "\xff\x01\x20\x0e"sv,          // too few values
      "\xff\x02\x20\x5e\x0e"sv,      // too many
      "\xff\x01\x5e"sv,              // nothing to repeat
      "\xff\x03\x20\x1e\x00\x0e"sv,  // a run of none
      "\xff\x02\x20\x1e\x0e"sv,      // a length that is missing
      "\xff\x01\x52\x0e\x0e"sv,      // no exponent
      "\xff\x01\x5f\x0e\x0e"sv,      // a raw value cut short
  };
  for (const std::string_view bytes : malformed) {
    CAPTURE(bytes.size());
    CHECK_FALSE(IsColumn(bytes, 2, values));
  }
}
