#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/buffer/log_support.h"

using namespace sluice;
using namespace sluice::buffer;
using namespace sluice::buffer::test;

namespace {

// Frames of 10 samples, one per lane hash given.
std::vector<ReadFrame> AppendTo(Log& log, const std::vector<uint64_t>& lanes) {
  const Sequence from = log.status().head;
  for (const uint64_t lane : lanes) {
    const TestFrame frame = MakeFrame("host", lane, static_cast<TimestampMs>(lane), 40);
    REQUIRE(log.Append(std::vector<FrameAppend>{frame.Append()}).ok());
  }
  return ReadAll(log, from);
}

}  // namespace

TEST_CASE("a new destination starts at the head", "[log]") {
  LogFixture fixture;
  Log& log = fixture.Open();
  REQUIRE(log.Attach("early").ok());
  AppendTo(log, {1, 2});
  const Result<DestinationProgress> late = log.Attach("late");
  REQUIRE(late.ok());
  CHECK(late.value().ledger.appended == 0);
  CHECK(late.value().oldest == log.status().head);
  AppendTo(log, {3});
  CHECK(log.Progress("early")->ledger.pending == 30);
  CHECK(log.Progress("late")->ledger.pending == 10);
}

TEST_CASE("lanes are acknowledged independently of each other", "[log]") {
  LogFixture fixture;
  Log& log = fixture.Open();
  REQUIRE(log.Attach("a").ok());
  const std::vector<ReadFrame> frames = AppendTo(log, {1, 2, 1, 2});
  REQUIRE(frames.size() == 4);
  REQUIRE(
      log.Acknowledge("a", std::vector{Acknowledged(frames[1]), Acknowledged(frames[3])}, {}).ok());
  DestinationProgress progress = *log.Progress("a");
  CHECK(progress.lanes[1].pending_samples == 20);
  CHECK(progress.lanes[2].pending_samples == 0);
  CHECK(progress.lanes[2].pending_bytes == 0);
  CHECK(progress.lanes[2].next == log.status().head);
  CHECK(progress.oldest == frames[0].sequence);
  REQUIRE(log.Acknowledge("a", std::vector{Acknowledged(frames[0])}, {}).ok());
  progress = *log.Progress("a");
  CHECK(progress.lanes[1].next == frames[0].sequence + 1);
  CHECK(progress.lanes[1].pending_samples == 10);
  CHECK(LedgerHolds(progress));
}

TEST_CASE("samples that were given up are booked under their reason", "[log]") {
  LogFixture fixture;
  Log& log = fixture.Open();
  REQUIRE(log.Attach("a").ok());
  const std::vector<ReadFrame> frames = AppendTo(log, {1});
  FrameOutcome outcome = Acknowledged(frames[0]);
  outcome.acknowledged = 7;
  outcome.dropped[static_cast<size_t>(DropReason::kRelabel)] = 2;
  outcome.dropped[static_cast<size_t>(DropReason::kRejected)] = 1;
  REQUIRE(log.Acknowledge("a", std::vector{outcome}, {}).ok());
  fixture.Open();
  const DestinationProgress progress = *fixture.log().Progress("a");
  CHECK(progress.ledger.acknowledged == 7);
  CHECK(DroppedOf(progress, DropReason::kRelabel) == 2);
  CHECK(DroppedOf(progress, DropReason::kRejected) == 1);
  CHECK(progress.ledger.pending == 0);
  CHECK(LedgerHolds(progress));
}

TEST_CASE("an outcome behind the lane's position is ignored", "[log]") {
  LogFixture fixture;
  Log& log = fixture.Open();
  REQUIRE(log.Attach("a").ok());
  const std::vector<ReadFrame> frames = AppendTo(log, {1, 1});
  REQUIRE(log.Acknowledge("a", std::vector{Acknowledged(frames[0])}, {}).ok());
  REQUIRE(log.Acknowledge("a", std::vector{Acknowledged(frames[0])}, {}).ok());
  const DestinationProgress progress = *log.Progress("a");
  CHECK(progress.ledger.acknowledged == 10);
  CHECK(progress.ledger.pending == 10);
}

TEST_CASE("what was never handed out is booked as damaged when its lane reaches the end", "[log]") {
  LogFixture fixture;
  Log& log = fixture.Open();
  REQUIRE(log.Attach("a").ok());
  const std::vector<ReadFrame> frames = AppendTo(log, {1, 1, 1});
  REQUIRE(log.Acknowledge("a", std::vector{Acknowledged(frames[0])}, {}).ok());
  // Passing over one leaves it pending while something behind it is.
  REQUIRE(log.Acknowledge("a", {}, std::vector<LaneAdvance>{{1, frames[1].sequence + 1}}).ok());
  CHECK(log.Progress("a")->ledger.pending == 20);
  REQUIRE(log.Acknowledge("a", std::vector{Acknowledged(frames[2])}, {}).ok());
  const DestinationProgress progress = *log.Progress("a");
  CHECK(progress.ledger.acknowledged == 20);
  CHECK(DroppedOf(progress, DropReason::kDamaged) == 10);
  CHECK(progress.ledger.pending == 0);
  CHECK(progress.pending_bytes == 0);
  CHECK(LedgerHolds(progress));
}

TEST_CASE("advancing beyond the head stops at the head", "[log]") {
  LogFixture fixture;
  Log& log = fixture.Open();
  REQUIRE(log.Attach("a").ok());
  AppendTo(log, {1});
  REQUIRE(log.Acknowledge("a", {}, std::vector<LaneAdvance>{{1, 1'000'000}}).ok());
  CHECK(DroppedOf(*log.Progress("a"), DropReason::kDamaged) == 10);
  const std::vector<ReadFrame> frames = AppendTo(log, {1});
  CHECK(log.Progress("a")->ledger.pending == 10);
  CHECK(log.Progress("a")->lanes[1].next <= frames[0].sequence);
}

TEST_CASE("acknowledging for nobody or in no lane is an error", "[log]") {
  LogFixture fixture;
  Log& log = fixture.Open();
  REQUIRE(log.Attach("a").ok());
  CHECK(log.Acknowledge("b", {}, {}).error().code == ErrorCode::kNotFound);
  CHECK(log.Acknowledge("a", {}, std::vector<LaneAdvance>{{kLaneCount, 1}}).error().code ==
        ErrorCode::kInvalidInput);
}

TEST_CASE("a detached destination keeps its backlog, a forgotten one does not", "[log]") {
  LogFixture fixture;
  Log& log = fixture.Open();
  REQUIRE(log.Attach("a").ok());
  AppendTo(log, {1});
  REQUIRE(log.Detach("a").ok());
  CHECK_FALSE(log.Progress("a")->attached);
  CHECK(log.Progress("a")->ledger.pending == 10);

  Log& again = fixture.Open();
  CHECK_FALSE(again.Progress("a")->attached);
  const Result<DestinationProgress> back = again.Attach("a");
  REQUIRE(back.ok());
  CHECK(back.value().attached);
  CHECK(back.value().ledger.pending == 10);

  REQUIRE(again.Forget("a").ok());
  CHECK_FALSE(again.Progress("a").has_value());
  Log& third = fixture.Open();
  CHECK_FALSE(third.Progress("a").has_value());
  REQUIRE(third.Attach("a").ok());
  CHECK(third.Progress("a")->ledger.appended == 0);
}

TEST_CASE("the status tells the age of the oldest pending frame", "[log]") {
  LogFixture fixture;
  Log& log = fixture.Open();
  REQUIRE(log.Attach("a").ok());
  CHECK_FALSE(log.status().oldest_ms.has_value());
  const std::vector<ReadFrame> frames = AppendTo(log, {4, 6});
  CHECK(log.status().oldest_ms == 4);
  REQUIRE(log.Acknowledge("a", std::vector{Acknowledged(frames[0])}, {}).ok());
  CHECK(log.status().oldest_ms == 6);
  REQUIRE(log.Acknowledge("a", std::vector{Acknowledged(frames[1])}, {}).ok());
  CHECK_FALSE(log.status().oldest_ms.has_value());
}
