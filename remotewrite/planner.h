// Which frames go into the next request.
#pragma once

#include <chrono>
#include <cstdint>
#include <vector>

#include "base/clock.h"
#include "remotewrite/lanes.h"

namespace sluice::remotewrite {

struct PlanLimits {
  uint32_t shards = 1;  // at most, 1 to kLaneCount; shard s owns the lanes l with l % shards == s
  uint64_t samples_max = 20'000;
  // To send a request; it takes more if they are there and not late. A receiver may refuse what is
  // late, and then it is better to learn that of few at a time.
  uint64_t samples_enough = 10'000;
  std::chrono::milliseconds deadline{5'000};  // how long the oldest frame may wait for company
};

struct PlanTime {
  MonotonicTime now{};
  TimestampMs wall_ms = 0;
  bool hurry = false;  // send what there is
};

struct Plan {
  std::vector<QueuedFrame> frames;  // in log order; empty when no shard has a request ready
  bool full = false;                // more would have been there
};

// Takes frames of the idle lanes of one shard, in log order, up to samples_max (a single frame may
// exceed it), and reserves their lanes. `first_shard` is looked at first, so that callers can go
// round. A shard is ready when it has enough for a request, when its oldest frame has waited for
// the deadline, or when that frame is old already: a backlog has nothing to wait for. There are no
// more shards than requests that could be full: else each would wait with a part of one.
Plan TakeRequest(Lanes& lanes, const PlanLimits& limits, const PlanTime& time,
                 uint32_t first_shard);

}  // namespace sluice::remotewrite
