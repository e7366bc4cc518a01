// What the log keeps on disk, and what it lets go of. The log works on that in its own thread, so
// these tests wait, with a deadline, for what must come about.
#include <chrono>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/buffer/log_support.h"

using namespace sluice;
using namespace sluice::buffer;
using namespace sluice::buffer::test;

namespace {

constexpr uint64_t kMiB = 1 << 20;

void AppendBytes(Log& log, uint64_t bytes, size_t payload_bytes) {
  static_assert(sizeof(uint64_t) == 8);
  std::vector<TestFrame> frames;
  for (uint64_t i = 0; i < 16; ++i) frames.push_back(MakeFrame("host", i, 1, payload_bytes));
  for (uint64_t written = 0, i = 0; written < bytes; written += payload_bytes, ++i) {
    REQUIRE(log.Append(std::vector<FrameAppend>{frames[i % 16].Append()}).ok());
  }
}

// Acknowledges all there is from `from` on; gives where to go on.
Sequence Drain(Log& log, const std::string& name, Sequence from) {
  for (;;) {
    std::vector<FrameOutcome> outcomes;
    const Result<Sequence> next = log.Scan(from, 256, [&outcomes](const FrameRecord& frame) {
      outcomes.push_back({.lane = frame.lane,
                          .sequence = frame.sequence,
                          .record_bytes = frame.record_bytes,
                          .acknowledged = frame.sample_count,
                          .dropped = {}});
      return true;
    });
    REQUIRE(next.ok());
    REQUIRE(log.Acknowledge(name, outcomes, {}).ok());
    if (next.value() == from) return from;
    from = next.value();
  }
}

}  // namespace

TEST_CASE("over the budget the oldest samples are dropped and booked exactly", "[log]") {
  LogFixture fixture;
  fixture.options.bytes_max = 4 * kMiB;
  fixture.options.sync_interval = std::chrono::milliseconds(2);
  Log& log = fixture.Open();
  REQUIRE(log.Attach("a").ok());
  REQUIRE(log.Attach("b").ok());
  AppendBytes(log, 20 * kMiB, 8192);
  const uint64_t appended = log.Progress("a")->ledger.appended;
  CHECK(appended == 20 * kMiB / 8192 * 10);
  CHECK(Eventually([&log] { return log.status().bytes <= 4 * kMiB; }));

  const std::vector<ReadFrame> frames = ReadAll(log, log.status().oldest);
  for (const char* name : {"a", "b"}) {
    const DestinationProgress progress = *log.Progress(name);
    CHECK(LedgerHolds(progress));
    CHECK(progress.ledger.pending == frames.size() * 10);
    CHECK(DroppedOf(progress, DropReason::kBudget) == appended - frames.size() * 10);
    CHECK(progress.pending_bytes <= 4 * kMiB);
    CHECK(progress.pending_bytes >= 3 * kMiB);
  }
  CHECK(Eventually([&fixture] { return DirectoryBytes(fixture.options.directory) < 8 * kMiB; }));

  const DestinationProgress before = *log.Progress("a");
  const DestinationProgress after = *fixture.Open().Progress("a");
  CHECK(after.ledger.pending == before.ledger.pending);
  CHECK(after.ledger.dropped == before.ledger.dropped);
  CHECK(ReadAll(fixture.log(), after.oldest).size() == frames.size());
}

TEST_CASE("a destination that keeps up loses nothing when another one hits the budget", "[log]") {
  LogFixture fixture;
  fixture.options.bytes_max = 2 * kMiB;
  fixture.options.sync_interval = std::chrono::milliseconds(2);
  Log& log = fixture.Open();
  REQUIRE(log.Attach("fast").ok());
  REQUIRE(log.Attach("dead").ok());
  Sequence from = 1;
  for (int i = 0; i < 40; ++i) {
    AppendBytes(log, 256 << 10, 8192);
    from = Drain(log, "fast", from);
  }
  CHECK(Eventually([&log] { return log.status().bytes <= 2 * kMiB; }));
  const DestinationProgress fast = *log.Progress("fast");
  CHECK(fast.ledger.acknowledged == fast.ledger.appended);
  const DestinationProgress dead = *log.Progress("dead");
  CHECK(DroppedOf(dead, DropReason::kBudget) > 0);
  CHECK(LedgerHolds(dead));
}

TEST_CASE("with no destination nothing is kept", "[log]") {
  LogFixture fixture;
  fixture.options.bytes_max = 64 * kMiB;
  fixture.options.sync_interval = std::chrono::milliseconds(2);
  fixture.options.write_buffer_bytes = kMiB;
  Log& log = fixture.Open();
  AppendBytes(log, 40 * kMiB, 16384);
  CHECK(Eventually([&] { return DirectoryBytes(fixture.options.directory) < 8 * kMiB; }));
}

TEST_CASE("what is acknowledged at once never fills the disk", "[log][slow]") {
  LogFixture fixture;
  fixture.options.write_buffer_bytes = 4 * kMiB;
  fixture.options.sync_interval = std::chrono::milliseconds(20);
  Log& log = fixture.Open();
  REQUIRE(log.Attach("a").ok());
  Sequence from = 1;
  uint64_t largest = 0;
  for (int i = 0; i < 400; ++i) {
    AppendBytes(log, 512 << 10, 32768);
    from = Drain(log, "a", from);
    if (i % 20 == 19) largest = std::max(largest, DirectoryBytes(fixture.options.directory));
  }
  CAPTURE(largest);
  CHECK(log.Progress("a")->ledger.pending == 0);
  // Two memtables with their logs, and what waits to be deleted.
  CHECK(largest < 32 * kMiB);
  CHECK(Eventually([&] { return DirectoryBytes(fixture.options.directory) < 16 * kMiB; }));
}

TEST_CASE("the disk is given back soon after a backlog was drained", "[log][slow]") {
  LogFixture fixture;
  fixture.options.bytes_max = 256 * kMiB;
  fixture.options.write_buffer_bytes = 2 * kMiB;
  fixture.options.sync_interval = std::chrono::milliseconds(20);
  Log& log = fixture.Open();
  REQUIRE(log.Attach("a").ok());
  AppendBytes(log, 60 * kMiB, 32768);
  CHECK(DirectoryBytes(fixture.options.directory) > 60 * kMiB);
  Drain(log, "a", 1);
  CHECK(log.Progress("a")->ledger.pending == 0);
  CHECK(Eventually([&] { return DirectoryBytes(fixture.options.directory) < 8 * kMiB; }));
  AppendBytes(log, 100'000, 10'000);
  CHECK(ReadAll(log, log.Progress("a")->oldest).size() == 10);
}

TEST_CASE("every append is synced when no interval is allowed", "[log]") {
  LogFixture fixture;
  fixture.options.sync_interval = std::chrono::milliseconds(0);
  Log& log = fixture.Open();
  REQUIRE(log.Attach("a").ok());
  AppendBytes(log, 10'000, 1000);
  CHECK(ReadAll(log).size() == 10);
  CHECK(ReadAll(fixture.Open()).size() == 10);
}
