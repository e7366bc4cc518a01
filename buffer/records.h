// The records of the log, wherever they are: in the store, or held in memory while the disk takes
// none.
//
// A disk that failed leaves RocksDB in an error from which only opening it anew leads out, while
// destinations read. So the store is behind a lock here, and may be missing for a while.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <shared_mutex>
#include <string>
#include <string_view>

#include "base/mutex.h"
#include "base/result.h"
#include "buffer/floor.h"
#include "buffer/held_records.h"
#include "buffer/progress.h"
#include "buffer/store.h"

namespace sluice::buffer {

// Thread-safe; one writer. Every call may block on the disk but where it says otherwise.
class Records {
 public:
  using OpenStore = std::function<Result<std::unique_ptr<Store>>()>;

  struct Options {
    // Opens the store again after it failed; empty when nothing is written.
    OpenStore open;
    uint64_t held_bytes_max = 0;
    // The store has no record at or after it.
    Sequence head = 1;
    // An error of the disk (kRetryable) at this sequence: whether what is there counts as damaged.
    // Called from any thread. Empty: always.
    std::function<bool(Sequence)> is_lost = nullptr;
  };

  Records(std::unique_ptr<Store> store, const Options& options)
      : open_(options.open),
        is_lost_(options.is_lost),
        store_(std::move(store)),
        stored_end_(options.head),
        held_(options.held_bytes_max) {}

  // kNotFound when there is none, kRetryable when the disk does not let us look, kCorruption when
  // it is damaged.
  Result<std::string> Get(Sequence at) const;

  struct Visitor {
    // Whether to go on; the value is valid during the call only.
    std::function<bool(Sequence, std::string_view)> record;
    // A stretch that cannot be read, from its first sequence on.
    std::function<void(Sequence, uint64_t)> unreadable;
  };

  // Visits at most `records_max` records of [from, end) in order; where to go on, `end` when there
  // was nothing more. kRetryable when the store is needed and missing, or the disk fails, before
  // anything was visited.
  Result<Sequence> Read(Sequence from, Sequence end, uint32_t records_max,
                        const Visitor& visitor) const;

  // To the store, past what is held.
  Status Write(StoreBatch& batch, Store::Durability durability);
  Status Sync();

  // In memory only; never blocks. kResourceExhausted when there is no room for it. Sequences must
  // lie behind all that were written.
  Status Hold(const StoreBatch& batch);
  // Lets go of what is held and below the floor; never blocks.
  void DropHeld(const Floor& floor);
  // Moves what is held to the store, at most about `bytes` of it.
  Status StoreHeld(uint64_t bytes);

  bool holding() const;
  uint64_t held_bytes() const;

  // Closes the store and opens it anew. What it has in memory from `unsynced_from` on, and is not
  // below the floor, is held from then on: it may never have reached the disk. Nobody reads
  // meanwhile. On failure the store is missing until the next call.
  Status Reopen(Sequence unsynced_from, const Floor& floor);

  // As the store's; nothing and 0 while it is missing.
  void StartFlush();
  Status DeleteFilesBetween(Sequence from, Sequence end);
  Result<Sequence> RewriteFile(Sequence from, Sequence end);
  uint64_t memtable_bytes() const;
  uint64_t table_bytes() const;

 private:
  Result<Sequence> ReadStored(Sequence from, Sequence end, uint32_t& records_left,
                              const Visitor& visitor, bool& stopped) const;
  void Rescue(Sequence unsynced_from, const Floor& floor);
  bool IsLost(Sequence sequence, const Error& error) const;

  const OpenStore open_;
  const std::function<bool(Sequence)> is_lost_;

  // Held exclusively only to open the store anew. Lock order: store_mu_, then held_mu_.
  mutable std::shared_mutex store_mu_;
  std::unique_ptr<Store> store_;  // guarded by store_mu_
  std::atomic<Sequence> stored_end_;

  mutable Mutex held_mu_;
  HeldRecords held_ SLUICE_GUARDED_BY(held_mu_);
};

}  // namespace sluice::buffer
