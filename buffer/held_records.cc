#include "buffer/held_records.h"

namespace sluice::buffer {

std::optional<Sequence> HeldRecords::first() const {
  if (records_.empty()) return std::nullopt;
  return records_.begin()->first;
}

bool HeldRecords::Add(const StoreBatch& batch) {
  uint64_t wanted = 0;
  batch.ForEach([&wanted](Sequence /*sequence*/, std::string_view value) {
    wanted += kRecordBytes + value.size();
  });
  if (bytes_ + wanted > bytes_max_) return false;
  batch.ForEach([this](Sequence sequence, std::string_view value) { Put(sequence, value); });
  return true;
}

void HeldRecords::Put(Sequence sequence, std::string_view value) {
  if (!records_.try_emplace(sequence, value).second) return;
  bytes_ += kRecordBytes + value.size();
}

const std::string* HeldRecords::Find(Sequence sequence) const {
  const auto found = records_.find(sequence);
  return found == records_.end() ? nullptr : &found->second;
}

std::optional<HeldRecords::Found> HeldRecords::FindFrom(Sequence sequence) const {
  const auto found = records_.lower_bound(sequence);
  if (found == records_.end()) return std::nullopt;
  return Found{.sequence = found->first, .value = found->second};
}

Sequence HeldRecords::CopyOldest(StoreBatch& batch, uint64_t batch_bytes) const {
  Sequence last = 0;
  uint64_t bytes = 0;
  for (const auto& [sequence, value] : records_) {
    bytes += value.size();
    if (last != 0 && bytes > batch_bytes) break;
    batch.Put(sequence, value);
    last = sequence;
  }
  return last;
}

HeldRecords::Records::iterator HeldRecords::Remove(Records::iterator record) {
  bytes_ -= kRecordBytes + record->second.size();
  return records_.erase(record);
}

void HeldRecords::RemoveThrough(Sequence last) {
  for (auto record = records_.begin(); record != records_.end() && record->first <= last;) {
    record = Remove(record);
  }
}

void HeldRecords::RemoveBelow(const Floor& floor) {
  for (auto record = records_.begin(); record != records_.end();) {
    const bool below = IsBelow(floor, record->first, record->second);
    record = below ? Remove(record) : std::next(record);
  }
}

}  // namespace sluice::buffer
