// When to ask again.
#pragma once

#include <chrono>
#include <cstdint>
#include <random>

namespace sluice::scrape {

// Drawn a little apart, so that many agents do not ask at the same moment. Pure but for its random
// state. Thread-compatible.
class RefreshSchedule {
 public:
  // `interval` is positive. Equal seeds draw equal delays.
  RefreshSchedule(std::chrono::milliseconds interval, uint64_t seed);

  // From the beginning of the round that went well to the next: nine tenths of the interval to all
  // of it.
  std::chrono::milliseconds AfterSuccess();

  // From the end of the round that failed: one second, doubled for each further failure in a row,
  // the interval at most, of which at least a half.
  std::chrono::milliseconds AfterFailure();

 private:
  std::chrono::milliseconds Draw(std::chrono::milliseconds least, std::chrono::milliseconds most);

  const std::chrono::milliseconds interval_;
  std::chrono::milliseconds retry_;
  std::mt19937_64 random_;
};

}  // namespace sluice::scrape
