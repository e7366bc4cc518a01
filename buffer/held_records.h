// Records that the disk would not take, in memory until it does. Pure bookkeeping.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "buffer/floor.h"
#include "buffer/progress.h"
#include "buffer/store.h"

namespace sluice::buffer {

// Thread-compatible.
class HeldRecords {
 public:
  // What a record costs beside its value, about.
  static constexpr uint64_t kRecordBytes = 96;

  explicit HeldRecords(uint64_t bytes_max) : bytes_max_(bytes_max) {}

  bool empty() const { return records_.empty(); }

  uint64_t bytes() const { return bytes_; }

  // Of the oldest one, while there is one.
  std::optional<Sequence> first() const;

  // All records of the batch, or none and false when they would exceed the bound.
  bool Add(const StoreBatch& batch);
  // One, bound or not.
  void Put(Sequence sequence, std::string_view value);

  // Null when it is not held.
  const std::string* Find(Sequence sequence) const;

  struct Found {
    Sequence sequence = 0;
    std::string value;
  };

  // The oldest one at or after `sequence`.
  std::optional<Found> FindFrom(Sequence sequence) const;

  // Puts the oldest ones into `batch`, one at least and `batch_bytes` at most; the last of them.
  // To be called while there are any.
  Sequence CopyOldest(StoreBatch& batch, uint64_t batch_bytes) const;
  // Lets go of everything up to `last`, which is included.
  void RemoveThrough(Sequence last);
  void RemoveBelow(const Floor& floor);

 private:
  using Records = std::map<Sequence, std::string>;

  Records::iterator Remove(Records::iterator record);

  uint64_t bytes_max_;
  uint64_t bytes_ = 0;
  Records records_;
};

}  // namespace sluice::buffer
