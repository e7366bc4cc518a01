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

// Quickest when the number has so many decimals.
Decimal ToLikelyDecimal(double value, uint8_t exponent) {
  Decimal decimal{.mantissa = 0, .exponent = exponent};
  if (exponent == 0) {
    if (IsInteger(value, decimal.mantissa)) return decimal;
  } else if (exponent <= kExponentMax) {
    if (HasDecimals(value, exponent, decimal.mantissa)) return decimal;
  }
  return ToDecimal(value);
}

// Mantissas in zigzag have 54 bits; a raw value takes as much.
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

// On disk: do not change.
constexpr char kHasRuns = '\xff';  // what no exponent is, in place of the first one
constexpr unsigned kExponentBits = 5;
constexpr unsigned kShortRun = 7;
constexpr unsigned kLongRun = 255;
constexpr size_t kRunBytesMax = 2;
static_assert(kValuesPerByteMax * kRunBytesMax >= kLongRun);

// Of exponents: one byte holds the exponent and a length of up to kShortRun; of a longer one the
// length is 0 there, and the next byte.
class RunWriter {
 public:
  // With room for a byte for each value, and kRunBytesMax.
  explicit RunWriter(char* to) : to_(to) {}

  void Add(uint8_t exponent) {
    if (exponent == exponent_ && length_ < kLongRun) {
      ++length_;
      return;
    }
    Close();
    exponent_ = exponent;
    length_ = 1;
  }

  // The end of what was written.
  char* Close() {
    if (length_ == 0) return to_;
    const bool is_short = length_ <= kShortRun;
    *to_++ = static_cast<char>(exponent_ | ((is_short ? length_ : 0) << kExponentBits));
    if (!is_short) *to_++ = static_cast<char>(length_);
    length_ = 0;
    return to_;
  }

 private:
  char* to_;
  uint8_t exponent_ = 0;
  unsigned length_ = 0;
};

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

// How far a column is.
struct ValueColumnEncoder::Writing {
  RunWriter runs;
  char* mantissas;
  uint64_t before;  // the bits of the last value
};

void ValueColumnEncoder::Encode(std::span<const double> values, std::string& out) {
  if (values.empty()) return;
  if (likely_.size() < values.size()) likely_.resize(values.size());
  if (runs_.size() < values.size() + kRunBytesMax) runs_.resize(values.size() + kRunBytesMax);
  Writing writing{.runs = RunWriter(runs_.data()),
                  .mantissas = nullptr,
                  .before = ~std::bit_cast<uint64_t>(values.front())};
  size_t used = 0;
  for (size_t begin = 0; begin < values.size(); begin += kBlock) {
    const auto block = values.subspan(begin, std::min(kBlock, values.size() - begin));
    const size_t needed = used + kBlock * kMantissaBytesMax;
    if (mantissas_.size() < needed) mantissas_.resize(needed + needed / 2);
    writing.mantissas = mantissas_.data() + used;
    writing = EncodeBlock(block, likely_.data() + begin, writing);
    used = static_cast<size_t>(writing.mantissas - mantissas_.data());
  }
  const auto run_bytes = static_cast<size_t>(writing.runs.Close() - runs_.data());
  out.push_back(kHasRuns);
  PutString(out, std::string_view(runs_.data(), run_bytes));
  out.append(mantissas_.data(), used);
}

// By value, so that nothing that is stored on the way can be part of it.
ValueColumnEncoder::Writing ValueColumnEncoder::EncodeBlock(std::span<const double> values,
                                                            char* likely, Writing writing) {
  for (const double value : values) {
    char& exponent = *likely++;
    const auto bits = std::bit_cast<uint64_t>(value);
    if (bits == writing.before) {
      writing.runs.Add(kExponentRepeat);
      continue;
    }
    writing.before = bits;
    const Decimal decimal = ToLikelyDecimal(value, static_cast<uint8_t>(exponent));
    exponent = static_cast<char>(decimal.exponent);
    writing.runs.Add(decimal.exponent);
    if (decimal.exponent != kExponentRaw) {
      writing.mantissas = WriteVarint(writing.mantissas, ZigZag(decimal.mantissa));
    } else {
      std::memcpy(writing.mantissas, &value, sizeof(value));
      writing.mantissas += sizeof(value);
    }
  }
  return writing;
}

namespace {

static_assert(std::endian::native == std::endian::little, "raw values are stored little-endian");

double DecodeRaw(ByteReader& reader) {
  double value = 0;
  const std::string_view raw = reader.Bytes(sizeof(value));
  if (!raw.empty()) std::memcpy(&value, raw.data(), sizeof(value));
  return value;
}

// Of values that have this exponent; `values[-1]` is there for those that repeat it.
bool DecodeRun(uint8_t exponent, ByteReader& reader, std::span<double> values) {
  if (exponent == kExponentRepeat) {
    std::fill(values.begin(), values.end(), values.data()[-1]);
  } else if (exponent == kExponentRaw) {
    for (double& value : values) value = DecodeRaw(reader);
  } else if (exponent == 0) {
    for (double& value : values) value = static_cast<double>(UnZigZag(reader.Varint()));
  } else if (exponent <= kExponentMax) {
    const double power = kPowersOfTen[exponent];
    for (double& value : values) value = static_cast<double>(UnZigZag(reader.Varint())) / power;
  } else {
    return false;
  }
  return true;
}

bool DecodeRuns(ByteReader& reader, std::span<double> values) {
  ByteReader runs(reader.String());
  size_t done = 0;
  while (!runs.empty()) {
    const uint8_t run = runs.Byte();
    const auto exponent = static_cast<uint8_t>(run & ((1U << kExponentBits) - 1));
    size_t length = run >> kExponentBits;
    if (length == 0) length = runs.Byte();  // 0 when it is missing
    if (length == 0 || length > values.size() - done) return false;
    if (exponent == kExponentRepeat && done == 0) return false;
    if (!DecodeRun(exponent, reader, values.subspan(done, length))) return false;
    done += length;
  }
  return done == values.size();
}

// As columns were stored before there were runs: an exponent for each value, then the mantissas,
// then the raw values.
bool DecodeEach(std::string_view exponents, ByteReader& reader, std::span<double> values) {
  for (size_t i = 0; i < values.size(); ++i) {
    const auto exponent = static_cast<uint8_t>(exponents[i]);
    if (exponent == kExponentRaw) continue;
    if (exponent > kExponentMax) return false;
    DecodeRun(exponent, reader, values.subspan(i, 1));
  }
  for (size_t i = 0; i < values.size(); ++i) {
    if (static_cast<uint8_t>(exponents[i]) == kExponentRaw) values[i] = DecodeRaw(reader);
  }
  return true;
}

}  // namespace

bool DecodeValueColumn(std::string_view& bytes, std::span<double> values) {
  if (values.empty()) return true;
  if (bytes.empty()) return false;
  const bool has_runs = bytes.front() == kHasRuns;
  if (!has_runs && bytes.size() < values.size()) return false;
  const size_t skipped = has_runs ? 1 : values.size();
  ByteReader reader(bytes.substr(skipped));
  const bool good =
      has_runs ? DecodeRuns(reader, values) : DecodeEach(bytes.substr(0, skipped), reader, values);
  bytes = reader.rest();
  return good && reader.ok();
}

}  // namespace sluice::buffer
