#include "base/duration.h"

#include <array>
#include <charconv>
#include <cmath>
#include <limits>

namespace sluice {
namespace {

struct DurationUnit {
  std::string_view name;
  int64_t milliseconds;
  bool only_exact;  // printed only when nothing is left over
};

constexpr std::array<DurationUnit, 7> kDurationUnits = {{
    {"y", 365LL * 24 * 3600 * 1000, true},
    {"w", 7LL * 24 * 3600 * 1000, true},
    {"d", 24LL * 3600 * 1000, false},
    {"h", 3600LL * 1000, false},
    {"m", 60LL * 1000, false},
    {"s", 1000, false},
    {"ms", 1, false},
}};

Error BadDuration(std::string_view text) {
  return InvalidInput("not a valid duration string: \"" + std::string(text) + "\"");
}

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// The length of the unit at the front of `text`: letters up to the next digit.
size_t UnitLength(std::string_view text) {
  size_t length = 0;
  while (length < text.size() && !IsDigit(text[length])) ++length;
  return length;
}

}  // namespace

Result<std::chrono::milliseconds> ParseDuration(std::string_view text) {
  if (text.empty()) return InvalidInput("empty duration string");
  if (text == "0") return std::chrono::milliseconds(0);
  int64_t total = 0;
  size_t next_unit = 0;
  std::string_view rest = text;
  while (!rest.empty()) {
    if (!IsDigit(rest.front())) return BadDuration(text);
    int64_t number = 0;
    const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), number);
    if (error == std::errc::result_out_of_range) return InvalidInput("duration out of range");
    rest.remove_prefix(static_cast<size_t>(end - rest.data()));
    const std::string_view unit = rest.substr(0, UnitLength(rest));
    rest.remove_prefix(unit.size());
    while (next_unit < kDurationUnits.size() && kDurationUnits[next_unit].name != unit) ++next_unit;
    if (next_unit == kDurationUnits.size()) return BadDuration(text);
    int64_t part = 0;
    // Prometheus counts nanoseconds in 64 bits: what overflows there is out of range here.
    constexpr int64_t kLimit = std::numeric_limits<int64_t>::max() / 1'000'000;
    if (__builtin_mul_overflow(number, kDurationUnits[next_unit].milliseconds, &part) ||
        __builtin_add_overflow(total, part, &total) || total > kLimit) {
      return InvalidInput("duration out of range");
    }
    ++next_unit;
  }
  return std::chrono::milliseconds(total);
}

std::string FormatDuration(std::chrono::milliseconds duration) {
  int64_t rest = duration.count();
  if (rest == 0) return "0s";
  std::string text = rest < 0 ? "-" : "";
  rest = std::abs(rest);
  for (const DurationUnit& unit : kDurationUnits) {
    if (unit.only_exact && rest % unit.milliseconds != 0) continue;
    const int64_t count = rest / unit.milliseconds;
    if (count == 0) continue;
    text += std::to_string(count);
    text += unit.name;
    rest -= count * unit.milliseconds;
  }
  return text;
}

namespace {

// The binary exponent / 10 of a unit (B = 0, KB and KiB = 1 ...), or -1.
int SizeUnitPower(std::string_view unit) {
  constexpr std::string_view kPrefixes = "KMGTPE";
  if (unit == "B") return 0;
  const bool metric = unit.size() == 2 && unit[1] == 'B';
  const bool binary = unit.size() == 3 && unit.substr(1) == "iB";
  if (!metric && !binary) return -1;
  const size_t position = kPrefixes.find(unit.front());
  return position == std::string_view::npos ? -1 : static_cast<int>(position) + 1;
}

size_t NumberLength(std::string_view text) {
  size_t length = 0;
  while (length < text.size() && (IsDigit(text[length]) || text[length] == '.')) ++length;
  return length;
}

}  // namespace

Result<uint64_t> ParseSize(std::string_view text) {
  if (text == "0") return uint64_t{0};
  double total = 0;
  std::string_view rest = text;
  do {
    const std::string_view digits = rest.substr(0, NumberLength(rest));
    double number = 0;
    const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    if (digits.empty() || parsed.ec != std::errc() || parsed.ptr != digits.data() + digits.size()) {
      return InvalidInput("units: invalid " + std::string(text));
    }
    rest.remove_prefix(digits.size());
    size_t unit_length = 0;
    while (unit_length < rest.size() && NumberLength(rest.substr(unit_length)) == 0) ++unit_length;
    const std::string_view unit = rest.substr(0, unit_length);
    rest.remove_prefix(unit_length);
    const int power = SizeUnitPower(unit);
    if (power < 0) {
      return InvalidInput("units: unknown unit " + std::string(unit) + " in " + std::string(text));
    }
    total += std::ldexp(number, 10 * power);
  } while (!rest.empty());
  if (total > std::ldexp(1.0, 62)) return InvalidInput("units: out of range " + std::string(text));
  return static_cast<uint64_t>(total);
}

}  // namespace sluice
