#include "agent/pages/figures.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>

namespace sluice::agent {
namespace {

// With `digits` behind the point, without zeros at the end.
std::string Rounded(double value, int digits) {
  const double scale = std::pow(10, digits);
  const auto scaled = static_cast<uint64_t>(std::llround(value * scale));
  const auto unit = static_cast<uint64_t>(scale);
  std::string text = CountText(scaled / unit);
  uint64_t fraction = scaled % unit;
  if (fraction == 0) return text;
  std::string tail = std::to_string(unit + fraction).substr(1);
  while (tail.back() == '0') tail.pop_back();
  return text + "." + tail;
}

int DigitsOf(double value) {
  if (value >= 100) return 0;
  return value >= 10 ? 1 : 2;
}

}  // namespace

std::string CountText(uint64_t count) {
  std::string text = std::to_string(count);
  for (size_t at = text.size(); at > 3; at -= 3) text.insert(at - 3, 1, ',');
  return text;
}

std::string BytesText(double bytes) {
  constexpr std::array<std::string_view, 6> kUnits = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
  size_t unit = 0;
  for (; bytes >= 1024 && unit + 1 < kUnits.size(); ++unit) bytes /= 1024;
  return FigureText(bytes) + " " + std::string(kUnits[unit]);
}

std::string FigureText(double value) {
  if (!std::isfinite(value) || value < 0 || value > 1e18) return "?";
  return Rounded(value, DigitsOf(value));
}

std::string RateText(std::optional<double> per_second) {
  if (!per_second) return "\xe2\x80\x93";
  if (*per_second >= 1e6) return FigureText(*per_second / 1e6) + "M/s";
  if (*per_second >= 1e4) return FigureText(*per_second / 1e3) + "k/s";
  return FigureText(*per_second) + "/s";
}

std::string SpanText(double seconds) {
  if (!(seconds > 0)) return "0s";
  if (seconds < 1) return FigureText(std::round(seconds * 1000)) + "ms";
  if (seconds < 60) return FigureText(seconds < 10 ? seconds : std::round(seconds)) + "s";
  const auto whole = static_cast<uint64_t>(std::min(seconds, 1e12));
  const auto two = [](uint64_t first, const char* unit, uint64_t second, const char* unit2) {
    std::string text = std::to_string(first) + unit;
    return second == 0 ? text : text + std::to_string(second) + unit2;
  };
  if (whole < 3'600) return two(whole / 60, "m", whole % 60, "s");
  if (whole < 86'400) return two(whole / 3'600, "h", whole % 3'600 / 60, "m");
  return two(whole / 86'400, "d", whole % 86'400 / 3'600, "h");
}

std::string AgoText(TimestampMs time_ms, TimestampMs now_ms) {
  if (time_ms == 0) return "never";
  return SpanText(static_cast<double>(std::max<TimestampMs>(0, now_ms - time_ms)) / 1000) + " ago";
}

}  // namespace sluice::agent
