#include "buffer/recent_frames.h"

#include <algorithm>

namespace sluice::buffer {

uint64_t RecentFrame::memory_bytes() const {
  const uint64_t values = decoded ? decoded->values.capacity() * sizeof(double) : 0;
  return sizeof(*this) + sizeof(DecodedFrame) + sizeof(std::string) + stored->capacity() + values;
}

void RecentStretch::Add(const RecentFrames& frames, Sequence head) {
  if (!keeps_any()) return;
  // What lies before is not known; nobody waits for it here.
  if (from_ == 0) from_ = frames.empty() ? head : frames.front()->sequence;
  for (const auto& frame : frames) {
    frames_.push_back(frame);
    bytes_ += frame->memory_bytes();
  }
  while (bytes_ > bytes_max_) {
    from_ = frames_.front()->sequence + 1;
    bytes_ -= frames_.front()->memory_bytes();
    frames_.pop_front();
  }
}

RecentFrames RecentStretch::Find(Sequence from, Sequence end, uint32_t count_max) const {
  const auto at_or_after = [](const std::shared_ptr<const RecentFrame>& frame, Sequence sequence) {
    return frame->sequence < sequence;
  };
  const auto first = std::lower_bound(frames_.begin(), frames_.end(), from, at_or_after);
  auto last = std::lower_bound(first, frames_.end(), end, at_or_after);
  if (last - first > count_max) last = first + count_max;
  return {first, last};
}

}  // namespace sluice::buffer
