// How fast a destination may be sent to.
#pragma once

#include <cstdint>

#include "base/clock.h"

namespace sluice::remotewrite {

// In the configuration file; 0 = no limit.
struct RateLimitConfig {
  uint64_t samples_per_second = 0;
  uint64_t bytes_per_second = 0;  // of bodies, as they are sent
};

// Requests are as large as ever; the next one starts when the ones before are paid for. What was
// not used is kept for a second. Pure; thread-compatible.
class RateLimit {
 public:
  explicit RateLimit(const RateLimitConfig& config) : config_(config) {}

  // When the next request may start; in the past: now.
  MonotonicTime ready_at() const { return ready_at_; }

  void OnStart(uint64_t samples, uint64_t bytes, MonotonicTime now);

 private:
  const RateLimitConfig config_;
  MonotonicTime ready_at_{};
};

}  // namespace sluice::remotewrite
