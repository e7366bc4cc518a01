// The times of which a destination has not got everything.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/varint.h"
#include "buffer/progress.h"

namespace sluice::buffer {

// Whether samples that are given up for this reason leave a gap in what the destination has; others
// are left out because its configuration says so.
bool LeavesGap(DropReason reason);

// What was lost, by reason and time: at most kLostRangesMax ranges. Beyond that the two of one
// reason that are nearest to each other become one. Thread-compatible, pure.
class LostRanges {
 public:
  // Ranges of one reason that are no further apart than this are one.
  static constexpr TimestampMs kJoinedMs = 60'000;

  // `samples` with timestamps in [from_ms, to_ms], or some of them. A reason that leaves no gap is
  // ignored.
  void Add(DropReason reason, TimestampMs from_ms, TimestampMs to_ms, uint64_t samples);

  // By reason, then time; ranges of one reason do not overlap.
  const std::vector<LostRange>& ranges() const { return ranges_; }

  void Encode(std::string& out) const;
  // Malformed input shows in reader.ok().
  static LostRanges Decode(ByteReader& reader);

 private:
  void JoinAround(size_t index);
  void JoinNearest();

  std::vector<LostRange> ranges_;
};

}  // namespace sluice::buffer
