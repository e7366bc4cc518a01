// Errors of the disk while reading: waited for, and damage only when they last.
#include "buffer/read_trouble.h"

#include <atomic>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>
#include <rocksdb/env.h>

#include "buffer/log_recovery.h"
#include "buffer/records.h"
#include "tests/buffer/log_support.h"
#include "tests/support/temp_dir.h"

using namespace sluice;
using namespace sluice::buffer;

namespace {

using std::chrono::seconds;

// A file system that answers reads with EIO while it is told to.
class FailingReads final : public rocksdb::EnvWrapper {
 public:
  FailingReads() : EnvWrapper(rocksdb::Env::Default()) {}

  std::atomic<bool> fail = false;

  rocksdb::Status NewRandomAccessFile(const std::string& name,
                                      std::unique_ptr<rocksdb::RandomAccessFile>* result,
                                      const rocksdb::EnvOptions& options) override {
    std::unique_ptr<rocksdb::RandomAccessFile> file;
    const rocksdb::Status status = target()->NewRandomAccessFile(name, &file, options);
    if (status.ok()) *result = std::make_unique<File>(std::move(file), fail);
    return status;
  }

 private:
  class File final : public rocksdb::RandomAccessFile {
   public:
    File(std::unique_ptr<rocksdb::RandomAccessFile> file, const std::atomic<bool>& fail)
        : file_(std::move(file)), fail_(fail) {}

    rocksdb::Status Read(uint64_t offset, size_t size, rocksdb::Slice* result,
                         char* scratch) const override {
      if (fail_) return rocksdb::Status::IOError("Input/output error");
      return file_->Read(offset, size, result, scratch);
    }

   private:
    std::unique_ptr<rocksdb::RandomAccessFile> file_;
    const std::atomic<bool>& fail_;
  };
};

constexpr Sequence kFirst = 1;
constexpr Sequence kEnd = 2'000;

// In a file, not in memory.
void FillFile(const std::string& directory) {
  auto store = Store::Open({.directory = directory, .write_buffer_bytes = 1 << 20},
                           std::make_shared<FloorHolder>(), Logger());
  REQUIRE(store.ok());
  StoreBatch batch;
  for (Sequence at = kFirst; at < kEnd; ++at) batch.Put(at, std::string(1000, 'x'));
  REQUIRE((*store)->Write(batch, Store::Durability::kPowerCut).ok());
  // A full memtable is written out when something follows it.
  batch.Clear();
  batch.Put(kEnd, "last");
  REQUIRE((*store)->Write(batch, Store::Durability::kPowerCut).ok());
}

struct Reading {
  uint64_t records = 0;
  uint64_t unreadable = 0;
  Result<Sequence> next;
};

Reading ReadAll(const Records& records) {
  Reading reading{.next = Sequence{0}};
  reading.next =
      records.Read(kFirst, kEnd, UINT32_MAX,
                   {.record =
                        [&](Sequence, std::string_view) {
                          ++reading.records;
                          return true;
                        },
                    .unreadable = [&](Sequence, uint64_t count) { reading.unreadable += count; }});
  return reading;
}

std::unique_ptr<Store> OpenStore(const std::string& directory, FailingReads& files,
                                 size_t write_buffer_bytes = 1 << 20) {
  auto store =
      Store::Open({.directory = directory, .write_buffer_bytes = write_buffer_bytes, .env = &files},
                  std::make_shared<FloorHolder>(), Logger());
  REQUIRE(store.ok());
  return std::move(*store);
}

// A backlog of many epochs, most of it in files.
void FillLog(buffer::test::LogFixture& fixture) {
  fixture.options.epoch_bytes = 100'000;
  fixture.options.write_buffer_bytes = 1 << 20;
  Log& log = fixture.Open();
  REQUIRE(log.Attach("a").ok());
  for (int i = 0; i < 3'000; ++i) {
    const buffer::test::TestFrame frame =
        buffer::test::MakeFrame("host", static_cast<uint64_t>(i), i, 1'000);
    REQUIRE(log.Append(std::vector<FrameAppend>{frame.Append()}).ok());
  }
  fixture.Close();
}

}  // namespace

TEST_CASE(
    "a disk that fails while a log is opened is asked again, and costs nothing when it passes",
    "[records]") {
  buffer::test::LogFixture fixture;
  FillLog(fixture);
  FailingReads files;
  const auto intact = RecoverLog(*OpenStore(fixture.options.directory, files), Logger(), nullptr);
  REQUIRE(intact.ok());
  REQUIRE(intact->damaged_records == 0);

  const auto store = OpenStore(fixture.options.directory, files);
  files.fail = true;
  int asked = 0;
  const auto again = RecoverLog(*store, Logger(), [&](const Error& error) {
    CHECK(error.code == ErrorCode::kRetryable);
    files.fail = ++asked < 3;
    return true;
  });
  CHECK(asked == 3);
  REQUIRE(again.ok());
  CHECK(again->damaged_records == 0);
  CHECK(again->state.head == intact->state.head);
  CHECK(again->state.epochs.bytes() == intact->state.epochs.bytes());
  CHECK(again->state.epochs.oldest().start == intact->state.epochs.oldest().start);
}

TEST_CASE("a disk that goes on failing while a log is opened costs what it does not give",
          "[records]") {
  buffer::test::LogFixture fixture;
  FillLog(fixture);
  FailingReads files;
  // What is only in the write-ahead log stays in memory, however far the last flush came: among it
  // is what tells of progress.
  const auto store = OpenStore(fixture.options.directory, files, 64 << 20);
  files.fail = true;
  int asked = 0;
  const auto recovered = RecoverLog(*store, Logger(), [&](const Error&) { return ++asked < 3; });
  CHECK(asked == 3);
  REQUIRE(recovered.ok());
  CHECK(recovered->damaged_records > 0);
  CHECK(recovered->state.book.AllProgress(recovered->state.head).size() == 1);
}

TEST_CASE("a log is not opened when the disk gives nothing that tells of progress", "[records]") {
  sluice::test::TempDir dir;
  FillFile(dir.File("a"));
  FailingReads files;
  // Where none was ever written, one begins anew.
  CHECK(RecoverLog(*OpenStore(dir.File("a"), files), Logger(), nullptr).ok());

  const auto store = OpenStore(dir.File("a"), files);
  files.fail = true;
  const auto refused = RecoverLog(*store, Logger(), [](const Error&) { return false; });
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().code == ErrorCode::kRetryable);
  CHECK_THAT(refused.error().message, Catch::Contains("start again"));
  CHECK_THAT(refused.error().message, Catch::Contains("Input/output error"));
}

TEST_CASE("an error of the disk that passes is no damage, one that lasts is", "[records]") {
  sluice::test::TempDir dir;
  FillFile(dir.File("a"));
  FailingReads files;
  bool lasts = false;
  auto store =
      Store::Open({.directory = dir.File("a"), .write_buffer_bytes = 1 << 20, .env = &files},
                  std::make_shared<FloorHolder>(), Logger());
  REQUIRE(store.ok());
  REQUIRE((*store)->newest_in_tables() > kEnd / 2);
  const Records records(std::move(*store), {.open = nullptr,
                                            .held_bytes_max = 0,
                                            .head = kEnd + 1,
                                            .is_lost = [&lasts](Sequence) { return lasts; }});
  CHECK(ReadAll(records).records == kEnd - kFirst);

  files.fail = true;
  const Reading failed = ReadAll(records);
  REQUIRE_FALSE(failed.next.ok());
  CHECK(failed.next.error().code == ErrorCode::kRetryable);
  CHECK(failed.records == 0);
  CHECK(failed.unreadable == 0);
  CHECK(records.Get(kFirst).error().code == ErrorCode::kRetryable);

  files.fail = false;
  CHECK(ReadAll(records).records == kEnd - kFirst);

  files.fail = true;
  lasts = true;
  const Reading lost = ReadAll(records);
  REQUIRE(lost.next.ok());
  CHECK(lost.unreadable > 0);
  CHECK(lost.records + lost.unreadable == kEnd - kFirst);
  CHECK(records.Get(kFirst).error().code == ErrorCode::kCorruption);
}

TEST_CASE("a place is lost when it could not be read for half a minute", "[records]") {
  ReadTrouble trouble;
  MonotonicTime now{seconds(1'000)};
  CHECK_FALSE(trouble.IsLost(7, now));
  CHECK_FALSE(trouble.IsLost(7, now + seconds(29)));
  CHECK_FALSE(trouble.IsLost(8, now + seconds(30)));
  CHECK(trouble.IsLost(7, now + seconds(30)));
  // What was read meanwhile, and fails much later, starts anew.
  CHECK_FALSE(trouble.IsLost(7, now + seconds(200)));
  CHECK(trouble.IsLost(7, now + seconds(230)));
}

TEST_CASE("no more places are remembered than a bound, the latest", "[records]") {
  ReadTrouble trouble;
  const MonotonicTime now{seconds(1'000)};
  CHECK_FALSE(trouble.IsLost(1, now));
  for (size_t i = 0; i < ReadTrouble::kPlacesMax; ++i) {
    CHECK_FALSE(trouble.IsLost(100 + i, now + seconds(1)));
  }
  CHECK_FALSE(trouble.IsLost(1, now + seconds(31)));
  CHECK(trouble.IsLost(100 + ReadTrouble::kPlacesMax - 1, now + seconds(31)));
}
