#include "remotewrite/lanes.h"

#include <algorithm>
#include <utility>

namespace sluice::remotewrite {

namespace {

// What a queued frame costs besides its bytes.
constexpr uint64_t kFrameBytes = sizeof(QueuedFrame) + 16;

uint64_t CostOf(const QueuedFrame& frame) { return frame.stored->size() + kFrameBytes; }

}  // namespace

QueuedFrame CopyFrame(const buffer::FrameRecord& frame, MonotonicTime now) {
  QueuedFrame queued;
  queued.sequence = frame.sequence;
  queued.lane = frame.lane;
  queued.sample_count = frame.sample_count;
  queued.timestamp_ms = frame.timestamp_ms;
  queued.target_at = frame.target_at;
  queued.layout_at = frame.layout_at;
  queued.record_bytes = frame.record_bytes;
  queued.read_at = now;
  queued.stored = frame.held ? frame.held : std::make_shared<const std::string>(frame.stored);
  queued.decoded = frame.decoded;
  return queued;
}

void Lanes::Follow(const std::array<buffer::LaneProgress, buffer::kLaneCount>& progress,
                   const LaneEnds& ends) {
  for (uint32_t i = 0; i < buffer::kLaneCount; ++i) {
    Lane& lane = lanes_[i];
    lane.end = ends[i];
    const buffer::Sequence next = progress[i].next;
    lane.position = std::max(lane.position, next);
    lane.pending = progress[i].pending_samples > 0;
    while (!lane.queue.empty() && lane.queue.front().sequence < next) {
      lane.bytes -= CostOf(lane.queue.front());
      lane.samples -= lane.queue.front().sample_count;
      lane.queue.pop_front();
    }
    // Read before there was an end.
    while (!lane.queue.empty() && lane.queue.back().sequence >= lane.end) {
      lane.bytes -= CostOf(lane.queue.back());
      lane.samples -= lane.queue.back().sample_count;
      lane.queue.pop_back();
    }
  }
}

// False when the lane is full: it then stays before this frame.
bool Lanes::Accept(Lane& lane, const buffer::FrameRecord& frame, MonotonicTime now) {
  const uint64_t cost = frame.stored.size() + kFrameBytes;
  if (!lane.queue.empty() && lane.bytes + cost > limits_.lane_bytes_max) return false;
  lane.bytes += cost;
  lane.samples += frame.sample_count;
  lane.position = frame.sequence + 1;
  highest_read_ms_ = std::max(highest_read_ms_, frame.timestamp_ms);
  lane.queue.push_back(CopyFrame(frame, now));
  return true;
}

bool Lanes::IsStarving(const Lane& lane) const {
  return lane.pending && !lane.reserved && lane.queue.empty() && lane.position < lane.end;
}

bool Lanes::WantsMore(const Lane& lane, uint64_t ready) const {
  if (IsStarving(lane)) return true;
  return lane.position < lane.end && ready < limits_.ready_bytes_min && !lane.reserved &&
         lane.bytes < limits_.lane_bytes_max / 2;
}

uint64_t Lanes::ReadyBytes() const {
  uint64_t ready = 0;
  for (const Lane& lane : lanes_) ready += lane.reserved ? 0 : lane.bytes;
  return ready;
}

Result<Lanes::ReadEnd> Lanes::Read(FrameSource& source, MonotonicTime now) {
  uint64_t ready = ReadyBytes();
  uint32_t starving = 0;
  buffer::Sequence from = UINT64_MAX;
  for (const Lane& lane : lanes_) {
    if (IsStarving(lane)) ++starving;
    if (WantsMore(lane, ready)) from = std::min(from, lane.position);
  }
  if (from == UINT64_MAX) {
    const bool at_end = std::all_of(lanes_.begin(), lanes_.end(),
                                    [&](const Lane& lane) { return lane.position >= lane.end; });
    return at_end ? ReadEnd::kAtHead : ReadEnd::kEnoughRead;
  }
  // Lanes that stand before the scan's begin are not to be carried over the gap.
  std::array<bool, buffer::kLaneCount> open{};
  buffer::Sequence last_end = 0;
  for (uint32_t i = 0; i < buffer::kLaneCount; ++i) {
    open[i] = lanes_[i].position >= from;
    last_end = std::max(last_end, lanes_[i].end);
  }

  const Result<buffer::Sequence> next =
      source.Scan(from, limits_.scan_records_max, [&](const buffer::FrameRecord& frame) {
        if (frame.sequence >= last_end) return false;
        if (frame.lane >= buffer::kLaneCount) return true;
        Lane& lane = lanes_[frame.lane];
        if (!open[frame.lane] || frame.sequence < lane.position || frame.sequence >= lane.end) {
          return true;
        }
        if (IsStarving(lane)) --starving;
        const uint64_t before = lane.bytes;
        open[frame.lane] = Accept(lane, frame, now);
        if (!lane.reserved) ready += lane.bytes - before;
        // Past a full lane only those go on that have nothing.
        return starving > 0 || (open[frame.lane] && ready < 2 * limits_.ready_bytes_min);
      });
  if (!next.ok()) return next.error();
  for (uint32_t i = 0; i < buffer::kLaneCount; ++i) {
    if (open[i]) lanes_[i].position = std::max(lanes_[i].position, std::min(*next, lanes_[i].end));
  }
  head_seen_ = std::max(head_seen_, *next);
  return *next > from ? ReadEnd::kMore : ReadEnd::kAtHead;
}

bool Lanes::IsBehind() const {
  const uint64_t ready = ReadyBytes();
  return std::any_of(lanes_.begin(), lanes_.end(), [&](const Lane& lane) {
    return lane.pending && lane.position < head_seen_ && WantsMore(lane, ready);
  });
}

const QueuedFrame* Lanes::Front(uint32_t lane) const {
  const Lane& at = lanes_[lane];
  return at.reserved || at.queue.empty() ? nullptr : &at.queue.front();
}

QueuedFrame Lanes::Take(uint32_t lane) {
  Lane& at = lanes_[lane];
  QueuedFrame frame = std::move(at.queue.front());
  at.queue.pop_front();
  at.bytes -= CostOf(frame);
  at.samples -= frame.sample_count;
  return frame;
}

void Lanes::PutBack(QueuedFrame frame) {
  Lane& at = lanes_[frame.lane];
  at.bytes += CostOf(frame);
  at.samples += frame.sample_count;
  at.queue.push_front(std::move(frame));
}

std::vector<buffer::LaneAdvance> Lanes::IdlePositions() const {
  std::vector<buffer::LaneAdvance> idle;
  for (uint32_t i = 0; i < buffer::kLaneCount; ++i) {
    if (lanes_[i].reserved || !lanes_[i].queue.empty()) continue;
    idle.push_back({.lane = i, .next = lanes_[i].position});
  }
  return idle;
}

uint64_t Lanes::ready_samples() const {
  uint64_t samples = 0;
  for (const Lane& lane : lanes_)
    if (!lane.reserved) samples += lane.samples;
  return samples;
}

std::optional<TimestampMs> Lanes::oldest_queued_ms() const {
  std::optional<TimestampMs> oldest;
  for (const Lane& lane : lanes_) {
    if (lane.queue.empty()) continue;
    const TimestampMs at = lane.queue.front().timestamp_ms;
    oldest = std::min(oldest.value_or(at), at);
  }
  return oldest;
}

uint64_t Lanes::queued_bytes() const {
  uint64_t bytes = 0;
  for (const Lane& lane : lanes_) bytes += lane.bytes;
  return bytes;
}

}  // namespace sluice::remotewrite
