#include "remotewrite/concurrency.h"

#include <algorithm>
#include <chrono>

namespace sluice::remotewrite {

namespace {

// Longer than the usual scrape interval, so that a load that comes in gusts keeps its share.
constexpr std::chrono::seconds kIdleStep{20};

}  // namespace

Concurrency::Concurrency(uint32_t least, uint32_t most)
    : least_(least), most_(std::max(least, most)), active_(least), desired_(least) {}

void Concurrency::OnSuccess(Fill fill, Backlog backlog, MonotonicTime now) {
  failures_in_row_ = 0;
  if (backlog == Backlog::kNone || fill == Fill::kPartial) return;
  needed_at_ = now;
  desired_ = active_ + 1;
  active_ = std::min(active_ + 1, most_);
}

void Concurrency::OnFailure() {
  ++failures_in_row_;
  active_ = failures_in_row_ > 1 ? least_ : std::max(least_, active_ / 2);
  desired_ = active_;
}

void Concurrency::OnTick(Backlog backlog, MonotonicTime now) {
  if (backlog == Backlog::kWaiting) return;
  if (now - needed_at_ < kIdleStep) return;
  needed_at_ = now;
  active_ = std::max(least_, active_ - 1);
  desired_ = active_;
}

}  // namespace sluice::remotewrite
