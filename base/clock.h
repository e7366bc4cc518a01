// The one seam to the time of day and to the monotonic clock.
#pragma once

#include <chrono>
#include <cstdint>

namespace sluice {

// Unix time in milliseconds: what samples carry.
using TimestampMs = int64_t;
using MonotonicTime = std::chrono::steady_clock::time_point;

// Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;

  virtual TimestampMs WallNowMs() const = 0;

  // Never steps back, unlike the wall clock.
  virtual MonotonicTime MonotonicNow() const = 0;
};

class SystemClock final : public Clock {
 public:
  TimestampMs WallNowMs() const override;
  MonotonicTime MonotonicNow() const override;
};

}  // namespace sluice
