#include "scrape/schedule.h"

#include <algorithm>
#include <string>

#include "base/hash.h"

namespace sluice::scrape {

using std::chrono::milliseconds;

namespace {

constexpr milliseconds kToleranceMax{2};
constexpr int kTolerancePart = 100;
constexpr milliseconds kApart{10};
constexpr int kApartPart = 10;
constexpr int kSlots = 20;
constexpr milliseconds kSlotMax{250};

}  // namespace

uint64_t PhaseSeed(std::string_view hostname, const relabel::Labels& external_labels) {
  return Fnv64a(std::string(hostname) + external_labels.ToString());
}

milliseconds FirstDelay(uint64_t phase, milliseconds interval, TimestampMs wall_now_ms) {
  const int64_t length = interval.count();
  const int64_t since = ((wall_now_ms % length) + length) % length;
  // In nanoseconds, as Prometheus, for the same spread; a tick is whole milliseconds anyway.
  constexpr uint64_t kNanosecondsPerMs = 1'000'000;
  const uint64_t offset_ns = phase % (static_cast<uint64_t>(length) * kNanosecondsPerMs);
  const int64_t slot = std::clamp<int64_t>(length / kSlots, 1, kSlotMax.count());
  const auto offset = static_cast<int64_t>(offset_ns / kNanosecondsPerMs) / slot * slot;
  int64_t delay = length - since + offset;
  if (delay > length) delay -= length;
  return milliseconds(delay);
}

Grid::Grid(uint64_t phase, milliseconds interval, MonotonicTime now, TimestampMs wall_now_ms)
    : interval_(interval),
      tolerance_(std::min(kToleranceMax, interval / kTolerancePart)),
      apart_(std::min(kApart, interval / kApartPart)) {
  const milliseconds delay = FirstDelay(phase, interval, wall_now_ms);
  next_ = now + delay;
  next_ms_ = wall_now_ms + delay.count();
}

TimestampMs Grid::Start(MonotonicTime now, TimestampMs wall_now_ms) {
  if (now > next_) {
    const auto missed = (now - next_) / interval_;
    next_ += missed * interval_;
    next_ms_ += missed * interval_.count();
  }
  const auto late = std::chrono::duration_cast<milliseconds>(now - next_);
  // Where the grid point is on the wall clock of now. Small differences are its rounding and its
  // being slewed, and do not show; a step moves the grid's timestamps, not the grid.
  const TimestampMs point_ms = wall_now_ms - late.count();
  const TimestampMs drift = point_ms - next_ms_;
  if (drift > tolerance_.count() || -drift > tolerance_.count()) next_ms_ = point_ms;
  const TimestampMs timestamp_ms = late <= tolerance_ ? next_ms_ : wall_now_ms;
  const bool next_is_close = next_ + interval_ < now + apart_;
  next_ += next_is_close ? 2 * interval_ : interval_;
  next_ms_ += next_is_close ? 2 * interval_.count() : interval_.count();
  return timestamp_ms;
}

}  // namespace sluice::scrape
