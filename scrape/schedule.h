// When a target is scraped, and with which timestamp.
#pragma once

#include <chrono>
#include <cstdint>
#include <string_view>

#include "base/clock.h"
#include "relabel/labels.h"

namespace sluice::scrape {

// Spreads targets in time, differently on each host and with other external labels.
uint64_t PhaseSeed(std::string_view hostname, const relabel::Labels& external_labels);

// How long until the first scrape: a point on the wall clock's grid of `interval` that depends on
// the target alone, so that it is the same after a restart. In (0, interval]. Points are spread
// over slots of a twentieth of the interval (250 ms at most), not over every instant: a thread that
// is awake anyway scrapes several targets for little more than one, with all that it needs still in
// the caches.
std::chrono::milliseconds FirstDelay(uint64_t phase, std::chrono::milliseconds interval,
                                     TimestampMs wall_now_ms);

// The fixed grid of one target. Runs on monotonic time; the wall clock only gives timestamps, and
// may step as it likes. Thread-compatible, pure.
class Grid {
 public:
  Grid(uint64_t phase, std::chrono::milliseconds interval, MonotonicTime now,
       TimestampMs wall_now_ms);

  // When the next scrape is due.
  MonotonicTime next() const { return next_; }

  std::chrono::milliseconds interval() const { return interval_; }

  // The scrape that is due starts now. Grid points that passed meanwhile are left out, and one that
  // is about to come: two scrapes in one millisecond would have one timestamp, and the second would
  // be refused. Returns its timestamp: that of the grid point when it is not later than 2 ms or a
  // hundredth of the interval, else the present.
  TimestampMs Start(MonotonicTime now, TimestampMs wall_now_ms);

 private:
  std::chrono::milliseconds interval_;
  std::chrono::milliseconds tolerance_;
  std::chrono::milliseconds apart_;  // scrapes, at least
  MonotonicTime next_;
  TimestampMs next_ms_;  // what the wall clock should show then
};

}  // namespace sluice::scrape
