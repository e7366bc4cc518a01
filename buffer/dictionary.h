// Where the current epoch holds which target labels, layouts and chunks.
#pragma once

#include <cstdint>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/hash.h"
#include "buffer/progress.h"
#include "buffer/record.h"

namespace sluice::buffer {

// Additions are staged, so that a write that fails leaves no trace. Its size is bounded by what one
// epoch holds. Thread-compatible.
class EpochDictionary {
 public:
  std::optional<Sequence> Find(RecordType type, const ContentId& id) const;

  void Stage(RecordType type, const ContentId& id, Sequence at, uint64_t record_bytes);
  // The staged additions will belong to a new epoch: nothing known so far can be found from here
  // on, unless Rollback() brings it back.
  void StageNewEpoch();

  void Commit();
  void Rollback();

  // Of the records that are committed.
  uint64_t bytes() const { return bytes_; }

 private:
  struct Key {
    RecordType type;
    ContentId id;

    friend bool operator==(const Key&, const Key&) = default;
  };

  struct KeyHash {
    size_t operator()(const Key& key) const noexcept {
      return std::hash<ContentId>{}(key.id) + static_cast<size_t>(key.type);
    }
  };

  using Map = std::unordered_map<Key, Sequence, KeyHash>;

  Map known_;
  Map staged_;
  uint64_t bytes_ = 0;
  uint64_t staged_bytes_ = 0;
  bool new_epoch_ = false;
};

}  // namespace sluice::buffer
