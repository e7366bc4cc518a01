// Whether the wall clock can be believed: samples carry its times, and a host that has just booted
// may not know the time yet. Pure.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "base/clock.h"

namespace sluice::agent {

// When this program was built; no clock that is right shows less.
TimestampMs BuildTime();

class ClockWatch {
 public:
  // A clock that shows this much less or more than it did before was set.
  static constexpr std::chrono::seconds kStepMin{10};

  explicit ClockWatch(TimestampMs built) : built_(built) {}

  // To be called again and again; what a person should know, once.
  std::optional<std::string> Look(TimestampMs wall, MonotonicTime now);

 private:
  bool IsPlausible(TimestampMs wall) const;

  const TimestampMs built_;
  bool is_plausible_ = true;
  std::optional<TimestampMs> offset_;  // of the wall clock from the monotonic one
};

}  // namespace sluice::agent
