// Branches of a destination: a part of its samples with a progress of its own.
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/buffer/log_support.h"

using namespace sluice;
using namespace sluice::buffer;
using namespace sluice::buffer::test;

namespace {

// Frames of 10 samples, of which 4 are of the part that gets a branch.
std::vector<ReadFrame> AppendTo(Log& log, const std::vector<uint64_t>& lanes) {
  const Sequence from = log.status().head;
  for (const uint64_t lane : lanes) {
    const TestFrame frame = MakeFrame("host", lane, static_cast<TimestampMs>(lane), 40);
    REQUIRE(log.Append(std::vector<FrameAppend>{frame.Append()}).ok());
  }
  return ReadAll(log, from);
}

FrameOutcome LeftToBranch(const ReadFrame& frame) {
  FrameOutcome outcome = Acknowledged(frame);
  outcome.acknowledged = 6;
  outcome.branched = 4;
  return outcome;
}

FrameOutcome OfBranch(const ReadFrame& frame, uint64_t rejected = 0) {
  FrameOutcome outcome = Acknowledged(frame);
  outcome.acknowledged = 4 - rejected;
  outcome.dropped[static_cast<size_t>(DropReason::kElsewhere)] = 6;
  outcome.dropped[static_cast<size_t>(DropReason::kRejected)] = rejected;
  return outcome;
}

const std::string kBranch = BranchName("a", "part");

void CheckWhole(const Log& log, uint64_t acknowledged, uint64_t pending) {
  const DestinationProgress whole = *log.ProgressWithBranches("a");
  CHECK(whole.ledger.acknowledged == acknowledged);
  CHECK(whole.ledger.pending == pending);
  CHECK(whole.ledger.branched == 0);
}

}  // namespace

TEST_CASE("a branch begins where its destination stands and joins with what it has done",
          "[log][branch]") {
  LogFixture fixture;
  Log& log = fixture.Open();
  REQUIRE(log.Attach("a").ok());
  const std::vector<ReadFrame> before = AppendTo(log, {1, 2});
  REQUIRE(log.Acknowledge("a", std::vector{Acknowledged(before[0])}, {}).ok());
  REQUIRE(log.Branch("a", "part").ok());
  CHECK(log.Progress(kBranch)->oldest == before[1].sequence);
  CHECK(log.Progress(kBranch)->ledger.pending == 10);
  const std::vector<ReadFrame> after = AppendTo(log, {1, 1});

  REQUIRE(
      log.Acknowledge("a", std::vector{LeftToBranch(before[1]), LeftToBranch(after[0])}, {}).ok());
  CHECK(LedgerHolds(*log.Progress("a")));
  CHECK(log.Progress("a")->ledger.branched == 8);
  CheckWhole(log, 10 + 2 * 6, 8 + 10);

  REQUIRE(
      log.Acknowledge(kBranch, std::vector{OfBranch(before[1]), OfBranch(after[0], 1)}, {}).ok());
  CheckWhole(log, 10 + 2 * 6 + 7, 10);
  CHECK(DroppedOf(*log.ProgressWithBranches("a"), DropReason::kRejected) == 1);

  REQUIRE(log.Join("a", "part").ok());
  CHECK_FALSE(log.Progress(kBranch));
  const DestinationProgress joined = *log.Progress("a");
  CHECK(LedgerHolds(joined));
  CHECK(joined.ledger.branched == 0);
  CHECK(joined.ledger.acknowledged == 10 + 2 * 6 + 7);
  CHECK(joined.ledger.pending == 10);
  CHECK(DroppedOf(joined, DropReason::kRejected) == 1);
  CHECK(DroppedOf(joined, DropReason::kElsewhere) == 0);
}

TEST_CASE("branches are as durable as their destination", "[log][branch]") {
  LogFixture fixture;
  REQUIRE(fixture.Open().Attach("a").ok());
  REQUIRE(fixture.log().Branch("a", "part").ok());
  const std::vector<ReadFrame> frames = AppendTo(fixture.log(), {1, 2, 3});
  REQUIRE(fixture.log()
              .Acknowledge("a", std::vector{LeftToBranch(frames[0]), LeftToBranch(frames[1])}, {})
              .ok());
  REQUIRE(fixture.log().Acknowledge(kBranch, std::vector{OfBranch(frames[0])}, {}).ok());
  Log& log = fixture.Open();
  CHECK(LedgerHolds(*log.Progress("a")));
  CHECK(log.Progress("a")->ledger.branched == 8);
  CHECK(log.Progress(kBranch)->oldest == frames[1].sequence);
  CheckWhole(log, 2 * 6 + 4, 4 + 10);
  // What only the branch still needs stays.
  const std::vector<ReadFrame> left = ReadAll(log, frames[1].sequence);
  REQUIRE(left.size() == 2);
  CHECK(left[0].sequence == frames[1].sequence);
}

TEST_CASE("what nobody knows of is lost with the last branch", "[log][branch]") {
  LogFixture fixture;
  Log& log = fixture.Open();
  REQUIRE(log.Attach("a").ok());
  REQUIRE(log.Branch("a", "part").ok());
  REQUIRE(log.Branch("a", "other").ok());
  const std::vector<ReadFrame> frames = AppendTo(log, {1});
  REQUIRE(log.Acknowledge("a", std::vector{LeftToBranch(frames[0])}, {}).ok());
  REQUIRE(log.Join("a", "part").ok());
  CHECK(log.Progress("a")->ledger.branched == 4);
  REQUIRE(log.Join("a", "other").ok());
  CHECK(log.Progress("a")->ledger.branched == 0);
  CHECK(DroppedOf(*log.Progress("a"), DropReason::kBudget) == 4);
  CHECK(LedgerHolds(*log.Progress("a")));
}

TEST_CASE("a branch follows its destination when that is closed, detached or forgotten",
          "[log][branch]") {
  LogFixture fixture;
  Log& log = fixture.Open();
  REQUIRE(log.Attach("a").ok());
  REQUIRE(log.Attach("ab").ok());
  REQUIRE(log.Branch("a", "part").ok());
  REQUIRE(log.Detach("a").ok());
  CHECK_FALSE(log.Progress(kBranch)->attached);
  CHECK(log.Progress("ab")->attached);
  REQUIRE(log.Attach("a").ok());
  CHECK(log.Progress(kBranch)->attached);
  AppendTo(log, {1});
  REQUIRE(log.Close("a").ok());
  CHECK(log.Progress(kBranch)->closed_at == log.Progress("a")->closed_at);
  AppendTo(log, {1});
  CHECK(log.Progress(kBranch)->ledger.appended == 10);
  REQUIRE(log.Forget("a").ok());
  CHECK_FALSE(log.Progress(kBranch));
  CHECK(log.Progress("ab"));
}

TEST_CASE("there is no branch of nothing, and one of each part", "[log][branch]") {
  LogFixture fixture;
  Log& log = fixture.Open();
  CHECK(log.Branch("a", "part").error().code == ErrorCode::kNotFound);
  REQUIRE(log.Attach("a").ok());
  REQUIRE(log.Branch("a", "part").ok());
  AppendTo(log, {1});
  REQUIRE(log.Branch("a", "part").ok());
  CHECK(log.Progress(kBranch)->ledger.appended == 10);
  CHECK_FALSE(ParseBranchName("a").has_value());
  CHECK(ParseBranchName(kBranch)->destination == "a");
  CHECK(ParseBranchName(kBranch)->part == "part");
}
