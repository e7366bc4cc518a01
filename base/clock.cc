#include "base/clock.h"

namespace sluice {

TimestampMs SystemClock::WallNowMs() const {
  using std::chrono::duration_cast;
  using std::chrono::milliseconds;
  const auto since_epoch = std::chrono::system_clock::now().time_since_epoch();
  return duration_cast<milliseconds>(since_epoch).count();
}

MonotonicTime SystemClock::MonotonicNow() const { return std::chrono::steady_clock::now(); }

}  // namespace sluice
