#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/buffer/log_support.h"

using namespace sluice;
using namespace sluice::buffer;
using namespace sluice::buffer::test;

TEST_CASE("an empty log hands out nothing", "[log]") {
  LogFixture fixture;
  Log& log = fixture.Open();
  CHECK(ReadAll(log).empty());
  CHECK(log.AllProgress().empty());
  CHECK_FALSE(log.Progress("nobody").has_value());
}

TEST_CASE("a frame comes back as it was appended, with its labels and its layout", "[log]") {
  LogFixture fixture;
  Log& log = fixture.Open();
  REQUIRE(log.Attach("a").ok());
  const TestFrame frame = MakeFrame("host:1", 5, 1234, 100);
  const std::vector<FrameAppend> appends = {frame.Append()};
  REQUIRE(log.Append(appends).ok());

  const std::vector<ReadFrame> frames = ReadAll(log);
  REQUIRE(frames.size() == 1);
  CHECK(frames[0].lane == 5);
  CHECK(frames[0].timestamp_ms == 1234);
  CHECK(frames[0].sample_count == 10);
  CHECK(frames[0].stored == frame.stored);

  const Result<StoredTarget> target = log.LoadTarget(frames[0].target_at);
  REQUIRE(target.ok());
  CHECK(target.value().id == frame.target->id);
  CHECK(target.value().stored == frame.target->stored);

  const Result<StoredLayout> layout = log.LoadLayout(frames[0].layout_at);
  REQUIRE(layout.ok());
  CHECK(layout.value().id == frame.layout->id);
  CHECK(layout.value().series_count == 10);
  REQUIRE(layout.value().chunks.size() == 2);
  for (size_t i = 0; i < 2; ++i) {
    const StoredLayout::ChunkRef& chunk = layout.value().chunks[i];
    CHECK(chunk.id == frame.layout->chunks[i]->id);
    CHECK(chunk.series_count == frame.layout->chunks[i]->series_count);
    const Result<std::string> stored = log.LoadChunk(chunk.at);
    REQUIRE(stored.ok());
    CHECK(stored.value() == frame.layout->chunks[i]->stored);
  }
}

TEST_CASE("a dictionary record that is not there or of another kind is an error", "[log]") {
  LogFixture fixture;
  Log& log = fixture.Open();
  const TestFrame frame = MakeFrame("host:1", 5, 1234, 100);
  REQUIRE(log.Append(std::vector<FrameAppend>{frame.Append()}).ok());
  const std::vector<ReadFrame> frames = ReadAll(log);
  REQUIRE(frames.size() == 1);
  CHECK(log.LoadTarget(999).error().code == ErrorCode::kNotFound);
  CHECK(log.LoadLayout(frames[0].target_at).error().code == ErrorCode::kCorruption);
  CHECK(log.LoadChunk(frames[0].sequence).error().code == ErrorCode::kCorruption);
}

TEST_CASE("everything pending is there again after reopening", "[log]") {
  LogFixture fixture;
  REQUIRE(fixture.Open().Attach("a").ok());
  std::vector<TestFrame> sent;
  for (int i = 0; i < 50; ++i) {
    sent.push_back(
        MakeFrame("host:" + std::to_string(i % 5), static_cast<uint64_t>(i % 5), 1000 + i, 50));
    REQUIRE(fixture.log().Append(std::vector<FrameAppend>{sent.back().Append()}).ok());
    if (i % 10 == 9) {
      fixture.Open();
      REQUIRE(fixture.log().Attach("a").ok());
    }
  }
  const std::vector<ReadFrame> frames = ReadAll(fixture.log());
  REQUIRE(frames.size() == sent.size());
  for (size_t i = 0; i < sent.size(); ++i) {
    CHECK(frames[i].stored == sent[i].stored);
    const Result<StoredTarget> target = fixture.log().LoadTarget(frames[i].target_at);
    REQUIRE(target.ok());
    CHECK(target.value().id == sent[i].target->id);
    CHECK(fixture.log().LoadLayout(frames[i].layout_at).ok());
  }
  const DestinationProgress progress = *fixture.log().Progress("a");
  CHECK(progress.ledger.appended == 500);
  CHECK(progress.ledger.pending == 500);
  CHECK(LedgerHolds(progress));
}

TEST_CASE("acknowledged frames are not pending after reopening", "[log]") {
  LogFixture fixture;
  Log& log = fixture.Open();
  REQUIRE(log.Attach("a").ok());
  REQUIRE(log.Attach("b").ok());
  for (int i = 0; i < 20; ++i) {
    const TestFrame frame = MakeFrame("host", static_cast<uint64_t>(i % 2), 1000 + i, 50);
    REQUIRE(log.Append(std::vector<FrameAppend>{frame.Append()}).ok());
  }
  std::vector<FrameOutcome> outcomes;
  for (const ReadFrame& frame : ReadAll(log)) {
    if (frame.lane == 0) outcomes.push_back(Acknowledged(frame));
  }
  REQUIRE(log.Acknowledge("a", outcomes, {}).ok());

  Log& again = fixture.Open();
  const DestinationProgress a = *again.Progress("a");
  CHECK(a.attached);
  CHECK(a.ledger.acknowledged == 100);
  CHECK(a.ledger.pending == 100);
  CHECK(a.lanes[0].pending_samples == 0);
  CHECK(a.lanes[1].pending_samples == 100);
  CHECK(LedgerHolds(a));
  const DestinationProgress b = *again.Progress("b");
  CHECK(b.ledger.pending == 200);
  CHECK(LedgerHolds(b));
}
