#include "remotewrite/rate_limit.h"

#include <algorithm>
#include <chrono>

namespace sluice::remotewrite {
namespace {

constexpr std::chrono::seconds kSaved{1};

// What it takes at this rate.
MonotonicTime::duration TimeFor(uint64_t amount, uint64_t per_second) {
  if (per_second == 0) return {};
  const std::chrono::duration<double> seconds(static_cast<double>(amount) /
                                              static_cast<double>(per_second));
  return std::chrono::duration_cast<MonotonicTime::duration>(seconds);
}

}  // namespace

void RateLimit::OnStart(uint64_t samples, uint64_t bytes, MonotonicTime now) {
  const MonotonicTime::duration cost = std::max(TimeFor(samples, config_.samples_per_second),
                                                TimeFor(bytes, config_.bytes_per_second));
  ready_at_ = std::max(ready_at_, now - kSaved) + cost;
}

}  // namespace sluice::remotewrite
