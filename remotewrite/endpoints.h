// One of several URLs for each request: round robin among those that work.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.h"
#include "remotewrite/backoff.h"

namespace sluice::remotewrite {

// The URLs of a destination. One that gives no answer, or a 5xx, is put aside for a while, longer
// each time, and then tried by one request; when all of them are aside, the one that may be tried
// first gets the request. Pure but for its jitter. Thread-compatible.
class Endpoints {
 public:
  static constexpr BackoffLimits kAside{.min = std::chrono::milliseconds(1'000),
                                        .max = std::chrono::milliseconds(5'000)};

  // At least one URL.
  Endpoints(std::vector<std::string> urls, uint64_t seed);

  // The place of the next one, for UrlOf().
  size_t Pick(MonotonicTime now);

  const std::string& UrlOf(size_t place) const { return all_[place].url; }

  // `http_status` 0: no answer.
  void OnAnswer(size_t place, int http_status, MonotonicTime now);

  size_t count() const { return all_.size(); }

  // Those that are not aside.
  size_t working() const;

 private:
  struct Endpoint {
    std::string url;
    uint32_t failures = 0;  // in a row
    MonotonicTime aside_until{};
  };

  std::vector<Endpoint> all_;
  size_t next_ = 0;
  Rng rng_;
};

}  // namespace sluice::remotewrite
