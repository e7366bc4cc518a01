// The value column of a frame: doubles as decimal mantissas and exponents, in streams of their own.
//
// What exporters print are decimal numbers, mostly integers. As `mantissa / 10^exponent` they take
// a few bytes and compress well, which their binary form does not. A double that is not exactly the
// quotient of such a pair goes into a third stream as it is, so every bit pattern survives.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::buffer {

// Exponents 0..kExponentMax are decimal; this one stands for "8 raw bytes".
inline constexpr uint8_t kExponentMax = 17;
inline constexpr uint8_t kExponentRaw = 31;

// The most bytes that one value takes in all streams together.
inline constexpr size_t kValueBytesMax = 1 + 10;

// value == mantissa / 10^exponent, or kExponentRaw.
struct Decimal {
  int64_t mantissa = 0;
  uint8_t exponent = kExponentRaw;
};

// The least exponent that gives the value back bit by bit.
Decimal ToDecimal(double value);

// Scratch memory is kept between calls. Thread-compatible.
class ValueColumnEncoder {
 public:
  // Appends the column to `out`. Quickest when the values have as many decimals as those in the
  // same places of the column before: then the page of a like target was encoded before this one.
  void Encode(std::span<const double> values, std::string& out);

 private:
  size_t EncodeBlock(std::span<const double> values, char* exponents, char* mantissas);

  std::string exponents_;  // of the last column that had a value in the place
  std::string mantissas_;
  std::string raw_;
};

// Reads a column of `values.size()` values from the front of `bytes` and removes it from there.
// False on malformed input.
bool DecodeValueColumn(std::string_view& bytes, std::span<double> values);

}  // namespace sluice::buffer
