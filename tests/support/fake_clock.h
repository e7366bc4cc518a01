// A clock that moves only when told to.
#pragma once

#include <atomic>
#include <chrono>

#include "base/clock.h"

namespace sluice::test {

// Thread-safe.
class FakeClock final : public Clock {
 public:
  explicit FakeClock(TimestampMs wall_ms = 1'700'000'000'000) : wall_ms_(wall_ms) {}

  TimestampMs WallNowMs() const override { return wall_ms_.load(); }

  MonotonicTime MonotonicNow() const override {
    return MonotonicTime(std::chrono::milliseconds(monotonic_ms_.load()));
  }

  void Advance(std::chrono::milliseconds by) {
    wall_ms_ += by.count();
    monotonic_ms_ += by.count();
  }

  // Steps the wall clock alone, as an administrator or NTP does.
  void StepWall(std::chrono::milliseconds by) { wall_ms_ += by.count(); }

 private:
  std::atomic<int64_t> wall_ms_;
  std::atomic<int64_t> monotonic_ms_{1'000'000};
};

}  // namespace sluice::test
