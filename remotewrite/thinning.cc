#include "remotewrite/thinning.h"

#include "buffer/frame.h"

namespace sluice::remotewrite {

bool Thinning::Keeps(const QueuedFrame& frame, TimestampMs wall_ms) {
  if (config_.after.count() == 0) return true;
  if (wall_ms - frame.timestamp_ms < config_.after.count()) return true;
  if (buffer::PeekFrameKind(*frame.stored) != buffer::FrameKind::kSamples) return true;
  if (kept_.size() >= kTargetsMax) kept_.clear();
  const auto [last, is_first] = kept_.try_emplace(frame.target_at, frame.timestamp_ms);
  if (is_first) return true;
  const TimestampMs distance = frame.timestamp_ms - last->second;
  // A clock that was set back starts anew.
  if (distance >= 0 && distance < config_.interval.count()) return false;
  last->second = frame.timestamp_ms;
  return true;
}

}  // namespace sluice::remotewrite
