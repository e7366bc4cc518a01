// The backlog of a delivery: when it is parted from what is fresh, and which of them may be sent.

#include <algorithm>
#include <cmath>
#include <utility>

#include "remotewrite/delivery.h"

namespace sluice::remotewrite {

namespace {

using std::chrono::milliseconds;

// Later than this, on top of batch_send_deadline, a frame belongs to a backlog.
constexpr milliseconds kLate{10'000};

// After an attempt to part it.
constexpr milliseconds kPartWait{1'000};

}  // namespace

// Whatever was read or is on its way when a backlog was parted belongs to it. False while requests
// of the one before are on their way: that may be when the log has dropped what was left of it.
bool Delivery::TakeOverBacklog(const buffer::DestinationProgress& progress) {
  if (progress.backlog_end == 0 || progress.backlog_end == backlog_end_) return true;
  const bool is_first_look = !progress_;
  if (!is_first_look) {
    if (std::any_of(jobs_.begin(), jobs_.end(), [](const Job& job) { return job.backlog; })) {
      return false;
    }
    backlog_ = std::exchange(fresh_, Track{});
    for (Job& job : jobs_) job.backlog = true;
  }
  backlog_end_ = progress.backlog_end;
  return true;
}

// Only when the receiver takes what it gets, and what it gets is late; and one backlog at a time.
bool Delivery::MayPartBacklog(const DeliveryTime& time) const {
  if (options_.replay.order != ReplayOrder::kLiveFirst || has_backlog_ || !accepts_) return false;
  if (time.now < part_next_at_) return false;
  const std::optional<TimestampMs> oldest = OldestPendingMs();
  if (!oldest || time.wall_ms - *oldest < (queue_.batch_send_deadline + kLate).count()) {
    return false;
  }
  return std::none_of(jobs_.begin(), jobs_.end(), [](const Job& job) { return job.backlog; });
}

void Delivery::PartBacklog(const DeliveryTime& time) {
  part_next_at_ = time.now + kPartWait;
  const Result<bool> parted = source_.PartBacklog();
  // When it cannot be written down now: in order, meanwhile.
  if (!parted.ok() || !*parted) return;
  Follow(time);
}

// A backlog may be left from a configuration that was different, or from a time without it.
bool Delivery::MaySendFresh() const {
  return !has_backlog_ || options_.replay.order == ReplayOrder::kLiveFirst;
}

// Fresh frames always find a request free soon.
bool Delivery::MayReplay() const {
  if (!has_backlog_) return false;
  if (!MaySendFresh()) return true;
  const auto active = std::count_if(jobs_.begin(), jobs_.end(),
                                    [](const Job& job) { return job.active && job.backlog; });
  const double most = options_.replay.share * concurrency_.active();
  return active < std::max(1L, std::lround(std::floor(most)));
}

}  // namespace sluice::remotewrite
