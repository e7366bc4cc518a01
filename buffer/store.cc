#include "buffer/store.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <system_error>
#include <utility>
#include <vector>

#include <rocksdb/convenience.h>
#include <rocksdb/db.h>
#include <rocksdb/iterator.h>
#include <rocksdb/listener.h>
#include <rocksdb/metadata.h>
#include <rocksdb/write_batch.h>

#include "base/mutex.h"
#include "buffer/record.h"
#include "buffer/store_options.h"

namespace sluice::buffer {
namespace {

// A batch that had more gives its memory back.
constexpr size_t kKeptBytesMax = 1U << 20;

rocksdb::Slice ToSlice(std::string_view bytes) { return {bytes.data(), bytes.size()}; }

template <size_t N>
rocksdb::Slice ToSlice(const std::array<char, N>& bytes) {
  return {bytes.data(), bytes.size()};
}

Error ToError(const rocksdb::Status& status) {
  ErrorCode code = ErrorCode::kInternal;
  if (status.IsNoSpace()) {
    code = ErrorCode::kResourceExhausted;
  } else if (status.IsCorruption() || status.IsPathNotFound()) {
    code = ErrorCode::kCorruption;  // a file that is gone does not come back
  } else if (status.IsNotFound()) {
    code = ErrorCode::kNotFound;
  } else if (status.IsIOError() || status.IsBusy() || status.IsTryAgain()) {
    code = ErrorCode::kRetryable;
  }
  return Error{code, status.ToString()};
}

// Opening looks at the ends of some files. RocksDB can do without, but then takes errors of the
// disk less seriously: only where it is needed.
bool IsFileDamaged(const rocksdb::Status& status) {
  return status.IsCorruption() || status.IsPathNotFound();
}

// A damaged file in level 0 makes all files unreadable, one in level 1 only itself. Files move down
// unread, at once, in a thread of RocksDB's.
class Level0Watch final : public rocksdb::EventListener {
 public:
  void OnCompactionCompleted(rocksdb::DB* /*db*/,
                             const rocksdb::CompactionJobInfo& /*info*/) override {
    MutexLock lock(mu_);
    moved_.NotifyAll();
  }

  void AwaitEmpty(rocksdb::DB& db) {
    constexpr int kWaitsMax = 50;
    constexpr std::chrono::milliseconds kWait{100};
    for (int i = 0; i < kWaitsMax; ++i) {
      MutexLock lock(mu_);
      std::string files;
      if (!db.GetProperty("rocksdb.num-files-at-level0", &files) || files == "0") return;
      moved_.WaitFor(mu_, kWait);
    }
  }

 private:
  Mutex mu_;
  CondVar moved_;
};

Error OpenError(const std::string& directory, const rocksdb::Status& status) {
  const std::string text = status.ToString();
  if (status.IsIOError() && text.find("lock") != std::string::npos) {
    return Error{ErrorCode::kRetryable,
                 "buffer directory " + directory +
                     ": in use by another process; stop it, or give each its own directory"};
  }
  if (status.IsCorruption()) {
    return Error{ErrorCode::kCorruption, "buffer directory " + directory +
                                             ": damaged beyond recovery (" + text +
                                             "); move it away to start with an empty one"};
  }
  Error error = ToError(status).WithContext("buffer directory " + directory);
  if (text.find(std::generic_category().message(EIO)) != std::string::npos) {
    error.message += "; see to the disk; nothing of what is stored was given up";
  }
  return error;
}

}  // namespace

StoreBatch::StoreBatch() : writes_(std::make_unique<rocksdb::WriteBatch>()) {}

StoreBatch::~StoreBatch() = default;

void StoreBatch::Put(Sequence sequence, std::string_view value) {
  const auto key = EncodeKey(sequence);
  // Into memory only: this cannot fail below 4 GiB.
  const rocksdb::Status status = writes_->Put(ToSlice(key), ToSlice(value));
  SLUICE_CHECK(status.ok());
  last_ = std::max(last_, sequence);
}

void StoreBatch::ForEach(const std::function<void(Sequence, std::string_view)>& visit) const {
  struct Handler final : rocksdb::WriteBatch::Handler {
    explicit Handler(const std::function<void(Sequence, std::string_view)>& f) : visit(f) {}

    void Put(const rocksdb::Slice& key, const rocksdb::Slice& value) override {
      visit(*DecodeKey(key.ToStringView()), value.ToStringView());
    }

    const std::function<void(Sequence, std::string_view)>& visit;
  };

  Handler handler(visit);
  // Of a batch that Put() made: there is nothing in it to fail at.
  SLUICE_CHECK(writes_->Iterate(&handler).ok());
}

void StoreBatch::Clear() {
  // Clearing keeps the memory, which after a large dictionary would be a lot.
  if (writes_->GetDataSize() > kKeptBytesMax) writes_ = std::make_unique<rocksdb::WriteBatch>();
  writes_->Clear();
  last_ = 0;
}

StoreCursor::StoreCursor(std::unique_ptr<rocksdb::Iterator> iterator)
    : iterator_(std::move(iterator)) {}

StoreCursor::~StoreCursor() = default;
StoreCursor::StoreCursor(StoreCursor&&) noexcept = default;
StoreCursor& StoreCursor::operator=(StoreCursor&&) noexcept = default;

bool StoreCursor::Settle() {
  if (!iterator_->Valid()) return false;
  // A key that is none of ours can only come from damage; it counts as sequence 0.
  sequence_ = DecodeKey(iterator_->key().ToStringView()).value_or(0);
  return true;
}

bool StoreCursor::Seek(Sequence sequence) {
  const auto key = EncodeKey(sequence);
  iterator_->Seek(ToSlice(key));
  return Settle();
}

bool StoreCursor::SeekToLast() {
  iterator_->SeekToLast();
  return Settle();
}

bool StoreCursor::SeekBack(Sequence sequence) {
  const auto key = EncodeKey(sequence);
  iterator_->SeekForPrev(ToSlice(key));
  return Settle();
}

bool StoreCursor::Next() {
  iterator_->Next();
  return Settle();
}

bool StoreCursor::Previous() {
  iterator_->Prev();
  return Settle();
}

bool StoreCursor::broken() const { return !iterator_->status().ok(); }

Error StoreCursor::error() const { return ToError(iterator_->status()); }

bool StoreCursor::valid() const { return iterator_->Valid(); }

std::string_view StoreCursor::value() const { return iterator_->value().ToStringView(); }

Store::Store(std::unique_ptr<rocksdb::DB> db, uint64_t damage_met)
    : db_(std::move(db)), damage_met_(damage_met) {}

Store::~Store() = default;

Result<std::unique_ptr<Store>> Store::Open(const StoreOptions& options,
                                           std::shared_ptr<const FloorHolder> floor,
                                           Logger logger) {
  const auto damage = std::make_shared<std::atomic<uint64_t>>(0);
  rocksdb::Options rocks = MakeRocksOptions(options, std::move(floor), logger, damage);
  rocksdb::DB* db = nullptr;
  rocksdb::Status status = rocksdb::DB::Open(rocks, options.directory, &db);
  if (IsFileDamaged(status)) {
    logger.Error("buffer: a file of records is damaged; what can be read of the others is used",
                 {{"directory", options.directory}, {"error", status.ToString()}});
    *damage = 0;
    rocks.paranoid_checks = false;
    const auto watch = std::make_shared<Level0Watch>();
    rocks.listeners.push_back(watch);
    status = rocksdb::DB::Open(rocks, options.directory, &db);
    if (status.ok()) watch->AwaitEmpty(*db);
  }
  if (!status.ok()) return OpenError(options.directory, status);
  return std::unique_ptr<Store>(new Store(std::unique_ptr<rocksdb::DB>(db), *damage));
}

Result<std::unique_ptr<Store>> Store::OpenReadOnly(const std::string& directory) {
  const auto damage = std::make_shared<std::atomic<uint64_t>>(0);
  rocksdb::Options options = MakeRocksOptions({.directory = directory}, nullptr, Logger(), damage);
  options.create_if_missing = false;
  options.paranoid_checks = false;
  rocksdb::DB* db = nullptr;
  const rocksdb::Status status = rocksdb::DB::OpenForReadOnly(options, directory, &db);
  if (!status.ok()) return OpenError(directory, status);
  return std::unique_ptr<Store>(new Store(std::unique_ptr<rocksdb::DB>(db), *damage));
}

Status Store::Write(StoreBatch& batch, Durability durability) {
  rocksdb::WriteOptions options;
  options.sync = durability == Durability::kPowerCut;
  const rocksdb::Status status = db_->Write(options, batch.writes_.get());
  if (!status.ok()) return ToError(status);
  return {};
}

Status Store::Sync() {
  const rocksdb::Status status = db_->SyncWAL();
  if (!status.ok()) return ToError(status);
  return {};
}

Result<std::string> Store::Get(Sequence sequence) const {
  const auto key = EncodeKey(sequence);
  std::string value;
  const rocksdb::Status status = db_->Get(rocksdb::ReadOptions(), ToSlice(key), &value);
  if (!status.ok()) return ToError(status);
  return value;
}

StoreCursor Store::NewCursor() const {
  return StoreCursor(std::unique_ptr<rocksdb::Iterator>(db_->NewIterator(rocksdb::ReadOptions())));
}

void Store::StartFlush() {
  rocksdb::FlushOptions options;
  options.wait = false;
  options.allow_write_stall = true;
  // A failure shows in the next write.
  db_->Flush(options).PermitUncheckedError();
}

Status Store::DeleteFilesBetween(Sequence from, Sequence end) {
  const auto from_key = EncodeKey(from);
  const auto end_key = EncodeKey(end);
  const rocksdb::Slice first = ToSlice(from_key);
  const rocksdb::Slice past = ToSlice(end_key);
  const rocksdb::Status status = rocksdb::DeleteFilesInRange(db_.get(), db_->DefaultColumnFamily(),
                                                             &first, &past, /*include_end=*/false);
  if (!status.ok()) return ToError(status);
  return {};
}

Result<Sequence> Store::RewriteFile(Sequence from, Sequence end) {
  std::vector<rocksdb::LiveFileMetaData> files;
  db_->GetLiveFilesMetaData(&files);
  const rocksdb::LiveFileMetaData* first = nullptr;
  for (const rocksdb::LiveFileMetaData& file : files) {
    const Sequence least = DecodeKey(file.smallestkey).value_or(0);
    // Those of level 0 are about to move down.
    if (file.level == 0 || least >= end || DecodeKey(file.largestkey).value_or(0) < from) continue;
    if (first == nullptr || file.smallestkey < first->smallestkey) first = &file;
  }
  if (first == nullptr) return end;
  const rocksdb::Status status =
      db_->CompactFiles(rocksdb::CompactionOptions(), {first->name}, first->level);
  if (!status.ok()) return ToError(status);
  return DecodeKey(first->largestkey).value_or(end) + 1;
}

uint64_t Store::memtable_bytes() const {
  uint64_t bytes = 0;
  db_->GetIntProperty(rocksdb::DB::Properties::kCurSizeActiveMemTable, &bytes);
  return bytes;
}

uint64_t Store::table_bytes() const {
  uint64_t bytes = 0;
  db_->GetIntProperty(rocksdb::DB::Properties::kLiveSstFilesSize, &bytes);
  return bytes;
}

Sequence Store::newest_in_tables() const {
  std::vector<rocksdb::LiveFileMetaData> files;
  db_->GetLiveFilesMetaData(&files);
  Sequence newest = 0;
  for (const rocksdb::LiveFileMetaData& file : files) {
    newest = std::max(newest, DecodeKey(file.largestkey).value_or(0));
  }
  return newest;
}

}  // namespace sluice::buffer
