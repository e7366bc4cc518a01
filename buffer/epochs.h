// The epochs of the log: stretches that stand for themselves, each with its own dictionary, so that
// a whole one can be dropped without looking at the others. Pure bookkeeping.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/varint.h"
#include "buffer/progress.h"

namespace sluice::buffer {

// From `from` on, before `end`.
struct Stretch {
  Sequence from = 0;
  Sequence end = 0;
};

struct LaneTotals {
  uint64_t samples = 0;
  uint64_t bytes = 0;
  uint64_t frames = 0;
};

// What an epoch holds.
struct EpochTotals {
  std::array<LaneTotals, kLaneCount> lanes{};
  uint64_t frame_bytes = 0;
  uint64_t other_bytes = 0;  // dictionary, progress
  // Of its frames; the first is after the last when that is not known.
  TimestampMs first_ms = std::numeric_limits<TimestampMs>::max();
  TimestampMs last_ms = std::numeric_limits<TimestampMs>::min();

  bool has_times() const { return first_ms <= last_ms; }

  uint64_t bytes() const { return frame_bytes + other_bytes; }

  void AddFrame(uint32_t lane, uint64_t samples, uint64_t bytes, TimestampMs timestamp_ms);
  void RemoveFrame(uint32_t lane, uint64_t samples, uint64_t bytes);
};

void EncodeTotals(std::string& out, const EpochTotals& totals);
// Malformed input shows in reader.ok().
EpochTotals DecodeTotals(ByteReader& reader);

struct Epoch {
  Sequence start = 0;
  EpochTotals totals;
};

// The epochs that are still needed, oldest first; the last one is being written. Never empty but
// before the first one. Thread-compatible.
class Epochs {
 public:
  bool empty() const { return epochs_.empty(); }

  size_t size() const { return epochs_.size(); }

  const Epoch& oldest() const { return epochs_.front(); }

  const Epoch& current() const { return epochs_.back(); }

  Epoch& current() { return epochs_.back(); }

  const Epoch& at(size_t index) const { return epochs_[index]; }

  // The one that starts there; null when there is none.
  const Epoch* Find(Sequence start) const;
  void SetTotals(Sequence start, const EpochTotals& totals);

  void Push(Epoch epoch);       // a new current one
  void PushOlder(Epoch epoch);  // found while walking back
  // Takes out all that `is_done` says so of, but not the current one; gives their bytes.
  uint64_t Remove(const std::function<bool(const Epoch&)>& is_done);

  // Start of the epoch that holds `sequence`; the oldest one's when it lies before all of them.
  Sequence StartOf(Sequence sequence) const;
  // What the epochs that start in [from, end) hold; the lanes only.
  EpochTotals TotalsBetween(Sequence from, Sequence end) const;

  struct Times {
    TimestampMs first_ms;
    TimestampMs last_ms;
  };

  // Timestamps of the frames in the epochs that hold [from, end); nothing when none are known.
  std::optional<Times> TimesBetween(Sequence from, Sequence end) const;

  // Bytes of all epochs; asked with each append.
  uint64_t bytes() const {
    return epochs_.empty() ? 0 : finished_bytes_ + epochs_.back().totals.bytes();
  }

  // Of those from the one that holds `sequence` on.
  uint64_t BytesFrom(Sequence sequence) const;
  // Of those that one of the stretches reaches into; stretches end where epochs start, or at the
  // head.
  uint64_t BytesOf(const std::vector<Stretch>& stretches) const;

  // Start of the epoch after the one that holds `sequence`; 0 when that is the current one.
  Sequence StartAfter(Sequence sequence) const;

 private:
  std::deque<Epoch> epochs_;
  uint64_t finished_bytes_ = 0;  // of all but the current one
};

// Body of an epoch start record: where the epoch before it starts and what it holds; 0 = none.
struct EpochStartBody {
  Sequence previous_start = 0;
  EpochTotals previous;
};

void EncodeEpochStartBody(std::string& out, Sequence sequence, const EpochStartBody& body);
Result<EpochStartBody> DecodeEpochStartBody(Sequence sequence, std::string_view body);

}  // namespace sluice::buffer
