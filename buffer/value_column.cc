#include "buffer/value_column.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>

#include "base/varint.h"

namespace sluice::buffer {
namespace {

// Integers below this are exact in a double, and so are all powers of ten here.
constexpr double kMantissaLimit = 9007199254740992.0;  // 2^53

// An integer over a power of ten, rounded, times that power, rounded, is as far from the integer as
// twice half a unit in the last place, relatively; with as much again to be safe.
constexpr double kScalingError = 0x1p-51;

constexpr std::array<double, kExponentMax + 1> kPowersOfTen = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,
                                                               1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                                               1e12, 1e13, 1e14, 1e15, 1e16, 1e17};

// As ToDecimal() for a number with so many decimals; nothing when it has more, or fewer. The bounds
// leave out what needs care: signs of zeros, and digits that a double does not quite hold.
bool HasDecimals(double value, uint8_t exponent, int64_t& mantissa) {
  constexpr double kFewDigits = 1e15;
  const double power = kPowersOfTen[exponent];
  const double scaled = value * power;
  if (!(std::fabs(scaled) < kFewDigits)) return false;
  mantissa = static_cast<int64_t>(scaled + (scaled < 0 ? -0.5 : 0.5));
  return mantissa % 10 != 0 && static_cast<double>(mantissa) / power == value;
}

// As ToDecimal() for a number without decimals; nothing for others.
bool IsInteger(double value, int64_t& mantissa) {
  if (!(std::fabs(value) < kMantissaLimit)) return false;  // also NaN and infinities
  mantissa = static_cast<int64_t>(value);
  return static_cast<double>(mantissa) == value && (mantissa != 0 || !std::signbit(value));
}

// Mantissas in zigzag have 54 bits.
constexpr size_t kMantissaBytesMax = 8;

char* WriteVarint(char* to, uint64_t value) {
  while (value >= 0x80) {
    *to++ = static_cast<char>(value | 0x80);
    value >>= 7;
  }
  *to++ = static_cast<char>(value);
  return to;
}

// Values for which there is room before they are encoded: the room for all of a large column would
// be several times what they take.
constexpr size_t kBlock = 1'024;

}  // namespace

Decimal ToDecimal(double value) {
  Decimal integer{.mantissa = 0, .exponent = 0};
  if (IsInteger(value, integer.mantissa)) return integer;
  if (!(std::fabs(value) < kMantissaLimit) || value == 0) return {};
  for (uint8_t exponent = 1; exponent <= kExponentMax; ++exponent) {
    const double power = kPowersOfTen[exponent];
    const double scaled = value * power;
    if (!(std::fabs(scaled) < kMantissaLimit)) break;
    const auto mantissa = static_cast<int64_t>(scaled + (scaled < 0 ? -0.5 : 0.5));
    const auto rounded = static_cast<double>(mantissa);
    // Spares nearly every division that would find them different.
    if (std::fabs(rounded - scaled) > std::fabs(scaled) * kScalingError) continue;
    // A negative number that rounds to zero would come back without its sign; zero never equals it.
    if (rounded / power == value) return Decimal{.mantissa = mantissa, .exponent = exponent};
  }
  return {};
}

void ValueColumnEncoder::Encode(std::span<const double> values, std::string& out) {
  if (exponents_.size() < values.size()) exponents_.resize(values.size());
  raw_.clear();
  size_t used = 0;
  for (size_t begin = 0; begin < values.size(); begin += kBlock) {
    const auto block = values.subspan(begin, std::min(kBlock, values.size() - begin));
    const size_t needed = used + kBlock * kMantissaBytesMax;
    if (mantissas_.size() < needed) mantissas_.resize(needed + needed / 2);
    used += EncodeBlock(block, exponents_.data() + begin, mantissas_.data() + used);
  }
  out.append(exponents_.data(), values.size());
  out.append(mantissas_.data(), used);
  out.append(raw_);
}

// `exponents` are those of the column before, and then of this one. Returns how many bytes of
// mantissas there are.
size_t ValueColumnEncoder::EncodeBlock(std::span<const double> values, char* exponents,
                                       char* mantissas) {
  char* to = mantissas;
  for (const double value : values) {
    const auto likely = static_cast<uint8_t>(*exponents);
    Decimal decimal{.mantissa = 0, .exponent = likely};
    bool is_known = false;
    if (likely == 0) {
      is_known = IsInteger(value, decimal.mantissa);
    } else if (likely <= kExponentMax) {
      is_known = HasDecimals(value, likely, decimal.mantissa);
    }
    if (!is_known) decimal = ToDecimal(value);
    *exponents++ = static_cast<char>(decimal.exponent);
    if (decimal.exponent != kExponentRaw) {
      to = WriteVarint(to, ZigZag(decimal.mantissa));
    } else {
      raw_.append(reinterpret_cast<const char*>(&value), sizeof(value));
    }
  }
  return static_cast<size_t>(to - mantissas);
}

bool DecodeValueColumn(std::string_view& bytes, std::span<double> values) {
  static_assert(std::endian::native == std::endian::little, "raw values are stored little-endian");
  if (bytes.size() < values.size()) return false;
  const std::string_view exponents = bytes.substr(0, values.size());
  ByteReader reader(bytes.substr(values.size()));
  size_t raw_count = 0;
  for (size_t i = 0; i < values.size(); ++i) {
    const auto exponent = static_cast<uint8_t>(exponents[i]);
    if (exponent <= kExponentMax) {
      const auto mantissa = static_cast<double>(UnZigZag(reader.Varint()));
      values[i] = exponent == 0 ? mantissa : mantissa / kPowersOfTen[exponent];
    } else if (exponent == kExponentRaw) {
      ++raw_count;
    } else {
      return false;
    }
  }
  const std::string_view raw = reader.Bytes(raw_count * 8);
  if (!reader.ok()) return false;
  size_t offset = 0;
  for (size_t i = 0; raw_count > 0 && i < values.size(); ++i) {
    if (static_cast<uint8_t>(exponents[i]) != kExponentRaw) continue;
    std::memcpy(&values[i], raw.data() + offset, 8);
    offset += 8;
  }
  bytes = reader.rest();
  return true;
}

}  // namespace sluice::buffer
