#include "agent/time_text.h"

#include <array>
#include <ctime>

namespace sluice::agent {

std::string DateTimeText(TimestampMs time_ms) {
  if (time_ms == 0) return "never";
  const auto seconds = static_cast<std::time_t>((time_ms - (time_ms % 1000 + 1000) % 1000) / 1000);
  std::tm parts{};
  if (gmtime_r(&seconds, &parts) == nullptr) return "never";
  std::array<char, 64> text{};
  const size_t size = std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M:%S", &parts);
  return {text.data(), size};
}

std::string ShortTime(TimestampMs time_ms, TimestampMs now_ms) {
  constexpr size_t kDateSize = 11;  // with the blank
  const std::string time = DateTimeText(time_ms);
  const std::string now = DateTimeText(now_ms);
  const bool is_today = time.size() > kDateSize && now.starts_with(time.substr(0, kDateSize));
  return is_today ? time.substr(kDateSize) : time;
}

}  // namespace sluice::agent
