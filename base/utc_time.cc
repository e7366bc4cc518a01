#include "base/utc_time.h"

#include <charconv>
#include <chrono>

namespace sluice {
namespace {

// Takes from the front of a text, and remembers when something else stood there.
class Taker {
 public:
  explicit Taker(std::string_view text) : rest_(text) {}

  int Digits(size_t count) {
    int value = 0;
    if (rest_.size() < count) good_ = false;
    const std::string_view digits = rest_.substr(0, count);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (error != std::errc() || end != digits.data() + count || value < 0) good_ = false;
    rest_.remove_prefix(digits.size());
    return value;
  }

  bool TryTake(char c) {
    if (rest_.empty() || rest_.front() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }

  void Take(char c) {
    if (!TryTake(c)) good_ = false;
  }

  // What follows a decimal point.
  int64_t Milliseconds() {
    int64_t value = 0;
    size_t count = 0;
    for (; !rest_.empty() && rest_.front() >= '0' && rest_.front() <= '9'; ++count) {
      if (count < 3) value = value * 10 + (rest_.front() - '0');
      rest_.remove_prefix(1);
    }
    if (count == 0) good_ = false;
    for (; count < 3; ++count) value *= 10;
    return value;
  }

  // Minutes east of UTC.
  int Zone() {
    if (TryTake('Z')) return 0;
    const bool is_west = TryTake('-');
    if (!is_west) Take('+');
    const int hours = Digits(2);
    Take(':');
    const int minutes = hours * 60 + Digits(2);
    return is_west ? -minutes : minutes;
  }

  bool at_end() const { return good_ && rest_.empty(); }

 private:
  std::string_view rest_;
  bool good_ = true;
};

}  // namespace

std::optional<TimestampMs> ParseUtcTime(std::string_view text) {
  using std::chrono::day;
  using std::chrono::month;
  using std::chrono::year;
  Taker taker(text);
  const int y = taker.Digits(4);
  taker.Take('-');
  const int m = taker.Digits(2);
  taker.Take('-');
  const int d = taker.Digits(2);
  taker.Take('T');
  const int hours = taker.Digits(2);
  taker.Take(':');
  const int minutes = taker.Digits(2);
  taker.Take(':');
  const int seconds = taker.Digits(2);
  const int64_t milliseconds = taker.TryTake('.') ? taker.Milliseconds() : 0;
  const int zone = taker.Zone();
  if (!taker.at_end()) return std::nullopt;
  const std::chrono::year_month_day date{year(y), month(static_cast<unsigned>(m)),
                                         day(static_cast<unsigned>(d))};
  // 60 is a leap second.
  if (!date.ok() || hours > 23 || minutes > 59 || seconds > 60) return std::nullopt;
  const int64_t days = std::chrono::sys_days(date).time_since_epoch().count();
  return ((days * 24 + hours) * 60 + minutes - zone) * 60'000 + seconds * int64_t{1000} +
         milliseconds;
}

}  // namespace sluice
