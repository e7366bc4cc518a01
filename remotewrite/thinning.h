// Thinning out: of frames that are old when they are delivered, some are enough.
#pragma once

#include <chrono>
#include <cstdint>
#include <unordered_map>

#include "base/clock.h"
#include "buffer/progress.h"
#include "remotewrite/lanes.h"

namespace sluice::remotewrite {

// In the configuration file. `after` 0 = every frame is sent.
struct ThinningConfig {
  std::chrono::milliseconds after{0};          // frames older than this are thinned out
  std::chrono::milliseconds interval{60'000};  // of each target, one in this time is kept
};

// Frames of a target must be asked about in log order. Frames of stale markers are always kept, and
// the first frame after each start and of each epoch. Memory is bounded: beyond kTargetsMax it
// forgets, and keeps some more. Thread-compatible.
class Thinning {
 public:
  static constexpr size_t kTargetsMax = 100'000;

  explicit Thinning(const ThinningConfig& config) : config_(config) {}

  bool Keeps(const QueuedFrame& frame, TimestampMs wall_ms);

 private:
  const ThinningConfig config_;
  std::unordered_map<buffer::Sequence, TimestampMs> kept_;  // by target_at: the last one kept
};

}  // namespace sluice::remotewrite
