#include "buffer/lost_ranges.h"

#include <algorithm>
#include <limits>
#include <tuple>

namespace sluice::buffer {
namespace {

bool ComesBefore(const LostRange& left, const LostRange& right) {
  return std::tie(left.reason, left.from_ms) < std::tie(right.reason, right.from_ms);
}

// Between two ranges of one reason, the earlier one first; negative when they overlap.
TimestampMs GapBetween(const LostRange& left, const LostRange& right) {
  return right.from_ms - left.to_ms;
}

void Join(LostRange& into, const LostRange& other) {
  into.from_ms = std::min(into.from_ms, other.from_ms);
  into.to_ms = std::max(into.to_ms, other.to_ms);
  into.samples += other.samples;
}

}  // namespace

bool LeavesGap(DropReason reason) {
  switch (reason) {
    case DropReason::kRelabel:
    case DropReason::kNativeHistogram:
    case DropReason::kCustomBuckets:
    case DropReason::kThinned:
    case DropReason::kThinnedWhenFull:
      return false;
    default:
      return true;
  }
}

void LostRanges::Add(DropReason reason, TimestampMs from_ms, TimestampMs to_ms, uint64_t samples) {
  if (samples == 0 || !LeavesGap(reason)) return;
  const LostRange range{reason, std::min(from_ms, to_ms), std::max(from_ms, to_ms), samples};
  const auto place = std::upper_bound(ranges_.begin(), ranges_.end(), range, ComesBefore);
  const auto at = ranges_.insert(place, range);
  JoinAround(static_cast<size_t>(at - ranges_.begin()));
  if (ranges_.size() > kLostRangesMax) JoinNearest();
}

// Joins a range with its neighbours of the same reason where they are near.
void LostRanges::JoinAround(size_t index) {
  const auto near = [this](size_t left) {
    return ranges_[left].reason == ranges_[left + 1].reason &&
           GapBetween(ranges_[left], ranges_[left + 1]) <= kJoinedMs;
  };
  while (index + 1 < ranges_.size() && near(index)) {
    Join(ranges_[index], ranges_[index + 1]);
    ranges_.erase(ranges_.begin() + static_cast<std::ptrdiff_t>(index) + 1);
  }
  while (index > 0 && near(index - 1)) {
    Join(ranges_[index - 1], ranges_[index]);
    ranges_.erase(ranges_.begin() + static_cast<std::ptrdiff_t>(index));
    --index;
  }
}

// There are fewer reasons than ranges, so that two have the same.
void LostRanges::JoinNearest() {
  size_t nearest = 0;
  TimestampMs least = std::numeric_limits<TimestampMs>::max();
  for (size_t i = 0; i + 1 < ranges_.size(); ++i) {
    if (ranges_[i].reason != ranges_[i + 1].reason) continue;
    const TimestampMs gap = GapBetween(ranges_[i], ranges_[i + 1]);
    if (gap > least) continue;
    least = gap;
    nearest = i;
  }
  Join(ranges_[nearest], ranges_[nearest + 1]);
  ranges_.erase(ranges_.begin() + static_cast<std::ptrdiff_t>(nearest) + 1);
}

void LostRanges::Encode(std::string& out) const {
  PutVarint(out, ranges_.size());
  for (const LostRange& range : ranges_) {
    out.push_back(static_cast<char>(range.reason));
    PutVarint(out, ZigZag(range.from_ms));
    PutVarint(out, ZigZag(range.to_ms));
    PutVarint(out, range.samples);
  }
}

LostRanges LostRanges::Decode(ByteReader& reader) {
  LostRanges lost;
  const uint64_t count = reader.Varint();
  for (uint64_t i = 0; i < count && reader.ok(); ++i) {
    const uint8_t reason = reader.Byte();
    const TimestampMs from_ms = UnZigZag(reader.Varint());
    const TimestampMs to_ms = UnZigZag(reader.Varint());
    const uint64_t samples = reader.Varint();
    if (reason >= kDropReasonCount) continue;
    lost.Add(static_cast<DropReason>(reason), from_ms, to_ms, samples);
  }
  return lost;
}

}  // namespace sluice::buffer
