#include "buffer/epochs.h"

#include <algorithm>
#include <utility>

namespace sluice::buffer {
namespace {

// On disk: more than there are lanes, added to their number when times follow.
constexpr uint64_t kTimesFollow = 64;
static_assert(kTimesFollow > kLaneCount);

}  // namespace

void EpochTotals::AddFrame(uint32_t lane, uint64_t samples, uint64_t bytes,
                           TimestampMs timestamp_ms) {
  LaneTotals& totals = lanes[lane];
  totals.samples += samples;
  totals.bytes += bytes;
  ++totals.frames;
  frame_bytes += bytes;
  first_ms = std::min(first_ms, timestamp_ms);
  last_ms = std::max(last_ms, timestamp_ms);
}

void EpochTotals::RemoveFrame(uint32_t lane, uint64_t samples, uint64_t bytes) {
  LaneTotals& totals = lanes[lane];
  totals.samples -= std::min(totals.samples, samples);
  totals.bytes -= std::min(totals.bytes, bytes);
  totals.frames -= std::min<uint64_t>(totals.frames, 1);
  frame_bytes -= std::min(frame_bytes, bytes);
}

void EncodeTotals(std::string& out, const EpochTotals& totals) {
  PutVarint(out, totals.other_bytes);
  const auto used = std::count_if(totals.lanes.begin(), totals.lanes.end(),
                                  [](const LaneTotals& lane) { return lane.frames > 0; });
  PutVarint(out, static_cast<uint64_t>(used) + (totals.has_times() ? kTimesFollow : 0));
  for (uint32_t lane = 0; lane < kLaneCount; ++lane) {
    const LaneTotals& lane_totals = totals.lanes[lane];
    if (lane_totals.frames == 0) continue;
    out.push_back(static_cast<char>(lane));
    PutVarint(out, lane_totals.samples);
    PutVarint(out, lane_totals.bytes);
    PutVarint(out, lane_totals.frames);
  }
  if (!totals.has_times()) return;
  PutVarint(out, ZigZag(totals.first_ms));
  PutVarint(out, static_cast<uint64_t>(totals.last_ms) - static_cast<uint64_t>(totals.first_ms));
}

EpochTotals DecodeTotals(ByteReader& reader) {
  EpochTotals totals;
  totals.other_bytes = reader.Varint();
  uint64_t used = reader.Varint();
  const bool times_follow = used >= kTimesFollow;
  if (times_follow) used -= kTimesFollow;
  for (uint64_t i = 0; i < used && reader.ok(); ++i) {
    const uint8_t lane = reader.Byte();
    if (lane >= kLaneCount) {
      reader.Bytes(reader.rest().size() + 1);  // malformed
      break;
    }
    LaneTotals& lane_totals = totals.lanes[lane];
    lane_totals.samples = reader.Varint();
    lane_totals.bytes = reader.Varint();
    lane_totals.frames = reader.Varint();
    totals.frame_bytes += lane_totals.bytes;
  }
  if (times_follow) {
    totals.first_ms = UnZigZag(reader.Varint());
    totals.last_ms =
        static_cast<TimestampMs>(static_cast<uint64_t>(totals.first_ms) + reader.Varint());
  }
  return totals;
}

void Epochs::Push(Epoch epoch) {
  finished_bytes_ = bytes();
  epochs_.push_back(std::move(epoch));
}

void Epochs::PushOlder(Epoch epoch) {
  finished_bytes_ += epoch.totals.bytes();
  epochs_.push_front(std::move(epoch));
}

uint64_t Epochs::Remove(const std::function<bool(const Epoch&)>& is_done) {
  if (epochs_.empty()) return 0;
  uint64_t removed = 0;
  const auto goes = [&](const Epoch& epoch) {
    if (!is_done(epoch)) return false;
    removed += epoch.totals.bytes();
    return true;
  };
  epochs_.erase(std::remove_if(epochs_.begin(), epochs_.end() - 1, goes), epochs_.end() - 1);
  finished_bytes_ -= removed;
  return removed;
}

const Epoch* Epochs::Find(Sequence start) const {
  const auto found = std::find_if(epochs_.begin(), epochs_.end(),
                                  [start](const Epoch& epoch) { return epoch.start == start; });
  return found == epochs_.end() ? nullptr : &*found;
}

void Epochs::SetTotals(Sequence start, const EpochTotals& totals) {
  for (Epoch& epoch : epochs_) {
    if (epoch.start != start) continue;
    if (&epoch != &epochs_.back()) {
      finished_bytes_ -= epoch.totals.bytes();
      finished_bytes_ += totals.bytes();
    }
    epoch.totals = totals;
  }
}

Sequence Epochs::StartOf(Sequence sequence) const {
  for (auto epoch = epochs_.rbegin(); epoch != epochs_.rend(); ++epoch) {
    if (epoch->start <= sequence) return epoch->start;
  }
  return epochs_.empty() ? 0 : epochs_.front().start;
}

EpochTotals Epochs::TotalsBetween(Sequence from, Sequence end) const {
  EpochTotals sum;
  for (const Epoch& epoch : epochs_) {
    if (epoch.start < from || epoch.start >= end) continue;
    for (uint32_t lane = 0; lane < kLaneCount; ++lane) {
      const LaneTotals& totals = epoch.totals.lanes[lane];
      sum.lanes[lane].samples += totals.samples;
      sum.lanes[lane].bytes += totals.bytes;
      sum.lanes[lane].frames += totals.frames;
    }
  }
  return sum;
}

std::optional<Epochs::Times> Epochs::TimesBetween(Sequence from, Sequence end) const {
  const Sequence start = StartOf(from);
  std::optional<Times> times;
  for (const Epoch& epoch : epochs_) {
    if (epoch.start < start || epoch.start >= end || !epoch.totals.has_times()) continue;
    if (!times) times = Times{epoch.totals.first_ms, epoch.totals.last_ms};
    times->first_ms = std::min(times->first_ms, epoch.totals.first_ms);
    times->last_ms = std::max(times->last_ms, epoch.totals.last_ms);
  }
  return times;
}

uint64_t Epochs::BytesFrom(Sequence sequence) const {
  const Sequence start = StartOf(sequence);
  uint64_t sum = 0;
  for (auto epoch = epochs_.rbegin(); epoch != epochs_.rend() && epoch->start >= start; ++epoch) {
    sum += epoch->totals.bytes();
  }
  return sum;
}

uint64_t Epochs::BytesOf(const std::vector<Stretch>& stretches) const {
  std::vector<Stretch> whole = stretches;
  for (Stretch& stretch : whole) stretch.from = StartOf(stretch.from);
  uint64_t sum = 0;
  for (const Epoch& epoch : epochs_) {
    const bool needed = std::any_of(whole.begin(), whole.end(), [&epoch](const Stretch& stretch) {
      return stretch.from <= epoch.start && epoch.start < stretch.end;
    });
    if (needed) sum += epoch.totals.bytes();
  }
  return sum;
}

Sequence Epochs::StartAfter(Sequence sequence) const {
  const auto after =
      std::upper_bound(epochs_.begin(), epochs_.end(), sequence,
                       [](Sequence wanted, const Epoch& epoch) { return wanted < epoch.start; });
  return after == epochs_.end() ? 0 : after->start;
}

void EncodeEpochStartBody(std::string& out, Sequence sequence, const EpochStartBody& body) {
  PutVarint(out, body.previous_start == 0 ? 0 : sequence - body.previous_start);
  EncodeTotals(out, body.previous);
}

Result<EpochStartBody> DecodeEpochStartBody(Sequence sequence, std::string_view body) {
  ByteReader reader(body);
  EpochStartBody start;
  const uint64_t distance = reader.Varint();
  start.previous = DecodeTotals(reader);
  if (!reader.ok() || !reader.empty() || distance >= sequence) {
    return Corruption("epoch start record: malformed");
  }
  start.previous_start = distance == 0 ? 0 : sequence - distance;
  return start;
}

}  // namespace sluice::buffer
