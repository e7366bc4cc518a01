// What a destination needs from the log, as a seam for tests.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>

#include "base/result.h"
#include "buffer/log.h"

namespace sluice::remotewrite {

// For each lane where its frames end, for this reader.
using LaneEnds = std::array<buffer::Sequence, buffer::kLaneCount>;

// There is no end, or the same for all.
inline LaneEnds NoLaneEnds(buffer::Sequence end = UINT64_MAX) {
  LaneEnds ends;
  ends.fill(end);
  return ends;
}

// The log from the point of view of one destination. Calls mean what those of buffer::Log mean.
class FrameSource {
 public:
  virtual ~FrameSource() = default;

  virtual Result<buffer::Sequence> Scan(
      buffer::Sequence from, uint32_t records_max,
      const std::function<bool(const buffer::FrameRecord&)>& visit) = 0;

  virtual Result<buffer::StoredLayout> LoadLayout(buffer::Sequence at) = 0;
  virtual Result<buffer::StoredTarget> LoadTarget(buffer::Sequence at) = 0;
  virtual Result<std::string> LoadChunk(buffer::Sequence at) = 0;

  virtual Status Acknowledge(std::span<const buffer::FrameOutcome> outcomes,
                             std::span<const buffer::LaneAdvance> advances) = 0;

  // What is pending becomes the backlog; false when there is one, or nothing is pending.
  virtual Result<bool> PartBacklog() = 0;

  // Where to stop, besides at the head. `progress` is the latest.
  virtual LaneEnds EndsFor(const buffer::DestinationProgress& progress) {
    return progress.end() != 0 ? NoLaneEnds(progress.end()) : NoLaneEnds();
  }

  // Nothing when the log does not know the destination (any more).
  virtual std::optional<buffer::DestinationProgress> Progress() = 0;
};

}  // namespace sluice::remotewrite
