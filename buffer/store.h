// The RocksDB database below the log: keys are sequences, records are opaque here.
//
// It is used as a log: one column family, keys only ever grow, nothing is deleted by key. What lies
// below the floor is left out when a memtable is written to a file, and whole files go by range.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/logger.h"
#include "base/result.h"
#include "buffer/floor.h"
#include "buffer/progress.h"

namespace rocksdb {
class DB;
class Env;
class Iterator;
class WriteBatch;
}  // namespace rocksdb

namespace sluice::buffer {

// Records to be written at once. Thread-compatible; reusable after Clear().
class StoreBatch {
 public:
  StoreBatch();
  ~StoreBatch();
  StoreBatch(const StoreBatch&) = delete;
  StoreBatch& operator=(const StoreBatch&) = delete;

  void Put(Sequence sequence, std::string_view value);
  void ForEach(const std::function<void(Sequence, std::string_view)>& visit) const;
  void Clear();

  // The largest sequence put; 0 for none.
  Sequence last() const { return last_; }

 private:
  friend class Store;
  std::unique_ptr<rocksdb::WriteBatch> writes_;
  Sequence last_ = 0;
};

// A look at the records as they were when it was made. Short-lived: it pins memory and files.
// Thread-compatible.
class StoreCursor {
 public:
  explicit StoreCursor(std::unique_ptr<rocksdb::Iterator> iterator);
  ~StoreCursor();
  StoreCursor(StoreCursor&&) noexcept;
  StoreCursor& operator=(StoreCursor&&) noexcept;

  // Each of them moves and says whether there is a record. A false with broken() means that the
  // records there cannot be read, not that there are none.
  bool Seek(Sequence sequence);
  bool SeekToLast();
  // The last one at or before `sequence`.
  bool SeekBack(Sequence sequence);
  bool Next();
  bool Previous();

  bool broken() const;
  // Why; only when broken. kRetryable when it is the disk that fails, which may pass.
  Error error() const;

  bool valid() const;

  // Of the record stood on; the view is valid until the next move.
  Sequence sequence() const { return sequence_; }

  std::string_view value() const;

 private:
  bool Settle();

  std::unique_ptr<rocksdb::Iterator> iterator_;
  Sequence sequence_ = 0;
};

struct StoreOptions {
  std::string directory;
  uint64_t write_buffer_bytes = 8 << 20;
  // The file system, for tests; null is the real one. Must outlive the store.
  rocksdb::Env* env = nullptr;
};

// Thread-safe. Every call may block on the disk.
class Store {
 public:
  // A file of records that is damaged or gone costs what is in it.
  static Result<std::unique_ptr<Store>> Open(const StoreOptions& options,
                                             std::shared_ptr<const FloorHolder> floor,
                                             Logger logger);
  static Result<std::unique_ptr<Store>> OpenReadOnly(const std::string& directory);
  ~Store();
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  enum class Durability { kProcessCrash, kPowerCut };
  // kResourceExhausted when the disk is full.
  Status Write(StoreBatch& batch, Durability durability);
  Status Sync();

  // kNotFound when there is none.
  Result<std::string> Get(Sequence sequence) const;
  StoreCursor NewCursor() const;

  // Starts to write the memtable out; does not wait for it.
  void StartFlush();
  // Deletes the files that lie wholly in [from, end).
  Status DeleteFilesBetween(Sequence from, Sequence end);
  // Writes the first file that reaches into [from, end) anew, without what is below the floor.
  // Where to go on; `end` when there is none. Takes a moment.
  Result<Sequence> RewriteFile(Sequence from, Sequence end);

  uint64_t memtable_bytes() const;
  uint64_t table_bytes() const;
  // The newest sequence in any table file, read from the list of files; 0 without any.
  Sequence newest_in_tables() const;

  // Damaged places of the write-ahead log, behind which it was not read when it was opened.
  uint64_t damage_met() const { return damage_met_; }

 private:
  Store(std::unique_ptr<rocksdb::DB> db, uint64_t damage_met);

  std::unique_ptr<rocksdb::DB> db_;
  const uint64_t damage_met_;
};

}  // namespace sluice::buffer
