// Reading ahead: for each lane the frames that were read from the log and not yet taken.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "remotewrite/frame_source.h"

namespace sluice::remotewrite {

// A frame copied out of a scan.
struct QueuedFrame {
  buffer::Sequence sequence = 0;
  uint32_t lane = 0;
  uint32_t sample_count = 0;
  TimestampMs timestamp_ms = 0;
  buffer::Sequence target_at = 0;
  buffer::Sequence layout_at = 0;
  uint64_t record_bytes = 0;
  MonotonicTime read_at{};
  std::shared_ptr<const std::string> stored;  // never null
  // While the log has it in memory.
  std::weak_ptr<const buffer::DecodedFrame> decoded = {};
};

QueuedFrame CopyFrame(const buffer::FrameRecord& frame, MonotonicTime now);

// Each lane has a read position of its own, at or after its durable `next`. Lanes that stand at the
// same place are read by one scan; a lane whose queue is full stays behind and is read by a later
// scan for itself, so that a stuck lane costs nothing and stops nobody. Bound to one thread.
class Lanes {
 public:
  struct Limits {
    // Bytes of frames queued for each lane; one frame may exceed it when the queue is empty.
    uint64_t lane_bytes_max = 512ULL << 10;
    // With fewer bytes than this to take from, it is worth reading more.
    uint64_t ready_bytes_min = 2ULL << 20;
    // Records that one Read() may look at.
    uint32_t scan_records_max = 4'096;
  };

  explicit Lanes(const Limits& limits) : limits_(limits) {}

  // Takes positions from the durable progress, and forgets what the log has dropped meanwhile.
  // Frames at or after its end are none of a lane's.
  void Follow(const std::array<buffer::LaneProgress, buffer::kLaneCount>& progress,
              const LaneEnds& ends = NoLaneEnds());

  enum class ReadEnd {
    kEnoughRead,  // there is enough to take; the log was not touched
    kMore,        // there may be more to read at once
    kAtHead,      // there was nothing more, at the head of the log or at the end
  };

  // At most one scan.
  Result<ReadEnd> Read(FrameSource& source, MonotonicTime now);

  // Whether Read() would find frames that are known to be there.
  bool IsBehind() const;

  // The frame at the head of a lane's queue; null when there is none or the lane is reserved.
  const QueuedFrame* Front(uint32_t lane) const;
  // Only after Front() gave one.
  QueuedFrame Take(uint32_t lane);
  // Undoes the latest Take() of its lane.
  void PutBack(QueuedFrame frame);

  // A reserved lane has frames on their way; its later frames must wait.
  void Reserve(uint32_t lane) { lanes_[lane].reserved = true; }

  void Release(uint32_t lane) { lanes_[lane].reserved = false; }

  bool IsReserved(uint32_t lane) const { return lanes_[lane].reserved; }

  // Where each lane without a frame, queued or on its way, stands.
  std::vector<buffer::LaneAdvance> IdlePositions() const;

  // Samples in frames that could be taken now, of one lane and of all.
  uint64_t ready_samples(uint32_t lane) const {
    return lanes_[lane].reserved ? 0 : lanes_[lane].samples;
  }

  uint64_t ready_samples() const;

  uint64_t queued_bytes() const;

  // Least timestamp at the heads of the queues.
  std::optional<TimestampMs> oldest_queued_ms() const;

  // Newest timestamp read; 0 = none.
  TimestampMs highest_read_ms() const { return highest_read_ms_; }

 private:
  struct Lane {
    buffer::Sequence position = 0;  // the next record to read for this lane
    buffer::Sequence end = UINT64_MAX;
    std::deque<QueuedFrame> queue;
    uint64_t bytes = 0;
    uint64_t samples = 0;
    bool reserved = false;
    bool pending = false;  // the log held samples for it when it was asked last
  };

  // Nothing to take from it though the log holds samples for it.
  bool IsStarving(const Lane& lane) const;
  bool WantsMore(const Lane& lane, uint64_t ready) const;
  // Bytes of frames that could be taken now.
  uint64_t ReadyBytes() const;
  bool Accept(Lane& lane, const buffer::FrameRecord& frame, MonotonicTime now);

  Limits limits_;
  std::array<Lane, buffer::kLaneCount> lanes_;
  buffer::Sequence head_seen_ = 0;
  TimestampMs highest_read_ms_ = 0;
};

}  // namespace sluice::remotewrite
