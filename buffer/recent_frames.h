// The frames that were appended last, still in memory: whoever keeps up with the log reads them
// from here, and neither asks the store nor decodes what was encoded a moment ago.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "buffer/frame.h"
#include "buffer/progress.h"

namespace sluice::buffer {

// As it stands in the log, owning.
struct RecentFrame {
  Sequence sequence = 0;
  uint32_t lane = 0;
  TimestampMs timestamp_ms = 0;
  uint32_t sample_count = 0;
  Sequence target_at = 0;
  Sequence layout_at = 0;
  uint64_t record_bytes = 0;
  std::shared_ptr<const std::string> stored;    // never null
  std::shared_ptr<const DecodedFrame> decoded;  // may be null

  uint64_t memory_bytes() const;
};

using RecentFrames = std::vector<std::shared_ptr<const RecentFrame>>;

// All frames of a stretch that ends at the head of the log. Thread-compatible.
class RecentStretch {
 public:
  // 0: keeps none.
  explicit RecentStretch(uint64_t bytes_max) : bytes_max_(bytes_max) {}

  bool keeps_any() const { return bytes_max_ > 0; }

  // What was written next: `frames`, and whatever else lies before `head`. Lets go of the oldest
  // ones when there are too many bytes.
  void Add(const RecentFrames& frames, Sequence head);

  // Whether all frames at or after `from` are here.
  bool Covers(Sequence from) const { return from_ != 0 && from >= from_; }

  // Those at or after `from` and before `end`, in order, `count_max` at most.
  RecentFrames Find(Sequence from, Sequence end, uint32_t count_max) const;

  uint64_t memory_bytes() const { return bytes_; }

 private:
  const uint64_t bytes_max_;
  Sequence from_ = 0;  // 0 before anything was added
  std::deque<std::shared_ptr<const RecentFrame>> frames_;
  uint64_t bytes_ = 0;
};

}  // namespace sluice::buffer
