// The value column of a frame: doubles as decimal mantissas and exponents, in streams of their own.
//
// What exporters print are decimal numbers, mostly integers. As `mantissa / 10^exponent` they take
// a few bytes, which their binary form does not. A double that is not exactly the quotient of such
// a pair is stored as it is, so every bit pattern survives.
//
// Neighbours have much in common: nearly half of what a host exporter says is the value before it
// once more, mostly a zero, and most of the rest has the exponent of its neighbour. So exponents
// are stored as runs, and values that repeat the one before as runs of an exponent of their own.
// That takes 6 % more bytes than snappy makes of an exponent and a mantissa for each value, in two
// thirds of the time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::buffer {

// Exponents 0..kExponentMax are decimal; these stand for "the value before" and "8 raw bytes".
inline constexpr uint8_t kExponentMax = 17;
inline constexpr uint8_t kExponentRepeat = 30;
inline constexpr uint8_t kExponentRaw = 31;

// The most bytes that a column takes, whatever its values are.
constexpr size_t ValueColumnBytesMax(size_t count) { return 16 + count * (1 + 10); }

// The most values that a byte of a column stands for: a run of 255 takes two.
inline constexpr size_t kValuesPerByteMax = 255 / 2 + 1;

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
  struct Writing;
  static Writing EncodeBlock(std::span<const double> values, char* likely, Writing writing);

  std::string likely_;  // exponents: of the last column that had its own value in the place
  std::string runs_;
  std::string mantissas_;
};

// Reads a column of `values.size()` values from the front of `bytes` and removes it from there.
// False on malformed input.
bool DecodeValueColumn(std::string_view& bytes, std::span<double> values);

}  // namespace sluice::buffer
