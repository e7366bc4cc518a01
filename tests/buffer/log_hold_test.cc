// A disk that is full or fails: frames are held in memory, read from there, and stored in the end.
#include <chrono>
#include <csignal>
#include <cstdint>
#include <functional>
#include <string>
#include <sys/resource.h>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/buffer/log_support.h"

using namespace sluice;
using namespace sluice::buffer;
using namespace sluice::buffer::test;

namespace {

// More than any disk has, so that every disk is full.
constexpr uint64_t kNoDiskHasThis = uint64_t{1} << 62;

// While it lives no file can grow: writing fails, and not for lack of room.
class FailingFiles {
 public:
  FailingFiles() {
    std::signal(SIGXFSZ, SIG_IGN);
    ::getrlimit(RLIMIT_FSIZE, &before_);
    rlimit none = before_;
    none.rlim_cur = 0;
    ::setrlimit(RLIMIT_FSIZE, &none);
  }

  ~FailingFiles() { ::setrlimit(RLIMIT_FSIZE, &before_); }

  FailingFiles(const FailingFiles&) = delete;
  FailingFiles& operator=(const FailingFiles&) = delete;

 private:
  rlimit before_{};
};

Status AppendOne(Log& log, TimestampMs timestamp_ms, size_t payload_bytes = 100) {
  const TestFrame frame = MakeFrame("host", 1, timestamp_ms, payload_bytes);
  return log.Append(std::vector<FrameAppend>{frame.Append()});
}

std::vector<TimestampMs> TimesOf(const Log& log, Sequence from = 1) {
  std::vector<TimestampMs> times;
  for (const ReadFrame& frame : ReadAll(log, from)) times.push_back(frame.timestamp_ms);
  return times;
}

bool DictionaryLoads(const Log& log, Sequence from = 1) {
  for (const ReadFrame& frame : ReadAll(log, from)) {
    const Result<StoredLayout> layout = log.LoadLayout(frame.layout_at);
    if (!layout.ok() || !log.LoadTarget(frame.target_at).ok()) return false;
    for (const StoredLayout::ChunkRef& chunk : layout->chunks) {
      if (!log.LoadChunk(chunk.at).ok()) return false;
    }
  }
  return true;
}

}  // namespace

TEST_CASE("frames that a full disk does not take are read and acknowledged from memory", "[hold]") {
  LogFixture fixture;
  REQUIRE(fixture.Open().Attach("a").ok());
  REQUIRE(AppendOne(fixture.log(), 1).ok());

  fixture.options.write_buffer_bytes = kNoDiskHasThis / 4;
  Log& log = fixture.Open();
  REQUIRE(AppendOne(log, 2).ok());
  REQUIRE(AppendOne(log, 3).ok());
  CHECK(TimesOf(log) == std::vector<TimestampMs>{1, 2, 3});
  CHECK(DictionaryLoads(log));
  for (const ReadFrame& frame : ReadAll(log)) {
    REQUIRE(log.Acknowledge("a", std::vector{Acknowledged(frame)}, {}).ok());
  }
  const DestinationProgress progress = *log.Progress("a");
  CHECK(LedgerHolds(progress));
  CHECK(progress.ledger.acknowledged == 30);
}

TEST_CASE("memory for a full disk is bounded, and freed by acknowledging", "[hold]") {
  LogFixture fixture;
  REQUIRE(fixture.Open().Attach("a").ok());
  fixture.options.write_buffer_bytes = kNoDiskHasThis / 4;
  fixture.options.held_bytes_max = 64 << 10;
  Log& log = fixture.Open();
  TimestampMs now = 0;
  Status appended;
  while ((appended = AppendOne(log, ++now, 4000)).ok()) REQUIRE(now < 100);
  CHECK(appended.error().code == ErrorCode::kResourceExhausted);
  CHECK(now > 8);
  for (const ReadFrame& frame : ReadAll(log)) {
    REQUIRE(log.Acknowledge("a", std::vector{Acknowledged(frame)}, {}).ok());
  }
  CHECK(AppendOne(log, ++now, 4000).ok());
  CHECK(TimesOf(log, log.Progress("a")->oldest) == std::vector<TimestampMs>{now});
  CHECK(LedgerHolds(*log.Progress("a")));
}

TEST_CASE("a disk that fails costs nothing: frames are held, and stored when it is mended",
          "[hold]") {
  LogFixture fixture;
  fixture.options.sync_interval = std::chrono::milliseconds(0);
  Log& log = fixture.Open();
  REQUIRE(log.Attach("a").ok());
  std::vector<TimestampMs> times;
  const auto append = [&] {
    times.push_back(static_cast<TimestampMs>(times.size()) + 1);
    REQUIRE(AppendOne(log, times.back()).ok());
  };
  for (int i = 0; i < 5; ++i) append();
  const Sequence stored_before = log.status().head;
  const Sequence stored_target_at = ReadAll(log).at(0).target_at;
  {
    const FailingFiles failing;
    for (int i = 0; i < 5; ++i) append();
    // Nor can the store be opened again: what is held stands for itself.
    fixture.clock.Advance(std::chrono::seconds(10));
    CHECK(Eventually([&] { return !log.LoadTarget(stored_target_at).ok(); }));
    append();
    CHECK(TimesOf(log, stored_before) == std::vector<TimestampMs>(times.begin() + 5, times.end()));
    CHECK(DictionaryLoads(log, stored_before));
    CHECK_FALSE(log.Scan(1, 10, [](const FrameRecord&) { return true; }).ok());
  }
  CHECK(Eventually([&] {
    fixture.clock.Advance(std::chrono::seconds(10));
    std::vector<TimestampMs> read;
    return log.Scan(1, 1000,
                    [&read](const FrameRecord& frame) {
                      read.push_back(frame.timestamp_ms);
                      return true;
                    })
               .ok() &&
           read == times;
  }));
  append();
  CHECK(DictionaryLoads(log));
  CHECK(LedgerHolds(*log.Progress("a")));
  CHECK(log.Progress("a")->ledger.pending == times.size() * 10);

  Log& again = fixture.Open();
  CHECK(TimesOf(again) == times);
  CHECK(DictionaryLoads(again));
  CHECK(again.Progress("a")->ledger.pending == times.size() * 10);
  CHECK(again.status().damaged_records == 0);
}

TEST_CASE("a crash of the process while frames are held costs those, and the ledger adds up",
          "[hold]") {
  LogFixture fixture;
  REQUIRE(fixture.Open().Attach("a").ok());
  REQUIRE(AppendOne(fixture.log(), 1).ok());
  fixture.options.write_buffer_bytes = kNoDiskHasThis / 4;
  REQUIRE(AppendOne(fixture.Open(), 2).ok());
  fixture.options.write_buffer_bytes = 0;
  Log& log = fixture.Open();
  REQUIRE(AppendOne(log, 3).ok());
  CHECK(TimesOf(log) == std::vector<TimestampMs>{1, 3});
  CHECK(DictionaryLoads(log));
  for (const ReadFrame& frame : ReadAll(log)) {
    REQUIRE(log.Acknowledge("a", std::vector{Acknowledged(frame)}, {}).ok());
  }
  const DestinationProgress progress = *log.Progress("a");
  CHECK(LedgerHolds(progress));
  CHECK(progress.ledger.acknowledged == 20);
  CHECK(progress.ledger.pending == 0);
}
