// Random operations on a log and on a simple picture of it, compared after each step.
#include <array>
#include <deque>
#include <limits>
#include <map>
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

struct ModelFrame {
  ReadFrame read;
  ContentId target;
  ContentId layout;
};

struct ModelDestination {
  bool attached = true;
  bool closed = false;
  uint64_t appended = 0;
  uint64_t acknowledged = 0;
  DropCounts dropped{};
  using Lanes = std::array<std::deque<Sequence>, kLaneCount>;  // by lane, in order
  Lanes pending;
  Lanes backlog;
};

class Model {
 public:
  Model(uint64_t seed, uint64_t bytes_max) : random_(seed) {
    fixture_.options.bytes_max = bytes_max;
    fixture_.options.epoch_bytes = 8 << 10;
    fixture_.options.write_buffer_bytes = 1 << 20;
    fixture_.options.sync_interval = std::chrono::milliseconds(1);
    // Frames are read from memory, from the store, or from either.
    fixture_.options.recent_bytes_max = std::array<uint64_t, 3>{2 << 20, 0, 4 << 10}[seed % 3];
    fixture_.Open();
  }

  void Step() {
    const uint64_t roll = random_() % 100;
    if (roll < 45) {
      Append();
    } else if (roll < 80) {
      Acknowledge();
    } else if (roll < 86) {
      Attach();
    } else if (roll < 88) {
      Detach();
    } else if (roll < 89) {
      Forget();
    } else if (roll < 91) {
      fixture_.Open();
    } else if (roll < 93) {
      PartBacklog();
    } else if (roll < 94) {
      SetBudget();
    } else if (roll < 95) {
      Close();
    } else {
      Read();
    }
    Compare();
  }

  void Read();

 private:
  void Append();
  void Acknowledge();
  void Attach();
  void Detach();
  void Forget();
  void PartBacklog();
  void Close();
  void SetBudget();
  void PassToBacklog(ModelDestination& destination);
  // Takes over what the budget dropped since the last look: which frames went follows from where
  // the lane now stands, and the booked samples must be exactly theirs.
  void FollowBudget(const DestinationProgress& progress, ModelDestination& destination);
  void Compare();

  // With what went over a budget in one number, whosever budget that was.
  static DropCounts DroppedOf(const DestinationProgress& progress) {
    DropCounts dropped = progress.ledger.dropped;
    dropped[static_cast<size_t>(DropReason::kBudget)] +=
        std::exchange(dropped[static_cast<size_t>(DropReason::kMaxBytes)], 0);
    return dropped;
  }

  std::string RandomName() { return std::string(1, static_cast<char>('a' + random_() % 4)); }

  std::mt19937_64 random_;
  LogFixture fixture_;
  std::map<std::string, ModelDestination> destinations_;
  std::map<Sequence, ModelFrame> frames_;  // all that somebody may still need
  int64_t appended_ = 0;
};

void Model::Append() {
  const Sequence from = fixture_.log().status().head;
  std::vector<TestFrame> frames;
  for (uint64_t i = 0; i <= random_() % 6; ++i) {
    const uint64_t host = random_() % 9;
    TestFrame frame = MakeFrame("host:" + std::to_string(host), host * 5, ++appended_,
                                random_() % (random_() % 10 == 0 ? 20'000 : 400));
    // Mostly the same layout; sometimes another one.
    const uint64_t kind = random_() % 20;
    frame.layout = MakeLayout("metric_" + std::to_string(kind < 17 ? host : kind), 9);
    frame.sample_count = static_cast<uint32_t>(random_() % 12);
    frames.push_back(std::move(frame));
  }
  std::vector<FrameAppend> appends;
  for (const TestFrame& frame : frames) appends.push_back(frame.Append());
  REQUIRE(fixture_.log().Append(appends).ok());
  if (destinations_.empty()) return;
  const std::vector<ReadFrame> read = ReadAll(fixture_.log(), from);
  REQUIRE(read.size() == frames.size());
  for (size_t i = 0; i < frames.size(); ++i) {
    REQUIRE(read[i].stored == frames[i].stored);
    REQUIRE(read[i].lane == frames[i].lane_hash % kLaneCount);
    frames_[read[i].sequence] = {
        .read = read[i], .target = frames[i].target->id, .layout = frames[i].layout->id};
    for (auto& [name, destination] : destinations_) {
      if (destination.closed) continue;
      destination.pending[read[i].lane].push_back(read[i].sequence);
      destination.appended += read[i].sample_count;
    }
  }
}

void Model::Acknowledge() {
  const std::string name = RandomName();
  const auto found = destinations_.find(name);
  if (found == destinations_.end()) return;
  ModelDestination& destination = found->second;
  std::vector<FrameOutcome> outcomes;
  const uint64_t lane_start = random_();
  for (uint32_t i = 0; i < 2 * kLaneCount; ++i) {
    const auto lane = static_cast<uint32_t>((lane_start + i * 7) % kLaneCount);
    std::deque<Sequence>& pending = (i % 2 == 0 ? destination.pending : destination.backlog)[lane];
    for (uint64_t n = random_() % (pending.size() + 1); n > 0; --n) {
      const ReadFrame& frame = frames_.at(pending.front()).read;
      FrameOutcome outcome = Acknowledged(frame);
      if (random_() % 4 == 0) {
        outcome.dropped[random_() % 2] = outcome.acknowledged / 3;
        outcome.acknowledged -= outcome.acknowledged / 3;
      }
      outcomes.push_back(outcome);
      pending.pop_front();
    }
  }
  REQUIRE(fixture_.log().Acknowledge(name, outcomes, {}).ok());
  // Some of them may have been dropped by the budget before this; those were ignored.
  const DestinationProgress progress = *fixture_.log().Progress(name);
  uint64_t wanted = destination.acknowledged;
  DropCounts dropped = destination.dropped;
  for (const FrameOutcome& outcome : outcomes) {
    wanted += outcome.acknowledged;
    for (size_t i = 0; i < 2; ++i) dropped[i] += outcome.dropped[i];
  }
  const auto budget = static_cast<size_t>(DropReason::kBudget);
  const uint64_t missing = wanted - progress.ledger.acknowledged + dropped[0] + dropped[1] -
                           progress.ledger.dropped[0] - progress.ledger.dropped[1];
  CHECK(DroppedOf(progress)[budget] >= destination.dropped[budget] + missing);
  destination.acknowledged = progress.ledger.acknowledged;
  destination.dropped[0] = progress.ledger.dropped[0];
  destination.dropped[1] = progress.ledger.dropped[1];
  destination.dropped[budget] += missing;
}

void Model::Attach() {
  const std::string name = RandomName();
  const auto before = fixture_.log().Progress(name);
  // With a backlog that was there before the gap, what the budget drops is not exact.
  if (before && before->closed_at != 0 && before->backlog_end != 0) return;
  const Result<DestinationProgress> progress = fixture_.log().Attach(name);
  REQUIRE(progress.ok());
  if (before && before->closed_at != 0 && progress->backlog_end != 0) {
    PassToBacklog(destinations_[name]);
  }
  destinations_[name].attached = true;
  destinations_[name].closed = false;
}

void Model::Detach() {
  const std::string name = RandomName();
  REQUIRE(fixture_.log().Detach(name).ok());
  if (destinations_.count(name) > 0) destinations_[name].attached = false;
}

void Model::Forget() {
  const std::string name = RandomName();
  REQUIRE(fixture_.log().Forget(name).ok());
  destinations_.erase(name);
}

void Model::Close() {
  const std::string name = RandomName();
  REQUIRE(fixture_.log().Close(name).ok());
  if (destinations_.count(name) == 0) return;
  destinations_[name].attached = false;
  destinations_[name].closed = true;
}

// Of the log with little room for all, that of one is no more than some of it.
void Model::SetBudget() {
  const uint64_t bytes_max = random_() % 3 == 0 ? 0 : 40'000 + random_() % 100'000;
  fixture_.log().SetBudgets({{RandomName(), {.bytes_max = bytes_max}}});
}

void Model::PartBacklog() {
  const std::string name = RandomName();
  const Result<bool> parted = fixture_.log().PartBacklog(name);
  if (destinations_.count(name) == 0) {
    CHECK(parted.error().code == ErrorCode::kNotFound);
    return;
  }
  REQUIRE(parted.ok());
  ModelDestination& destination = destinations_[name];
  if (!*parted) {
    // The budget may have taken what was pending meanwhile.
    CHECK((fixture_.log().Progress(name)->backlog_end != 0 ||
           fixture_.log().Progress(name)->ledger.pending == 0));
    return;
  }
  if (fixture_.log().Progress(name)->backlog_end == 0) return;  // the budget took it
  PassToBacklog(destination);
}

void Model::PassToBacklog(ModelDestination& destination) {
  // The budget took what was left of the one before.
  for (std::deque<Sequence>& gone : destination.backlog) {
    for (const Sequence sequence : std::exchange(gone, {})) {
      destination.dropped[static_cast<size_t>(DropReason::kBudget)] +=
          frames_.at(sequence).read.sample_count;
    }
  }
  destination.backlog = std::exchange(destination.pending, {});
}

void Model::FollowBudget(const DestinationProgress& progress, ModelDestination& destination) {
  constexpr auto kBudget = static_cast<size_t>(DropReason::kBudget);
  const auto follow = [&](std::deque<Sequence>& pending, Sequence next) {
    while (!pending.empty() && pending.front() < next) {
      destination.dropped[kBudget] += frames_.at(pending.front()).read.sample_count;
      pending.pop_front();
    }
  };
  constexpr Sequence kAll = std::numeric_limits<Sequence>::max();
  for (uint32_t lane = 0; lane < kLaneCount; ++lane) {
    follow(destination.pending[lane], progress.lanes[lane].next);
    follow(destination.backlog[lane],
           progress.backlog_end == 0 ? kAll : progress.backlog[lane].next);
  }
}

void Model::Compare() {
  const std::vector<DestinationProgress> all = fixture_.log().AllProgress();
  REQUIRE(all.size() == destinations_.size());
  for (const DestinationProgress& progress : all) {
    CAPTURE(progress.name);
    REQUIRE(destinations_.count(progress.name) == 1);
    ModelDestination& destination = destinations_[progress.name];
    FollowBudget(progress, destination);
    CHECK(progress.attached == destination.attached);
    CHECK((progress.closed_at != 0) == destination.closed);
    REQUIRE(LedgerHolds(progress));
    REQUIRE(progress.ledger.appended == destination.appended);
    REQUIRE(progress.ledger.acknowledged == destination.acknowledged);
    REQUIRE(DroppedOf(progress) == destination.dropped);
    for (uint32_t lane = 0; lane < kLaneCount; ++lane) {
      uint64_t samples = 0;
      uint64_t bytes = 0;
      for (const Sequence sequence : destination.pending[lane]) {
        samples += frames_.at(sequence).read.sample_count;
        bytes += frames_.at(sequence).read.record_bytes;
      }
      REQUIRE(progress.lanes[lane].pending_samples == samples);
      REQUIRE(progress.lanes[lane].pending_bytes == bytes);
      samples = 0;
      for (const Sequence sequence : destination.backlog[lane]) {
        samples += frames_.at(sequence).read.sample_count;
      }
      REQUIRE(progress.backlog[lane].pending_samples == samples);
    }
  }
}

// Every frame that somebody needs is handed out, byte for byte, and can be understood.
void Model::Read() {
  Log& log = fixture_.log();
  std::map<Sequence, ReadFrame> read;
  for (ReadFrame& frame : ReadAll(log, log.status().oldest))
    read[frame.sequence] = std::move(frame);
  Compare();  // what the budget dropped meanwhile is not pending any more
  std::set<Sequence> needed;
  for (const auto& [name, destination] : destinations_) {
    for (const auto* lanes : {&destination.pending, &destination.backlog}) {
      for (const auto& lane : *lanes) needed.insert(lane.begin(), lane.end());
    }
  }
  for (const Sequence sequence : needed) {
    CAPTURE(sequence);
    const ModelFrame& expected = frames_.at(sequence);
    REQUIRE(read.count(sequence) == 1);
    REQUIRE(read[sequence].stored == expected.read.stored);
    const Result<StoredTarget> target = log.LoadTarget(expected.read.target_at);
    const Result<StoredLayout> layout = log.LoadLayout(expected.read.layout_at);
    if (!target.ok() || !layout.ok()) {
      // Only if the budget took it between the scan and now.
      REQUIRE(log.status().oldest > sequence);
      continue;
    }
    REQUIRE(target.value().id == expected.target);
    REQUIRE(layout.value().id == expected.layout);
  }
  frames_.erase(frames_.begin(),
                needed.empty() ? frames_.end() : frames_.lower_bound(*needed.begin()));
}

}  // namespace

TEST_CASE("a log behaves like a simple model under random operations", "[log][model]") {
  // Without pressure, and with a budget that is hit all the time.
  const uint64_t bytes_max = GENERATE(uint64_t{1} << 30, uint64_t{100} << 10);
  const uint64_t seed = std::random_device{}();
  CAPTURE(seed, bytes_max);
  Model model(seed, bytes_max);
  for (int step = 0; step < 1500; ++step) {
    CAPTURE(step);
    model.Step();
  }
  model.Read();
}
