// The book in progress records; see FORMAT.md.
#include <algorithm>
#include <utility>

#include "buffer/progress_book.h"

namespace sluice::buffer {
namespace {

// On disk: do not renumber.
constexpr uint64_t kAttachedFlag = 1;
constexpr uint64_t kBacklogFlag = 2;
constexpr uint64_t kClosedFlag = 4;
constexpr uint64_t kLostFlag = 8;
constexpr uint64_t kBranchedFlag = 16;
constexpr uint64_t kFullFlag = 32;
constexpr uint64_t kAllFlags = 63;

void Fail(ByteReader& reader) { reader.Bytes(reader.rest().size() + 1); }

}  // namespace

void ProgressBook::EncodeLanes(std::string& out, const Lanes& lanes, Sequence sequence) {
  const auto behind =
      std::count_if(lanes.begin(), lanes.end(), [](const Lane& lane) { return lane.frames > 0; });
  PutVarint(out, static_cast<uint64_t>(behind));
  for (uint32_t i = 0; i < kLaneCount; ++i) {
    const Lane& lane = lanes[i];
    if (lane.frames == 0) continue;
    out.push_back(static_cast<char>(i));
    PutVarint(out, sequence - lane.next);
    PutVarint(out, lane.samples);
    PutVarint(out, lane.bytes);
    PutVarint(out, lane.frames);
  }
}

void ProgressBook::EncodeDestination(std::string& out, const Destination& destination,
                                     Sequence sequence) {
  PutVarint(out, (destination.attached ? kAttachedFlag : 0) |
                     (destination.backlog_end != 0 ? kBacklogFlag : 0) |
                     (destination.closed_at != 0 ? kClosedFlag : 0) |
                     (destination.full_at != 0 ? kFullFlag : 0) |
                     (destination.ledger.branched != 0 ? kBranchedFlag : 0) |
                     (destination.lost.ranges().empty() ? 0 : kLostFlag));
  PutVarint(out, destination.ledger.acknowledged);
  PutVarint(out, kDropReasonCount);
  for (const uint64_t dropped : destination.ledger.dropped) PutVarint(out, dropped);
  if (destination.ledger.branched != 0) PutVarint(out, destination.ledger.branched);
  if (destination.closed_at != 0) PutVarint(out, sequence - destination.closed_at);
  if (destination.full_at != 0) PutVarint(out, sequence - destination.full_at);
  if (!destination.lost.ranges().empty()) destination.lost.Encode(out);
  EncodeLanes(out, destination.lanes, sequence);
  if (destination.backlog_end == 0) return;
  PutVarint(out, sequence - destination.backlog_end);
  EncodeLanes(out, destination.backlog, sequence);
}

void ProgressBook::DecodeLanes(ByteReader& reader, Sequence sequence, Lanes& lanes,
                               Ledger& ledger) {
  const uint64_t behind = reader.Varint();
  for (uint64_t i = 0; i < behind && reader.ok(); ++i) {
    const uint8_t lane = reader.Byte();
    const uint64_t distance = reader.Varint();
    if (lane >= kLaneCount || distance >= sequence) return Fail(reader);
    Lane& state = lanes[lane];
    state.next = sequence - distance;
    state.samples = reader.Varint();
    state.bytes = reader.Varint();
    state.frames = reader.Varint();
    ledger.pending += state.samples;
  }
}

// `pending` and `appended` follow from the rest, so a snapshot cannot contradict itself.
ProgressBook::Destination ProgressBook::DecodeDestination(ByteReader& reader, Sequence sequence) {
  Destination destination;
  const uint64_t flags = reader.Varint();
  if ((flags & ~kAllFlags) != 0) Fail(reader);  // of a later version
  destination.attached = (flags & kAttachedFlag) != 0;
  destination.ledger.acknowledged = reader.Varint();
  destination.ledger.appended = destination.ledger.acknowledged;
  const uint64_t reasons = reader.Varint();
  if (reasons > kDropReasonCount) Fail(reader);
  for (uint64_t i = 0; i < reasons && reader.ok(); ++i) {
    destination.ledger.dropped[i] = reader.Varint();
    destination.ledger.appended += destination.ledger.dropped[i];
  }
  if ((flags & kBranchedFlag) != 0) {
    destination.ledger.branched = reader.Varint();
    destination.ledger.appended += destination.ledger.branched;
  }
  if ((flags & kClosedFlag) != 0) {
    const uint64_t distance = reader.Varint();
    if (distance >= sequence) Fail(reader);
    destination.closed_at = sequence - distance;
  }
  if ((flags & kFullFlag) != 0) {
    const uint64_t distance = reader.Varint();
    if (distance >= sequence) Fail(reader);
    destination.full_at = sequence - distance;
  }
  if ((flags & kLostFlag) != 0) destination.lost = LostRanges::Decode(reader);
  DecodeLanes(reader, sequence, destination.lanes, destination.ledger);
  if ((flags & kBacklogFlag) != 0) {
    const uint64_t distance = reader.Varint();
    if (distance >= sequence) Fail(reader);
    destination.backlog_end = sequence - distance;
    DecodeLanes(reader, sequence, destination.backlog, destination.ledger);
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
