#include "buffer/dictionary.h"

namespace sluice::buffer {

std::optional<Sequence> EpochDictionary::Find(RecordType type, const ContentId& id) const {
  const Key key{.type = type, .id = id};
  if (const auto found = staged_.find(key); found != staged_.end()) return found->second;
  if (new_epoch_) return std::nullopt;
  if (const auto found = known_.find(key); found != known_.end()) return found->second;
  return std::nullopt;
}

void EpochDictionary::Stage(RecordType type, const ContentId& id, Sequence at,
                            uint64_t record_bytes) {
  staged_[Key{.type = type, .id = id}] = at;
  staged_bytes_ += record_bytes;
}

void EpochDictionary::StageNewEpoch() { new_epoch_ = true; }

void EpochDictionary::Commit() {
  if (new_epoch_) {
    known_.clear();
    bytes_ = 0;
  }
  known_.insert(staged_.begin(), staged_.end());
  bytes_ += staged_bytes_;
  Rollback();
}

void EpochDictionary::Rollback() {
  // A fresh map: clear() of one that once was large walks all its buckets.
  if (!staged_.empty()) staged_ = Map();
  staged_bytes_ = 0;
  new_epoch_ = false;
}

}  // namespace sluice::buffer
