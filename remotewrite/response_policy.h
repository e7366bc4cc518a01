// What an answer of a receiver means for the request, and for the destination.
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

#include "base/clock.h"

namespace sluice::remotewrite {

enum class Verdict {
  kAccepted,  // 2xx
  kRetry,     // no answer, 408, 429, 5xx: the same again later
  kRefused,   // 400, 409, 413, 422: speaks about this request
  kPaused,    // every other answer: speaks about every request (credentials, path, a redirect)
};

// `http_status` is 0 when no whole response arrived.
Verdict ClassifyResponse(int http_status);

// Retry-After: whole seconds, or an HTTP date in the form of RFC 9110 (IMF-fixdate). Nothing when
// it is unreadable, zero or in the past.
std::optional<std::chrono::milliseconds> ParseRetryAfter(std::string_view text, TimestampMs now_ms);

}  // namespace sluice::remotewrite
