#include "buffer/progress_book.h"

#include <algorithm>
#include <utility>

namespace sluice::buffer {
namespace {

// On disk: do not renumber.
constexpr uint64_t kAttachedFlag = 1;

void Fail(ByteReader& reader) { reader.Bytes(reader.rest().size() + 1); }

}  // namespace

bool ProgressBook::Attach(const std::string& name) {
  return !std::exchange(destinations_[name].attached, true);
}

bool ProgressBook::Detach(const std::string& name) {
  const auto found = destinations_.find(name);
  return found != destinations_.end() && std::exchange(found->second.attached, false);
}

bool ProgressBook::Forget(const std::string& name) { return destinations_.erase(name) > 0; }

void ProgressBook::AddFrame(uint32_t lane, Sequence sequence, uint64_t samples, uint64_t bytes) {
  lane_last_[lane] = sequence;
  for (auto& [name, destination] : destinations_) {
    Lane& state = destination.lanes[lane];
    if (state.frames == 0) state.next = sequence;
    state.samples += samples;
    state.bytes += bytes;
    ++state.frames;
    destination.ledger.appended += samples;
    destination.ledger.pending += samples;
  }
}

// Takes the samples of an outcome out of what is pending. Never more than there is, so that no
// outcome, however wrong, breaks the equation.
void ProgressBook::Book(Destination& destination, const FrameOutcome& outcome) {
  Lane& lane = destination.lanes[outcome.lane];
  Ledger& ledger = destination.ledger;
  const auto take = [&lane, &ledger](uint64_t wanted) {
    const uint64_t taken = std::min(wanted, lane.samples);
    lane.samples -= taken;
    ledger.pending -= taken;
    return taken;
  };
  ledger.acknowledged += take(outcome.acknowledged);
  for (size_t i = 0; i < kDropReasonCount; ++i) ledger.dropped[i] += take(outcome.dropped[i]);
  lane.bytes -= std::min(outcome.record_bytes, lane.bytes);
  if (lane.frames > 0) --lane.frames;
  lane.next = outcome.sequence + 1;
}

// Behind the last frame of a lane nothing can be pending: what still is was never handed out.
void ProgressBook::FinishLane(Destination& destination, uint32_t lane, Sequence head) const {
  Lane& state = destination.lanes[lane];
  if (state.frames > 0 && state.next <= lane_last_[lane] && state.next < head) return;
  destination.ledger.dropped[static_cast<size_t>(DropReason::kDamaged)] += state.samples;
  destination.ledger.pending -= state.samples;
  state.samples = 0;
  state.bytes = 0;
  state.frames = 0;
}

std::optional<bool> ProgressBook::Acknowledge(const std::string& name,
                                              std::span<const FrameOutcome> outcomes,
                                              std::span<const LaneAdvance> advances,
                                              Sequence head) {
  const auto found = destinations_.find(name);
  if (found == destinations_.end()) return std::nullopt;
  Destination& destination = found->second;
  std::array<bool, kLaneCount> moved{};
  for (const FrameOutcome& outcome : outcomes) {
    Lane& lane = destination.lanes[outcome.lane];
    if (lane.frames == 0 || outcome.sequence < lane.next) continue;
    Book(destination, outcome);
    moved[outcome.lane] = true;
  }
  for (const LaneAdvance& advance : advances) {
    Lane& lane = destination.lanes[advance.lane];
    if (lane.frames == 0 || advance.next <= lane.next) continue;
    lane.next = std::min(advance.next, head);
    moved[advance.lane] = true;
  }
  for (uint32_t lane = 0; lane < kLaneCount; ++lane) {
    if (moved[lane]) FinishLane(destination, lane, head);
  }
  return std::find(moved.begin(), moved.end(), true) != moved.end();
}

uint64_t ProgressBook::DropBefore(Sequence start, const EpochTotals& after) {
  uint64_t dropped = 0;
  for (auto& [name, destination] : destinations_) {
    for (uint32_t i = 0; i < kLaneCount; ++i) {
      Lane& lane = destination.lanes[i];
      if (lane.frames == 0 || lane.next >= start) continue;
      const LaneTotals& rest = after.lanes[i];
      const uint64_t lost = lane.samples - std::min(lane.samples, rest.samples);
      destination.ledger.dropped[static_cast<size_t>(DropReason::kBudget)] += lost;
      destination.ledger.pending -= lost;
      dropped += lost;
      lane.samples -= lost;
      lane.bytes = std::min(lane.bytes, rest.bytes);
      lane.frames = std::min(lane.frames, rest.frames);
      lane.next = start;
      // Nothing of this lane in the epochs that stay: whatever the totals say, nothing is pending.
      if (lane.frames == 0) FinishLane(destination, i, start);
    }
  }
  return dropped;
}

DestinationProgress ProgressBook::Describe(const std::string& name, const Destination& destination,
                                           Sequence head) {
  DestinationProgress progress;
  progress.name = name;
  progress.attached = destination.attached;
  progress.ledger = destination.ledger;
  progress.oldest = head;
  for (uint32_t i = 0; i < kLaneCount; ++i) {
    const Lane& lane = destination.lanes[i];
    const Sequence next = lane.frames == 0 ? head : lane.next;
    progress.lanes[i] =
        LaneProgress{.next = next, .pending_samples = lane.samples, .pending_bytes = lane.bytes};
    progress.pending_bytes += lane.bytes;
    progress.oldest = std::min(progress.oldest, next);
  }
  return progress;
}

std::optional<DestinationProgress> ProgressBook::Progress(const std::string& name,
                                                          Sequence head) const {
  const auto found = destinations_.find(name);
  if (found == destinations_.end()) return std::nullopt;
  return Describe(name, found->second, head);
}

std::vector<DestinationProgress> ProgressBook::AllProgress(Sequence head) const {
  std::vector<DestinationProgress> all;
  all.reserve(destinations_.size());
  for (const auto& [name, destination] : destinations_) {
    all.push_back(Describe(name, destination, head));
  }
  return all;
}

std::array<Sequence, kLaneCount> ProgressBook::LaneMinimums(Sequence head) const {
  std::array<Sequence, kLaneCount> minimums{};
  minimums.fill(head);
  for (const auto& [name, destination] : destinations_) {
    for (uint32_t i = 0; i < kLaneCount; ++i) {
      const Lane& lane = destination.lanes[i];
      if (lane.frames > 0) minimums[i] = std::min(minimums[i], lane.next);
    }
  }
  return minimums;
}

Sequence ProgressBook::Oldest(Sequence head) const {
  const std::array<Sequence, kLaneCount> minimums = LaneMinimums(head);
  return *std::min_element(minimums.begin(), minimums.end());
}

void ProgressBook::EncodeDestination(std::string& out, const Destination& destination,
                                     Sequence sequence) {
  PutVarint(out, destination.attached ? kAttachedFlag : 0);
  PutVarint(out, destination.ledger.acknowledged);
  PutVarint(out, kDropReasonCount);
  for (const uint64_t dropped : destination.ledger.dropped) PutVarint(out, dropped);
  const auto behind = std::count_if(destination.lanes.begin(), destination.lanes.end(),
                                    [](const Lane& lane) { return lane.frames > 0; });
  PutVarint(out, static_cast<uint64_t>(behind));
  for (uint32_t i = 0; i < kLaneCount; ++i) {
    const Lane& lane = destination.lanes[i];
    if (lane.frames == 0) continue;
    out.push_back(static_cast<char>(i));
    PutVarint(out, sequence - lane.next);
    PutVarint(out, lane.samples);
    PutVarint(out, lane.bytes);
    PutVarint(out, lane.frames);
  }
}

// `pending` and `appended` follow from the rest, so a snapshot cannot contradict itself.
ProgressBook::Destination ProgressBook::DecodeDestination(ByteReader& reader, Sequence sequence) {
  Destination destination;
  destination.attached = (reader.Varint() & kAttachedFlag) != 0;
  destination.ledger.acknowledged = reader.Varint();
  destination.ledger.appended = destination.ledger.acknowledged;
  const uint64_t reasons = reader.Varint();
  if (reasons > kDropReasonCount) Fail(reader);
  for (uint64_t i = 0; i < reasons && reader.ok(); ++i) {
    destination.ledger.dropped[i] = reader.Varint();
    destination.ledger.appended += destination.ledger.dropped[i];
  }
  const uint64_t behind = reader.Varint();
  for (uint64_t i = 0; i < behind && reader.ok(); ++i) {
    const uint8_t lane = reader.Byte();
    const uint64_t distance = reader.Varint();
    if (lane >= kLaneCount || distance >= sequence) {
      Fail(reader);
      break;
    }
    Lane& state = destination.lanes[lane];
    state.next = sequence - distance;
    state.samples = reader.Varint();
    state.bytes = reader.Varint();
    state.frames = reader.Varint();
    destination.ledger.pending += state.samples;
  }
  destination.ledger.appended += destination.ledger.pending;
  return destination;
}

void ProgressBook::Encode(std::string& out, Sequence sequence) const {
  PutVarint(out, destinations_.size());
  for (const auto& [name, destination] : destinations_) {
    PutString(out, name);
    EncodeDestination(out, destination, sequence);
  }
}

ProgressBook ProgressBook::Decode(ByteReader& reader, Sequence sequence) {
  ProgressBook book;
  const uint64_t count = reader.Varint();
  for (uint64_t i = 0; i < count && reader.ok(); ++i) {
    std::string name(reader.String());
    book.destinations_[std::move(name)] = DecodeDestination(reader, sequence);
  }
  // Where the last frames are is not known: they may be anywhere before this record.
  book.lane_last_.fill(sequence);
  return book;
}

}  // namespace sluice::buffer
