// When a thread last came around its loop: what a watchdog looks at.
#pragma once

#include <atomic>

#include "base/clock.h"

namespace sluice {

// Thread-safe.
class Pulse {
 public:
  // A thread that has not begun yet counts as one that beat at `now`.
  explicit Pulse(MonotonicTime now) { Beat(now); }

  void Beat(MonotonicTime now) { last_.store(now.time_since_epoch().count()); }

  MonotonicTime last() const { return MonotonicTime(MonotonicTime::duration(last_.load())); }

 private:
  std::atomic<MonotonicTime::rep> last_;
};

}  // namespace sluice
