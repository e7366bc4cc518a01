#include "remotewrite/response_policy.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>

namespace sluice::remotewrite {

namespace {

constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

std::optional<int64_t> ParseNumber(std::string_view text) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < 0) return std::nullopt;
  return value;
}

// "Sun, 06 Nov 1994 08:49:37 GMT"; the day of the week is not looked at.
std::optional<TimestampMs> ParseHttpDate(std::string_view text) {
  constexpr std::string_view kShape = "www, dd mmm yyyy hh:mm:ss GMT";
  if (text.size() != kShape.size() || text.substr(3, 2) != ", " || text[16] != ' ') return {};
  if (text[19] != ':' || text[22] != ':' || text.substr(25) != " GMT") return std::nullopt;
  const auto month = std::find(kMonths.begin(), kMonths.end(), text.substr(8, 3));
  const auto day = ParseNumber(text.substr(5, 2));
  const auto year = ParseNumber(text.substr(12, 4));
  const auto hour = ParseNumber(text.substr(17, 2));
  const auto minute = ParseNumber(text.substr(20, 2));
  const auto second = ParseNumber(text.substr(23, 2));
  if (month == kMonths.end() || !day || !year || !hour || !minute || !second) return std::nullopt;
  if (*hour > 23 || *minute > 59 || *second > 60) return std::nullopt;
  const std::chrono::year_month_day date(
      std::chrono::year(static_cast<int>(*year)),
      std::chrono::month(static_cast<unsigned>(month - kMonths.begin()) + 1),
      std::chrono::day(static_cast<unsigned>(*day)));
  if (!date.ok()) return std::nullopt;
  const int64_t days = std::chrono::sys_days(date).time_since_epoch().count();
  return (((days * 24 + *hour) * 60 + *minute) * 60 + *second) * 1000;
}

}  // namespace

Verdict ClassifyResponse(int http_status) {
  if (http_status >= 200 && http_status < 300) return Verdict::kAccepted;
  if (http_status == 0 || http_status >= 500) return Verdict::kRetry;
  switch (http_status) {
    case 408:
    case 429:
      return Verdict::kRetry;
    case 400:
    case 409:
    case 413:
    case 422:
      return Verdict::kRefused;
    default:
      return Verdict::kPaused;
  }
}

std::optional<std::chrono::milliseconds> ParseRetryAfter(std::string_view text,
                                                         TimestampMs now_ms) {
  constexpr int64_t kSecondsMax = 1'000'000'000;
  if (const auto seconds = ParseNumber(text)) {
    if (*seconds == 0) return std::nullopt;
    return std::chrono::seconds(std::min(*seconds, kSecondsMax));
  }
  const std::optional<TimestampMs> date = ParseHttpDate(text);
  if (!date || *date <= now_ms) return std::nullopt;
  return std::chrono::milliseconds(*date - now_ms);
}

}  // namespace sluice::remotewrite
