#include "scrape/discovery/refresh_schedule.h"

#include <algorithm>

namespace sluice::scrape {

using std::chrono::milliseconds;

namespace {

constexpr milliseconds kFirstRetry{1000};

}  // namespace

RefreshSchedule::RefreshSchedule(milliseconds interval, uint64_t seed)
    : interval_(interval), retry_(kFirstRetry), random_(seed) {}

milliseconds RefreshSchedule::AfterSuccess() {
  retry_ = kFirstRetry;
  return Draw(interval_ - interval_ / 10, interval_);
}

milliseconds RefreshSchedule::AfterFailure() {
  retry_ = std::min(retry_, interval_);
  const milliseconds delay = Draw(retry_ - retry_ / 2, retry_);
  retry_ *= 2;
  return delay;
}

milliseconds RefreshSchedule::Draw(milliseconds least, milliseconds most) {
  const auto range = static_cast<uint64_t>((most - least).count()) + 1;
  return least + milliseconds(static_cast<int64_t>(random_() % range));
}

}  // namespace sluice::scrape
