// How many requests may be in flight at once.
#pragma once

#include <cstdint>

#include "base/clock.h"

namespace sluice::remotewrite {

// Starts at the least and has to earn more: one for each full request that succeeds while more is
// waiting, so after an outage a receiver meets a load that grows, not a wall. A failure halves it,
// failures in a row bring it down to the least; so does having nothing to do. Pure.
class Concurrency {
 public:
  // 1 <= least <= most.
  Concurrency(uint32_t least, uint32_t most);

  uint32_t active() const { return active_; }

  // What the load asks for; above most() when all that is allowed does not keep up.
  uint32_t desired() const { return desired_; }

  uint32_t least() const { return least_; }

  uint32_t most() const { return most_; }

  enum class Fill { kPartial, kFull };
  enum class Backlog { kNone, kWaiting };

  void OnSuccess(Fill fill, Backlog backlog, MonotonicTime now);
  void OnFailure();

  // To be called now and then: gives one back for each kIdleStep without a need for it.
  void OnTick(Backlog backlog, MonotonicTime now);

 private:
  uint32_t least_;
  uint32_t most_;
  uint32_t active_;
  uint32_t desired_;
  uint32_t failures_in_row_ = 0;
  MonotonicTime needed_at_{};
};

}  // namespace sluice::remotewrite
