// How long to wait after a failed request.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <random>

namespace sluice::remotewrite {

using Rng = std::mt19937_64;

struct BackoffLimits {
  std::chrono::milliseconds min{30};
  std::chrono::milliseconds max{5'000};
};

// However long an outage lasts, its end is to be noticed soon after.
inline constexpr std::chrono::milliseconds kBackoffMax{5'000};
// After a failure without any answer: nobody there had to do anything for it, so that asking often
// burdens no receiver, and finds it soon after it is back.
inline constexpr std::chrono::milliseconds kUnansweredBackoffMax{1'000};
// What a receiver may ask for with Retry-After, at most: a typing error in a proxy must not silence
// us for a month.
inline constexpr std::chrono::milliseconds kRetryAfterMax{15 * 60'000};

// The wait after the `failures`-th failure in a row (from 1): doubles from limits.min to the lesser
// of limits.max and kBackoffMax. Between a half and the whole of it is drawn, so that many senders
// that failed together do not come back together.
std::chrono::milliseconds BackoffDelay(const BackoffLimits& limits, uint32_t failures, Rng& rng);

// What Retry-After asks for, and up to a tenth more for the same reason.
std::chrono::milliseconds RetryAfterDelay(std::chrono::milliseconds asked, Rng& rng);

}  // namespace sluice::remotewrite
