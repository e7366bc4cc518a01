// How far the destinations have come with what was pending when the process started. Pure.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "remotewrite/destinations.h"

namespace sluice::agent {

struct ReplayNews {
  std::string destination;
  uint64_t samples_left = 0;  // 0: all of it is delivered, or dropped and counted
  uint64_t samples_per_second = 0;
  std::optional<std::chrono::seconds> time_left;  // at that pace
};

// A destination that gets nowhere is no news: it says itself what it suffers from.
class ReplayReport {
 public:
  // A shorter replay is not worth a line.
  static constexpr std::chrono::seconds kInterval{10};

  ReplayReport(const std::vector<remotewrite::DestinationStatus>& at_start, MonotonicTime now);

  // Whether there is anything left to tell of, now or later.
  bool is_over() const { return replays_.empty(); }

  bool IsDue(MonotonicTime now) const { return !is_over() && now >= next_; }

  // What has changed since the last time.
  std::vector<ReplayNews> Look(const std::vector<remotewrite::DestinationStatus>& destinations,
                               MonotonicTime now);

 private:
  struct Replay {
    uint64_t goal = 0;  // samples appended at the start
    uint64_t left = 0;  // as told last
  };

  std::map<std::string, Replay> replays_;
  MonotonicTime last_;
  MonotonicTime next_;
};

}  // namespace sluice::agent
