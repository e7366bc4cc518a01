#include "agent/clock_watch.h"

#include <utility>

#include "base/duration.h"

namespace sluice::agent {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kDay = std::chrono::hours(24);
// Nobody runs a program for longer.
constexpr milliseconds kAgeMax = 30 * 365 * kDay;

}  // namespace

TimestampMs BuildTime() { return TimestampMs{SLUICE_BUILD_TIME} * 1000; }

bool ClockWatch::IsPlausible(TimestampMs wall) const {
  // Whoever built it may have lived in another time zone.
  return wall > built_ - kDay.count() && wall < built_ + kAgeMax.count();
}

std::optional<std::string> ClockWatch::Look(TimestampMs wall, MonotonicTime now) {
  const TimestampMs offset =
      wall - std::chrono::duration_cast<milliseconds>(now.time_since_epoch()).count();
  const std::optional<TimestampMs> before = std::exchange(offset_, offset);
  const bool was_plausible = std::exchange(is_plausible_, IsPlausible(wall));
  if (!is_plausible_ && was_plausible) {
    return "the clock shows a time that cannot be: samples get wrong timestamps, which receivers "
           "may "
           "refuse, and certificates seem invalid. Set it, or let it be synchronised";
  }
  if (!before) return std::nullopt;
  const milliseconds step(offset - *before);
  if (std::chrono::abs(step) < kStepMin) return std::nullopt;
  return std::string("the clock was set ") + (step.count() > 0 ? "forward" : "back") + " by " +
         FormatDuration(std::chrono::abs(step)) +
         (step.count() > 0 ? ", or the machine slept"
                           : "; samples count again once it has caught up");
}

}  // namespace sluice::agent
