#include "remotewrite/backoff.h"

#include <algorithm>

namespace sluice::remotewrite {

namespace {

// Not std::uniform_int_distribution: its sequence differs between standard libraries.
std::chrono::milliseconds UpTo(std::chrono::milliseconds most, Rng& rng) {
  const auto range = static_cast<uint64_t>(std::max<int64_t>(most.count(), 0)) + 1;
  return std::chrono::milliseconds(static_cast<int64_t>(rng() % range));
}

}  // namespace

std::chrono::milliseconds BackoffDelay(const BackoffLimits& limits, uint32_t failures, Rng& rng) {
  const std::chrono::milliseconds most = std::min(limits.max, kBackoffMax);
  std::chrono::milliseconds delay = std::max(limits.min, std::chrono::milliseconds(1));
  for (uint32_t i = 1; i < failures && delay < most; ++i) delay *= 2;
  delay = std::min(delay, most);
  const std::chrono::milliseconds half = delay / 2;
  return delay - half + UpTo(half, rng);
}

std::chrono::milliseconds RetryAfterDelay(std::chrono::milliseconds asked, Rng& rng) {
  const std::chrono::milliseconds delay = std::min(asked, kRetryAfterMax);
  return delay + UpTo(delay / 10, rng);
}

}  // namespace sluice::remotewrite
