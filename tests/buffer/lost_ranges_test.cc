#include "buffer/lost_ranges.h"

#include <random>
#include <string>

#include <catch2/catch.hpp>

#include "tests/buffer/log_support.h"

using namespace sluice;
using namespace sluice::buffer;
using namespace sluice::buffer::test;

namespace {

constexpr TimestampMs kMinute = 60'000;

uint64_t SamplesOf(const LostRanges& lost) {
  uint64_t samples = 0;
  for (const LostRange& range : lost.ranges()) samples += range.samples;
  return samples;
}

}  // namespace

TEST_CASE("what is lost at about the same time for one reason is one range", "[lost]") {
  LostRanges lost;
  lost.Add(DropReason::kBudget, 10 * kMinute, 11 * kMinute, 5);
  lost.Add(DropReason::kBudget, 12 * kMinute, 12 * kMinute, 1);
  lost.Add(DropReason::kRejected, 12 * kMinute, 12 * kMinute, 7);
  lost.Add(DropReason::kBudget, 20 * kMinute, 21 * kMinute, 2);
  lost.Add(DropReason::kRelabel, 20 * kMinute, 21 * kMinute, 2);
  lost.Add(DropReason::kDamaged, 20 * kMinute, 21 * kMinute, 0);
  REQUIRE(lost.ranges().size() == 3);
  CHECK(lost.ranges()[0].reason == DropReason::kRejected);
  CHECK(lost.ranges()[1].from_ms == 10 * kMinute);
  CHECK(lost.ranges()[1].to_ms == 12 * kMinute);
  CHECK(lost.ranges()[1].samples == 6);
  CHECK(lost.ranges()[2].samples == 2);
  // It closes the gap.
  lost.Add(DropReason::kBudget, 11 * kMinute, 20 * kMinute, 1);
  REQUIRE(lost.ranges().size() == 2);
  CHECK(lost.ranges()[1].to_ms == 21 * kMinute);
  CHECK(lost.ranges()[1].samples == 9);
}

TEST_CASE("ranges of what was lost are few, cover all of it, and survive", "[lost]") {
  const uint64_t seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  LostRanges lost;
  uint64_t samples = 0;
  for (int i = 0; i < 2'000; ++i) {
    const auto reason = random() % 2 == 0 ? DropReason::kBudget : DropReason::kRejected;
    const auto from = static_cast<TimestampMs>(random() % 1'000) * kMinute;
    const auto to = from + static_cast<TimestampMs>(random() % 90'000);
    lost.Add(reason, from, to, 3);
    samples += 3;
    REQUIRE(lost.ranges().size() <= kLostRangesMax);
    bool covered = false;
    for (size_t at = 0; at < lost.ranges().size(); ++at) {
      const LostRange& range = lost.ranges()[at];
      REQUIRE(range.from_ms <= range.to_ms);
      covered = covered || (range.reason == reason && range.from_ms <= from && range.to_ms >= to);
      if (at == 0 || lost.ranges()[at - 1].reason != range.reason) continue;
      REQUIRE(lost.ranges()[at - 1].to_ms < range.from_ms);
    }
    REQUIRE(covered);
  }
  CHECK(SamplesOf(lost) == samples);
  std::string bytes;
  lost.Encode(bytes);
  ByteReader reader(bytes);
  const LostRanges decoded = LostRanges::Decode(reader);
  REQUIRE(reader.ok());
  CHECK(reader.empty());
  CHECK(decoded.ranges().size() == lost.ranges().size());
  CHECK(SamplesOf(decoded) == samples);
}

TEST_CASE("the log knows of what time the samples were that it dropped or lost, over restarts",
          "[lost][log]") {
  LogFixture fixture;
  fixture.options.bytes_max = 256 << 10;
  fixture.options.epoch_bytes = 32 << 10;
  fixture.options.write_buffer_bytes = 128 << 10;
  Log* log = &fixture.Open();
  REQUIRE(log->Attach("a").ok());
  for (int i = 1; i <= 600; ++i) {
    const TestFrame frame = MakeFrame("host", static_cast<uint64_t>(i), i * 1000, 1000);
    REQUIRE(log->Append(std::vector<FrameAppend>{frame.Append()}).ok());
  }
  fixture.Close();
  fixture.options.bytes_max = 1ULL << 30;  // no more is to be dropped
  log = &fixture.Open();
  const DestinationProgress dropped = *log->Progress("a");
  const uint64_t budget = dropped.ledger.dropped[static_cast<size_t>(DropReason::kBudget)];
  REQUIRE(budget > 0);
  REQUIRE(dropped.lost.size() == 1);
  CHECK(dropped.lost[0].reason == DropReason::kBudget);
  CHECK(dropped.lost[0].samples == budget);
  CHECK(dropped.lost[0].from_ms == 1'000);
  std::vector<ReadFrame> rest = ReadAll(*log);
  // Frames that nobody needs may still be there.
  std::erase_if(rest, [&](const ReadFrame& frame) { return frame.sequence < dropped.oldest; });
  REQUIRE_FALSE(rest.empty());
  CHECK(dropped.lost[0].to_ms == rest.front().timestamp_ms - 1'000);
  CHECK(LedgerHolds(dropped));

  // One is refused, another one is passed over.
  FrameOutcome refused = Acknowledged(rest[0]);
  refused.acknowledged = 0;
  refused.dropped[static_cast<size_t>(DropReason::kRejected)] = rest[0].sample_count;
  refused.timestamp_ms = rest[0].timestamp_ms;
  std::vector<FrameOutcome> outcomes = {refused};
  for (size_t i = 2; i < rest.size(); ++i) outcomes.push_back(Acknowledged(rest[i]));
  // After a restart the log does not know where a lane's frames end: lanes go to the head.
  std::vector<LaneAdvance> advances;
  for (uint32_t lane = 0; lane < kLaneCount; ++lane) {
    advances.push_back({.lane = lane, .next = log->status().head});
  }
  REQUIRE(log->Acknowledge("a", outcomes, advances).ok());
  const DestinationProgress done = *log->Progress("a");
  CHECK(LedgerHolds(done));
  REQUIRE(done.lost.size() == 3);
  CHECK(done.lost[0].reason == DropReason::kRejected);
  CHECK(done.lost[0].from_ms == rest[0].timestamp_ms);
  CHECK(done.lost[0].to_ms == rest[0].timestamp_ms);
  CHECK(done.lost[2].reason == DropReason::kDamaged);
  CHECK(done.lost[2].samples == rest[1].sample_count);
  CHECK(done.lost[2].from_ms <= rest[1].timestamp_ms);
  CHECK(done.lost[2].to_ms >= rest[1].timestamp_ms);
}
