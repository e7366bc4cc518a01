#include "scrape/number.h"

#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <system_error>

#include "buffer/frame.h"
#include "scrape/escapes.h"

namespace sluice::scrape {
namespace {

// Powers of ten that a double holds exactly.
constexpr std::array<double, 23> kPowersOfTen = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                                 1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                                 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

constexpr uint64_t kExactIntegerMax = 1ULL << 53;
constexpr ptrdiff_t kExactExponentMax = 22;
constexpr int kCommonDigitsMax = 18;  // so that the mantissa cannot overflow
constexpr int kExactDigitsMax = 15;   // of which each number is one that a double holds exactly

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool EqualsIgnoringCase(std::string_view text, std::string_view lower) {
  if (text.size() != lower.size()) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    if (Lower(text[i]) != lower[i]) return false;
  }
  return true;
}

// Infinities and NaN. `text` has no sign.
bool ParseSpecial(std::string_view text, bool has_sign, double& value) {
  if (EqualsIgnoringCase(text, "inf") || EqualsIgnoringCase(text, "infinity")) {
    value = std::numeric_limits<double>::infinity();
    return true;
  }
  if (!has_sign && EqualsIgnoringCase(text, "nan")) {
    value = std::bit_cast<double>(buffer::kNormalNanBits);
    return true;
  }
  return false;
}

// from_chars calls overflow and underflow alike: only the latter is a number (Go gives 0 or the
// nearest subnormal).
bool ParseOutOfRange(std::string_view text, double& value) {
  const std::string copy(text);
  value = std::strtod(copy.c_str(), nullptr);
  return std::isfinite(value);
}

bool EndsValue(char c) { return c == '\n' || c == ' ' || c == '\t'; }

// The two or three digits after an `e` and a sign, as Go and C print them. Returns where they end,
// or `p` itself when it is written otherwise.
const char* ReadExponent(const char* p, const char* last, ptrdiff_t& exponent) {
  constexpr ptrdiff_t kLeast = 4;  // e+09
  if (last - p < kLeast || (p[1] != '+' && p[1] != '-')) return p;
  const char* at = p + 2;
  ptrdiff_t written = 0;
  while (at != last && IsDigit(*at) && at - p < kLeast + 1) written = written * 10 + (*at++ - '0');
  if (at == p + 2) return p;
  exponent += p[1] == '-' ? -written : written;
  return at;
}

const char* ParseAnyValue(const char* first, const char* last, double& value) {
  const auto result = std::from_chars(first, last, value);
  if (result.ec != std::errc() || result.ptr == last) return nullptr;
  return EndsValue(*result.ptr) && std::isfinite(value) ? result.ptr : nullptr;
}

}  // namespace

bool ParseValue(std::string_view text, double& value) {
  if (text.empty()) return false;
  const bool has_sign = text.front() == '+' || text.front() == '-';
  const bool negative = text.front() == '-';
  const std::string_view magnitude = has_sign ? text.substr(1) : text;
  if (magnitude.empty()) return false;
  if (!IsDigit(magnitude.front()) && magnitude.front() != '.') {
    if (!ParseSpecial(magnitude, has_sign, value)) return false;
  } else {
    const char* const end = magnitude.data() + magnitude.size();
    const auto result = std::from_chars(magnitude.data(), end, value);
    if (result.ptr != end) return false;
    if (result.ec == std::errc::result_out_of_range) {
      if (!ParseOutOfRange(magnitude, value)) return false;
    } else if (result.ec != std::errc()) {
      return false;
    }
    if (!std::isfinite(value)) return false;
  }
  if (negative) value = -value;
  return true;
}

std::string WhyNoValue(std::string_view text) {
  if (text.find_first_of("pP_") != std::string_view::npos) return "unsupported character in float";
  const bool has_sign = !text.empty() && (text.front() == '+' || text.front() == '-');
  const std::string_view magnitude = has_sign ? text.substr(1) : text;
  const char* const end = magnitude.data() + magnitude.size();
  double value = 0;
  const auto result = std::from_chars(magnitude.data(), end, value);
  const bool is_large = result.ec == std::errc::result_out_of_range && result.ptr == end;
  return "strconv.ParseFloat: parsing " + QuoteExcerpt(text) +
         (is_large ? ": value out of range" : ": invalid syntax");
}

TimestampMs MillisecondsOf(double seconds) {
  constexpr double kTooLarge = 0x1p63;
  const double milliseconds = seconds * 1000;
  // Beyond the range Go's conversion gives this on the platforms that count.
  if (!(milliseconds >= -kTooLarge && milliseconds < kTooLarge)) return INT64_MIN;
  return static_cast<TimestampMs>(milliseconds);
}

bool ParseTimestamp(std::string_view text, TimestampMs& timestamp_ms) {
  if (text.empty() || !IsDigit(text.front())) return false;
  const char* const end = text.data() + text.size();
  const auto result = std::from_chars(text.data(), end, timestamp_ms);
  return result.ec == std::errc() && result.ptr == end;
}

const char* ParseCommonValue(const char* first, const char* last, double& value) {
  if (last - first < 2) return nullptr;
  // What most values are.
  if (IsDigit(*first) && first[1] == '\n') {
    value = *first - '0';
    return first + 1;
  }
  // Digits are read as long as there are any, so something else has to come at last.
  if (IsDigit(last[-1])) [[unlikely]]
    return ParseAnyValue(first, last, value);
  const char* p = first;
  const bool negative = *p == '-';
  if (negative) ++p;
  uint64_t mantissa = 0;
  const char* const digits = p;
  for (; IsDigit(*p); ++p) mantissa = mantissa * 10 + static_cast<uint64_t>(*p - '0');
  auto digit_count = p - digits;
  if (*p == '\n' && digit_count != 0 && digit_count <= kExactDigitsMax) {
    const auto magnitude = static_cast<double>(static_cast<int64_t>(mantissa));
    value = negative ? -magnitude : magnitude;
    return p;
  }
  ptrdiff_t exponent = 0;
  if (*p == '.' && p + 1 != last) {
    const char* const fraction = ++p;
    for (; IsDigit(*p); ++p) mantissa = mantissa * 10 + static_cast<uint64_t>(*p - '0');
    exponent = fraction - p;
    digit_count -= exponent;
  }
  if (digit_count == 0) return nullptr;
  if (*p == 'e') p = ReadExponent(p, last, exponent);
  if (p == last) return nullptr;
  const bool is_exact = EndsValue(*p) && digit_count <= kCommonDigitsMax &&
                        mantissa <= kExactIntegerMax && exponent <= kExactExponentMax &&
                        exponent >= -kExactExponentMax;
  if (!is_exact) return ParseAnyValue(first, last, value);
  // Both operands are exact, so that the result is the nearest double (Clinger).
  auto magnitude = static_cast<double>(static_cast<int64_t>(mantissa));
  if (exponent < 0) {
    magnitude /= kPowersOfTen[static_cast<size_t>(-exponent)];
  } else if (exponent > 0) {
    magnitude *= kPowersOfTen[static_cast<size_t>(exponent)];
  }
  value = negative ? -magnitude : magnitude;
  return p;
}

std::string FormatOpenMetricsFloat(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  if (value == 0) return "0.0";
  std::array<char, 64> buffer;
  char* const begin = buffer.data();
  char* const limit = begin + buffer.size();
  auto result = std::to_chars(begin, limit, value, std::chars_format::scientific);
  const std::string_view scientific(begin, static_cast<size_t>(result.ptr - begin));
  int exponent = 0;
  const size_t e = scientific.find('e');
  const size_t digits = scientific[e + 1] == '+' ? e + 2 : e + 1;
  std::from_chars(begin + digits, result.ptr, exponent);
  // Go's shortest %g: an exponent below -4 or of 6 and more is written as such.
  constexpr int kLeastPlain = -4;
  constexpr int kLeastScientific = 6;
  if (exponent < kLeastPlain || exponent >= kLeastScientific) return std::string(scientific);
  result = std::to_chars(begin, limit, value, std::chars_format::fixed);
  std::string plain(begin, result.ptr);
  if (plain.find('.') == std::string::npos) plain += ".0";
  return plain;
}

}  // namespace sluice::scrape
