// What a destination with a disk budget of its own gets, and what the others do not notice.
#include <map>
#include <numeric>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/buffer/log_support.h"

using namespace sluice;
using namespace sluice::buffer;
using namespace sluice::buffer::test;

namespace {

constexpr uint64_t kMiB = 1 << 20;
constexpr uint64_t kSamples = 10;  // of each frame
// An epoch then has many frames of each target.
constexpr size_t kSmallPayload = 150;

uint64_t DroppedIn(const Ledger& ledger) {
  return std::accumulate(ledger.dropped.begin(), ledger.dropped.end(), uint64_t{0});
}

class BudgetedLog {
 public:
  explicit BudgetedLog(const DiskBudget& budget, uint64_t log_bytes_max = 1ULL << 30)
      : budget_(budget) {
    fixture_.options.sync_interval = std::chrono::milliseconds(1);
    fixture_.options.write_buffer_bytes = 256 << 10;
    fixture_.options.bytes_max = log_bytes_max;
    Open();
    for (const char* name : {"small", "large"}) REQUIRE(log().Attach(name).ok());
  }

  Log& log() { return fixture_.log(); }

  void Open() {
    fixture_.Open();
    log().SetBudgets({{"small", budget_}, {"large", large_budget_}});
  }

  void SetBudget(const DiskBudget& budget) {
    budget_ = budget;
    log().SetBudgets({{"small", budget}});
  }

  void SetLargeBudget(const DiskBudget& budget) {
    large_budget_ = budget;
    log().SetBudgets({{"large", budget}});
  }

  // Frames of 16 targets in turn.
  void Append(uint64_t bytes) {
    for (uint64_t written = 0; written < bytes; written += payload) {
      const uint64_t host = appended_++ % 16;
      const TestFrame frame = MakeFrame("host:" + std::to_string(host), host,
                                        static_cast<TimestampMs>(appended_ * 1000), payload);
      REQUIRE(log().Append(std::vector<FrameAppend>{frame.Append()}).ok());
    }
  }

  // Reads and acknowledges as a destination does, the backlog first, at most so many frames of it.
  // What is dropped between the two counts as dropped; where a destination that is full gives it
  // up, once it has the rest.
  void Deliver(size_t frames_max) {
    const Ledger before = Small().ledger;
    uint64_t samples = 0;
    for (const ReadFrame& frame : DeliverTo("small", frames_max)) {
      samples += delivered_sequences_.insert(frame.sequence).second ? frame.sample_count : 0;
    }
    const Ledger after = Small().ledger;
    const uint64_t acknowledged = after.acknowledged - before.acknowledged;
    REQUIRE(acknowledged <= samples);
    if (samples - acknowledged > DroppedIn(after) - DroppedIn(before)) REQUIRE(IsFull());
    delivered_ += acknowledged;
  }

  std::vector<ReadFrame> DeliverTo(const std::string& name, size_t frames_max) {
    const DestinationProgress before = *log().Progress(name);
    const bool replays = before.backlog_end != 0;
    const auto& lanes = replays ? before.backlog : before.lanes;
    // It may accept frames again meanwhile: those come after a gap, and are for the next time.
    const Sequence own_end = replays ? before.backlog_end : before.full_at;
    std::vector<ReadFrame> taken;
    std::vector<FrameOutcome> outcomes;
    Sequence from = before.oldest;
    for (;;) {
      Sequence end = log().BeginScan(name, from);
      if (own_end != 0) end = std::min(end, own_end);
      if (from >= end || taken.size() >= frames_max) break;
      for (const ReadFrame& frame : ReadAll(log(), from)) {
        if (frame.sequence >= end || taken.size() >= frames_max) break;
        if (frame.sequence < lanes[frame.lane].next) continue;
        // What is handed out can be understood.
        REQUIRE(log().LoadTarget(frame.target_at).ok());
        REQUIRE(log().LoadLayout(frame.layout_at).ok());
        outcomes.push_back(Acknowledged(frame));
        taken.push_back(frame);
      }
      from = end;
    }
    REQUIRE(log().Acknowledge(name, outcomes, {}).ok());
    return taken;
  }

  uint64_t DiskBytes() const { return DirectoryBytes(fixture_.options.directory); }

  DestinationProgress Small() { return *log().ProgressWithBranches("small"); }

  DestinationProgress Large() { return *log().ProgressWithBranches("large"); }

  uint64_t appended_samples() const { return appended_ * kSamples; }

  uint64_t delivered_samples() const { return delivered_; }

  bool IsFull() { return Small().full_at != 0; }

  size_t payload = 2'000;  // of a frame

 private:
  LogFixture fixture_;
  DiskBudget budget_;
  DiskBudget large_budget_;
  uint64_t appended_ = 0;
  uint64_t delivered_ = 0;
  std::set<Sequence> delivered_sequences_;
};

}  // namespace

TEST_CASE("over its own budget a destination loses its oldest, counted, and nobody else loses any",
          "[log]") {
  BudgetedLog budgeted({.bytes_max = kMiB});
  budgeted.Append(6 * kMiB);
  REQUIRE(Eventually([&] { return budgeted.Small().kept_bytes <= kMiB; }));
  const DestinationProgress small = budgeted.Small();
  CHECK(LedgerHolds(small));
  CHECK(small.ledger.appended == budgeted.appended_samples());
  CHECK(small.pending_bytes > kMiB / 2);
  CHECK(DroppedOf(small, DropReason::kMaxBytes) ==
        budgeted.appended_samples() - small.ledger.pending);
  REQUIRE(small.lost.size() == 1);
  CHECK(small.lost[0].reason == DropReason::kMaxBytes);
  CHECK(small.lost[0].samples == DroppedOf(small, DropReason::kMaxBytes));
  CHECK(budgeted.Large().ledger.pending == budgeted.appended_samples());
  CHECK(budgeted.Large().kept_bytes > 6 * kMiB);

  budgeted.Open();
  CHECK(budgeted.Small().ledger.dropped == small.ledger.dropped);
  CHECK(budgeted.Small().ledger.pending == small.ledger.pending);
  CHECK(budgeted.Large().ledger.pending == budgeted.appended_samples());
  // What is pending is there to be read.
  budgeted.Deliver(SIZE_MAX);
  CHECK(budgeted.delivered_samples() == small.ledger.pending);
  CHECK(budgeted.Small().ledger.pending == 0);
}

TEST_CASE("a destination that stops accepting keeps what it has, and goes on when there is room",
          "[log]") {
  BudgetedLog budgeted({.bytes_max = kMiB, .when_full = WhenFull::kStopAccepting});
  while (!budgeted.IsFull()) budgeted.Append(100'000);
  const uint64_t pending = budgeted.Small().ledger.pending;
  budgeted.Append(2 * kMiB);
  budgeted.Open();
  budgeted.Append(kMiB);
  const DestinationProgress full = budgeted.Small();
  CHECK(LedgerHolds(full));
  CHECK(full.ledger.pending == pending);
  CHECK(full.ledger.appended == budgeted.appended_samples());
  CHECK(DroppedOf(full, DropReason::kNotAccepted) == budgeted.appended_samples() - pending);
  REQUIRE(full.lost.size() == 1);
  CHECK(full.lost[0].reason == DropReason::kNotAccepted);

  REQUIRE(Eventually([&] {
    if (budgeted.Small().kept_bytes > kMiB * 3 / 4) budgeted.Deliver(10);
    return !budgeted.IsFull();
  }));
  budgeted.Append(100'000);
  const DestinationProgress again = budgeted.Small();
  CHECK(LedgerHolds(again));
  CHECK(again.ledger.dropped == full.ledger.dropped);
  CHECK(again.backlog_end != 0);
  budgeted.Deliver(SIZE_MAX);
  budgeted.Deliver(SIZE_MAX);
  const DestinationProgress done = budgeted.Small();
  CHECK(done.ledger.pending == 0);
  CHECK(done.ledger.dropped == full.ledger.dropped);
  CHECK(budgeted.delivered_samples() == done.ledger.acknowledged);
  CHECK(budgeted.Large().ledger.pending == budgeted.appended_samples());
}

TEST_CASE("what waits is thinned out, so that the same room covers the whole of a longer outage",
          "[log]") {
  BudgetedLog budgeted({.bytes_max = kMiB, .when_full = WhenFull::kThinOut});
  budgeted.payload = kSmallPayload;
  for (int i = 0; i < 12; ++i) {
    for (int n = 0; n < 4; ++n) {
      budgeted.Append(kMiB / 16);
      budgeted.DeliverTo("large", SIZE_MAX);
    }
    REQUIRE(Eventually([&] { return budgeted.Small().kept_bytes <= kMiB; }));
    REQUIRE(LedgerHolds(budgeted.Small()));
    if (i % 4 == 3) budgeted.Open();
  }
  REQUIRE(Eventually([&] { return budgeted.Small().kept_bytes <= kMiB; }));
  const DestinationProgress small = budgeted.Small();
  CHECK(small.ledger.appended == budgeted.appended_samples());
  CHECK(DroppedOf(small, DropReason::kThinnedWhenFull) ==
        budgeted.appended_samples() - small.ledger.pending);
  CHECK(small.lost.empty());
  CHECK(budgeted.Large().ledger.acknowledged == budgeted.appended_samples());
  CHECK(Eventually([&] { return budgeted.DiskBytes() < 4 * kMiB; }));

  const std::vector<ReadFrame> frames = budgeted.DeliverTo("small", SIZE_MAX);
  std::map<uint32_t, std::vector<TimestampMs>> times;  // by lane, which is a target here
  for (const ReadFrame& frame : frames) times[frame.lane].push_back(frame.timestamp_ms);
  CHECK(times.size() == 16);
  const auto length = static_cast<TimestampMs>(budgeted.appended_samples() / kSamples * 1000);
  for (const auto& [lane, at] : times) {
    CAPTURE(lane);
    CHECK(at.front() < length / 50);
    CHECK(at.back() > length - length / 50);
    for (size_t i = 1; i < at.size(); ++i) {
      CHECK(at[i] > at[i - 1]);
      CHECK(at[i] - at[i - 1] < length / 5);
    }
  }
  const DestinationProgress done = budgeted.Small();
  CHECK(done.ledger.pending == 0);
  CHECK(done.ledger.acknowledged == frames.size() * kSamples);
  CHECK(done.ledger.dropped == small.ledger.dropped);
}

TEST_CASE("what another destination needs is not thinned out: the oldest goes instead", "[log]") {
  BudgetedLog budgeted({.bytes_max = kMiB, .when_full = WhenFull::kThinOut});
  budgeted.Append(3 * kMiB);
  REQUIRE(Eventually([&] { return budgeted.Small().kept_bytes <= kMiB; }));
  CHECK(DroppedOf(budgeted.Small(), DropReason::kThinnedWhenFull) == 0);
  CHECK(DroppedOf(budgeted.Small(), DropReason::kMaxBytes) > 0);
  CHECK(budgeted.Large().ledger.pending == budgeted.appended_samples());
}

TEST_CASE("a full log is thinned out where all that need it want that", "[log]") {
  BudgetedLog budgeted({.when_full = WhenFull::kThinOut}, 2 * kMiB);
  budgeted.payload = kSmallPayload;
  budgeted.SetLargeBudget({.when_full = WhenFull::kThinOut});
  for (int i = 0; i < 30; ++i) {
    budgeted.Append(100'000);
    REQUIRE(Eventually([&] { return budgeted.log().status().bytes <= 2 * kMiB; }));
  }
  for (const DestinationProgress& each : {budgeted.Small(), budgeted.Large()}) {
    CHECK(LedgerHolds(each));
    CHECK(DroppedOf(each, DropReason::kThinnedWhenFull) > 0);
    CHECK(DroppedOf(each, DropReason::kBudget) == 0);
  }
  const std::vector<ReadFrame> frames = budgeted.DeliverTo("small", SIZE_MAX);
  CHECK(frames.front().timestamp_ms < 20'000);
  CHECK(budgeted.Small().ledger.acknowledged == frames.size() * kSamples);
}

TEST_CASE("a destination that had stopped accepting goes on when its budget is larger, or gone",
          "[log]") {
  BudgetedLog budgeted({.bytes_max = kMiB, .when_full = WhenFull::kStopAccepting});
  while (!budgeted.IsFull()) budgeted.Append(100'000);
  const DiskBudget changed = GENERATE(DiskBudget{}, DiskBudget{4 * kMiB, WhenFull::kStopAccepting},
                                      DiskBudget{4 * kMiB, WhenFull::kDropOldest});
  budgeted.SetBudget(changed);
  REQUIRE(Eventually([&] { return !budgeted.IsFull(); }));
  const DestinationProgress before = budgeted.Small();
  budgeted.Append(100'000);
  CHECK(budgeted.Small().ledger.dropped == before.ledger.dropped);
  CHECK(LedgerHolds(budgeted.Small()));
}

TEST_CASE("what comes while a destination is full costs no disk once the others have it", "[log]") {
  BudgetedLog budgeted({.bytes_max = kMiB, .when_full = WhenFull::kStopAccepting});
  while (!budgeted.IsFull()) budgeted.Append(100'000);
  const DestinationProgress full = budgeted.Small();
  for (int i = 0; i < 30; ++i) {
    budgeted.Append(kMiB);
    budgeted.DeliverTo("large", SIZE_MAX);
    if (i % 10 == 9) budgeted.Open();
  }
  REQUIRE(Eventually([&] { return budgeted.DiskBytes() < 10 * kMiB; }));
  CHECK(budgeted.log().status().bytes < 4 * kMiB);
  CHECK(budgeted.Small().kept_bytes == full.kept_bytes);
  CHECK(budgeted.Small().ledger.pending == full.ledger.pending);

  // What is known of the epochs before the hole is exact, over restarts.
  budgeted.SetBudget({.bytes_max = kMiB / 2});
  REQUIRE(Eventually([&] { return budgeted.Small().kept_bytes <= kMiB / 2; }));
  const DestinationProgress half = budgeted.Small();
  CHECK(LedgerHolds(half));
  CHECK(half.ledger.pending > 0);
  CHECK(half.ledger.pending == full.ledger.pending - DroppedOf(half, DropReason::kMaxBytes));
  REQUIRE(Eventually([&] {
    budgeted.Deliver(SIZE_MAX);
    return budgeted.Small().ledger.pending == 0;
  }));
  CHECK(budgeted.delivered_samples() == half.ledger.pending);
  CHECK(DroppedOf(budgeted.Small(), DropReason::kDamaged) == 0);
}

TEST_CASE(
    "with a full log a destination that stops accepting loses what is new, if nobody else "
    "waits for what is old",
    "[log]") {
  BudgetedLog budgeted({.when_full = WhenFull::kStopAccepting}, 2 * kMiB);
  SECTION("nobody does") {
    for (int i = 0; i < 60; ++i) {
      budgeted.Append(100'000);
      budgeted.DeliverTo("large", SIZE_MAX);
      REQUIRE(Eventually(
          [&] { return budgeted.IsFull() || budgeted.log().status().bytes <= 2 * kMiB; }));
    }
    REQUIRE(budgeted.IsFull());
    CHECK(DroppedOf(budgeted.Small(), DropReason::kBudget) == 0);
    CHECK(DroppedOf(budgeted.Small(), DropReason::kNotAccepted) > 0);
    const DestinationProgress full = budgeted.Small();
    budgeted.Deliver(SIZE_MAX);
    CHECK(budgeted.delivered_samples() == full.ledger.pending);
    CHECK(Eventually([&] { return !budgeted.IsFull(); }));
  }
  SECTION("somebody does") {
    budgeted.Append(6 * kMiB);
    REQUIRE(Eventually([&] { return budgeted.log().status().bytes <= 2 * kMiB; }));
    CHECK(DroppedOf(budgeted.Small(), DropReason::kBudget) > 0);
    CHECK(DroppedOf(budgeted.Small(), DropReason::kNotAccepted) == 0);
    CHECK(budgeted.Small().ledger.pending == budgeted.Large().ledger.pending);
  }
  CHECK(LedgerHolds(budgeted.Small()));
  CHECK(LedgerHolds(budgeted.Large()));
}

TEST_CASE("a backlog that is still to be sent keeps nothing on disk of what comes after it",
          "[log]") {
  BudgetedLog budgeted({}, 64 * kMiB);
  budgeted.Append(2 * kMiB);
  REQUIRE(*budgeted.log().PartBacklog("small"));
  budgeted.DeliverTo("large", SIZE_MAX);
  const Sequence backlog_end = budgeted.Small().backlog_end;
  for (int i = 0; i < 20; ++i) {
    budgeted.Append(kMiB);
    budgeted.DeliverTo("large", SIZE_MAX);
    std::vector<FrameOutcome> fresh;
    for (const ReadFrame& frame : ReadAll(budgeted.log(), backlog_end)) {
      fresh.push_back(Acknowledged(frame));
    }
    REQUIRE(budgeted.log().Acknowledge("small", fresh, {}).ok());
  }
  CHECK(Eventually([&] { return budgeted.DiskBytes() < 10 * kMiB; }));
  const uint64_t pending = budgeted.Small().ledger.pending;
  budgeted.Open();
  budgeted.Deliver(SIZE_MAX);
  CHECK(budgeted.delivered_samples() == pending);
  CHECK(budgeted.Small().ledger.pending == 0);
}

TEST_CASE(
    "with stops or thinning, restarts and slow delivery each sample is delivered once or counted",
    "[log][model]") {
  const uint64_t seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  const WhenFull when_full = GENERATE(WhenFull::kStopAccepting, WhenFull::kThinOut);
  const DropReason reason =
      when_full == WhenFull::kThinOut ? DropReason::kThinnedWhenFull : DropReason::kNotAccepted;
  BudgetedLog budgeted({.bytes_max = kMiB, .when_full = when_full});
  budgeted.SetLargeBudget({.when_full = when_full});
  const bool thins = when_full == WhenFull::kThinOut;
  CAPTURE(thins);
  if (thins) budgeted.payload = kSmallPayload;
  for (int step = 0; step < 400; ++step) {
    CAPTURE(step);
    const uint64_t roll = random() % 20;
    if (roll < 10) {
      budgeted.Append(random() % 100'000);
    } else if (roll < 16) {
      budgeted.Deliver(random() % (thins ? 500 : 40));
    } else if (roll < 18) {
      budgeted.DeliverTo("large", random() % (thins ? 5'000 : 400));
    } else if (roll < 19) {
      budgeted.Open();
    } else if (budgeted.Small().backlog_end == 0) {
      REQUIRE(budgeted.log().PartBacklog("small").ok());
    }
    const DestinationProgress small = budgeted.Small();
    REQUIRE(LedgerHolds(small));
    REQUIRE(small.ledger.appended == budgeted.appended_samples());
  }
  CHECK(DroppedOf(budgeted.Small(), reason) > 0);
  REQUIRE(Eventually([&] {
    budgeted.Deliver(SIZE_MAX);
    return budgeted.Small().ledger.pending == 0;
  }));
  const DestinationProgress done = budgeted.Small();
  CHECK(done.ledger.acknowledged == budgeted.delivered_samples());
  CHECK(done.ledger.appended == budgeted.appended_samples());
  CHECK(DroppedOf(done, reason) == budgeted.appended_samples() - budgeted.delivered_samples());
}
