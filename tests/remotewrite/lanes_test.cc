#include "remotewrite/lanes.h"

#include <catch2/catch.hpp>

#include "memory_log.h"
#include "receiver.h"
#include "remotewrite/part_encoder.h"
#include "remotewrite/planner.h"

namespace sluice::remotewrite::test {
namespace {

const MonotonicTime kNow{};

Lanes::Limits SmallLimits() {
  return {.lane_bytes_max = 2'000, .ready_bytes_min = 4'000, .scan_records_max = 50};
}

void ReadAll(Lanes& lanes, MemoryLog& log) {
  while (true) {
    lanes.Follow(log.Progress()->lanes);
    const Result<Lanes::ReadEnd> end = lanes.Read(log, kNow);
    REQUIRE(end.ok());
    if (*end != Lanes::ReadEnd::kMore) return;
  }
}

TEST_CASE("a frame that is in memory anyway is queued without a copy of its bytes",
          "[remotewrite]") {
  buffer::FrameRecord frame;
  const auto held = std::make_shared<const std::string>("bytes");
  frame.stored = *held;
  const QueuedFrame copied = CopyFrame(frame, kNow);
  CHECK(*copied.stored == "bytes");
  CHECK(copied.stored != held);
  frame.held = held;
  CHECK(CopyFrame(frame, kNow).stored == held);
}

TEST_CASE("a lane that is stuck keeps neither the others nor more than its share",
          "[remotewrite]") {
  MemoryLog log;
  std::vector<TestTarget> targets;
  for (uint32_t i = 0; i < 4; ++i)
    targets.push_back(MakeTarget("t" + std::to_string(i), i, {{"a"}}));
  for (int i = 0; i < 500; ++i) {
    for (const TestTarget& target : targets) log.Append(target, i);
  }
  Lanes lanes(SmallLimits());
  std::array<buffer::Sequence, 4> last{};
  std::array<int, 4> taken{};
  for (int round = 0; round < 3'000; ++round) {
    ReadAll(lanes, log);
    CHECK(lanes.queued_bytes() <= 4 * 2'000);
    for (uint32_t lane = 1; lane < 4; ++lane) {  // nobody takes from lane 0
      if (lanes.Front(lane) == nullptr) continue;
      const QueuedFrame frame = lanes.Take(lane);
      CHECK(frame.sequence > last[lane]);
      last[lane] = frame.sequence;
      ++taken[lane];
    }
  }
  CHECK(taken == std::array<int, 4>{0, 500, 500, 500});
  const uint64_t read_so_far = log.records_read();
  CHECK(read_so_far < 4 * 2'000);
  for (int i = 0; i < 500; ++i) {
    ReadAll(lanes, log);
    REQUIRE(lanes.Front(0) != nullptr);
    const QueuedFrame frame = lanes.Take(0);
    CHECK(frame.sequence > last[0]);
    last[0] = frame.sequence;
  }
  ReadAll(lanes, log);
  CHECK(lanes.Front(0) == nullptr);
}

TEST_CASE("lanes that drain alike are read together", "[remotewrite]") {
  MemoryLog log;
  for (int i = 0; i < 300; ++i) {
    for (uint32_t lane = 0; lane < 32; ++lane) {
      log.Append(MakeTarget("t" + std::to_string(lane), lane, {{"a"}}), i);
    }
  }
  Lanes lanes({.lane_bytes_max = 8'000, .ready_bytes_min = 32'000, .scan_records_max = 4'096});
  uint64_t taken = 0;
  while (taken < 9'600) {
    ReadAll(lanes, log);
    for (uint32_t lane = 0; lane < 32; ++lane) {
      if (lanes.Front(lane) == nullptr) continue;
      lanes.Take(lane);
      ++taken;
    }
  }
  CHECK(log.records_read() < 2 * 9'700);
}

TEST_CASE("an idle lane costs no records to read", "[remotewrite]") {
  MemoryLog log;
  for (int i = 0; i < 1'000; ++i) log.Append(MakeTarget("t", 7, {{"a"}}), i);
  Lanes lanes(SmallLimits());
  ReadAll(lanes, log);
  const uint64_t after_first = log.records_read();
  CHECK(after_first < 200);
  for (int i = 0; i < 100; ++i) ReadAll(lanes, log);
  CHECK(log.records_read() <= after_first + 100);
}

TEST_CASE("a request takes the frames of its shard in log order up to its size", "[remotewrite]") {
  MemoryLog log;
  std::vector<TestTarget> targets;
  for (uint32_t i = 0; i < 6; ++i) {
    targets.push_back(MakeTarget("t" + std::to_string(i), i, {{"a", "b", "c"}}));
  }
  for (int i = 0; i < 4; ++i) {
    for (const TestTarget& target : targets) log.Append(target, i);
  }
  Lanes lanes(Lanes::Limits{});
  ReadAll(lanes, log);
  const PlanLimits limits{.shards = 2, .samples_max = 20, .deadline = std::chrono::hours(1)};
  const Plan plan = TakeRequest(lanes, limits, {.now = kNow, .wall_ms = 0, .hurry = false}, 1);
  REQUIRE(plan.frames.size() == 6);
  CHECK(plan.full);
  buffer::Sequence last = 0;
  for (const QueuedFrame& frame : plan.frames) {
    CHECK(frame.lane % 2 == 1);
    CHECK(frame.sequence > last);
    last = frame.sequence;
    CHECK(lanes.IsReserved(frame.lane));
  }
  // Its lanes are on their way: what they still hold has to wait, whatever the number of shards.
  const PlanLimits fewer{.shards = 1, .samples_max = 20, .deadline = std::chrono::hours(1)};
  const Plan next = TakeRequest(lanes, fewer, {.now = kNow, .wall_ms = 0, .hurry = false}, 0);
  REQUIRE(next.frames.size() == 6);
  for (const QueuedFrame& frame : next.frames) CHECK(frame.lane % 2 == 0);
  CHECK(TakeRequest(lanes, fewer, {.now = kNow, .wall_ms = 0, .hurry = true}, 0).frames.empty());
}

TEST_CASE("a request waits for enough samples, and takes more if they are there", "[remotewrite]") {
  MemoryLog log;
  Lanes lanes(Lanes::Limits{});
  const auto append = [&](uint32_t first, uint32_t count) {
    for (uint32_t lane = first; lane < first + count; ++lane) {
      log.Append(MakeTarget("t" + std::to_string(lane), lane, {{"a", "b", "c"}}), 0);
    }
    ReadAll(lanes, log);
  };
  const PlanLimits limits{
      .shards = 4, .samples_max = 18, .samples_enough = 9, .deadline = std::chrono::hours(1)};
  const PlanTime time{.now = kNow, .wall_ms = 0, .hurry = false};
  append(0, 2);
  CHECK(TakeRequest(lanes, limits, time, 0).frames.empty());
  append(2, 3);
  const Plan some = TakeRequest(lanes, limits, time, 0);
  CHECK(some.frames.size() == 5);
  CHECK_FALSE(some.full);
  append(5, 7);
  const Plan full = TakeRequest(lanes, limits, time, 0);
  CHECK(full.frames.size() == 6);
  CHECK(full.full);
  CHECK(TakeRequest(lanes, limits, time, 0).frames.empty());
}

TEST_CASE("of what is late a request takes no more than enough", "[remotewrite]") {
  MemoryLog log;
  for (uint32_t lane = 0; lane < 7; ++lane) {
    log.Append(MakeTarget("t" + std::to_string(lane), lane, {{"a", "b", "c"}}), 0);
  }
  Lanes lanes(Lanes::Limits{});
  ReadAll(lanes, log);
  const PlanLimits limits{
      .shards = 1, .samples_max = 18, .samples_enough = 9, .deadline = std::chrono::seconds(5)};
  const PlanTime time{.now = kNow, .wall_ms = 20'000, .hurry = false};
  for (const size_t frames : {3U, 3U, 1U}) {
    CHECK(TakeRequest(lanes, limits, time, 0).frames.size() == frames);
  }
}

TEST_CASE("lanes are not parted further than there are requests to fill", "[remotewrite]") {
  MemoryLog log;
  for (uint32_t lane = 0; lane < 7; ++lane) {
    log.Append(MakeTarget("t" + std::to_string(lane), lane, {{"a", "b", "c"}}), 0);
  }
  Lanes lanes(Lanes::Limits{});
  ReadAll(lanes, log);
  const PlanLimits limits{.shards = 6, .samples_max = 9, .deadline = std::chrono::hours(1)};
  const PlanTime time{.now = kNow, .wall_ms = 0, .hurry = false};
  // 21 samples are two requests, and what is left waits for company.
  const Plan first = TakeRequest(lanes, limits, time, 0);
  CHECK(first.frames.size() == 3);
  CHECK(first.full);
  const Plan second = TakeRequest(lanes, limits, time, 1);
  CHECK(second.frames.size() == 3);
  CHECK(TakeRequest(lanes, limits, time, 2).frames.empty());
  CHECK(lanes.ready_samples() == 3);
}

TEST_CASE("frames of one target and layout share an entry, and a changed layout keeps the order",
          "[remotewrite]") {
  MemoryLog log;
  const relabel::Labels none;
  const relabel::Program nothing;
  ProjectionCache cache(log, {none, nothing}, 1 << 20);
  TestTarget target = MakeTarget("t", 1, {{"a", "b"}});
  const TestTarget other = MakeTarget("u", 1, {{"a"}});
  const auto columns = [](TimestampMs at) {
    return buffer::FrameColumns{.kind = buffer::FrameKind::kSamples, .timestamp_ms = at};
  };
  log.Append(target, columns(1));
  log.Append(other, columns(2));
  log.Append(target, columns(3));
  SetMetrics(target, {{"a"}});
  log.Append(target, columns(4));
  SetMetrics(target, {{"a", "b"}});
  log.Append(target, columns(5));
  log.Append(target, {.kind = buffer::FrameKind::kStale, .timestamp_ms = 6});
  // Timestamps of the target's own that stand still.
  const std::vector<TimestampMs> own = {6, buffer::kNoTimestamp};
  log.Append(target, {.timestamp_ms = 8, .timestamps = own});

  std::vector<PlannedFrame> planned = PlanFrames(log, cache, kNow);
  Job job = std::move(MakeJobs(std::move(planned), 2'000).at(0));
  REQUIRE(job.groups.size() == 4);
  PartEncoder encoder({});
  encoder.Encode(job, job.todo.front());
  CHECK(job.todo.front().counts.samples == 2 * 2 + 1 + 1 + 3 * 2);

  std::vector<std::pair<std::string, std::vector<TimestampMs>>> got;
  for (const ReceivedSeries& series : DecodeRequest(*job.todo.front().body)) {
    std::vector<TimestampMs> times;
    for (const ReceivedSample& sample : series.samples) {
      times.push_back(sample.timestamp_ms);
      const bool stale = sample.bits == buffer::kStaleNanBits;
      if (series.samples.size() > 1 || times.back() != 6) CHECK(stale == (times.back() == 6));
    }
    got.emplace_back(series.labels.at("instance") + series.labels.at("__name__"), times);
  }
  const std::vector<std::pair<std::string, std::vector<TimestampMs>>> want = {
      {"ta", {1, 3}}, {"tb", {1, 3}}, {"ua", {2}},      {"ta", {4}},
      {"ta", {5, 6}}, {"ta", {6}},    {"tb", {5, 6, 8}}};
  CHECK(got == want);
}

}  // namespace
}  // namespace sluice::remotewrite::test
