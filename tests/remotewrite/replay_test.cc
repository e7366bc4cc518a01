// replay: live_first. After an outage fresh samples come first, the backlog beside them.
#include <random>

#include <catch2/catch.hpp>

#include "remotewrite/catch_up.h"
#include "remotewrite/delivery.h"
#include "simulation.h"

namespace sluice::remotewrite::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr ReplayConfig kLiveFirst{.order = ReplayOrder::kLiveFirst, .share = 0.5};

QueueConfig SmallQueue(uint32_t shards) {
  QueueConfig queue;
  queue.max_samples_per_send = 20;
  queue.batch_send_deadline = milliseconds(1'000);
  queue.max_shards = shards;
  return queue;
}

// Eight targets of ten series, on lanes of their own.
class Fleet {
 public:
  explicit Fleet(Simulation& simulation) : simulation_(simulation) {
    for (uint32_t i = 0; i < 8; ++i) {
      std::vector<std::string> names;
      for (int n = 0; n < 10; ++n) names.push_back("m" + std::to_string(n));
      targets_.push_back(MakeTarget("t" + std::to_string(i), i * 3, {names}));
    }
  }

  // Scrapes every second.
  void Run(seconds duration) {
    for (auto left = duration; left.count() > 0; --left) {
      for (const TestTarget& target : targets_)
        simulation_.log.Append(target, simulation_.wall_ms());
      simulation_.Run(seconds(1));
    }
  }

 private:
  Simulation& simulation_;
  std::vector<TestTarget> targets_;
};

TimestampMs NewestOf(const std::string& body) {
  TimestampMs newest = 0;
  for (const ReceivedSeries& series : DecodeRequest(body)) {
    for (const auto& sample : series.samples) newest = std::max(newest, sample.timestamp_ms);
  }
  return newest;
}

// How late the newest sample was that arrived in the 10 s after an outage of 60 s, when the
// receiver takes 20 samples each 50 ms afterwards, five times what is scraped.
milliseconds LatenessAfterOutage(ReplayConfig replay) {
  Simulation simulation(1, SmallQueue(1), {}, {}, {}, replay);
  Fleet fleet(simulation);
  fleet.Run(seconds(5));
  simulation.script = [](const std::string&) { return Fails(503); };
  fleet.Run(seconds(60));
  TimestampMs newest = 0;
  simulation.script = [&newest](const std::string& body) {
    newest = std::max(newest, NewestOf(body));
    Reply reply;
    reply.after = milliseconds(50);
    return reply;
  };
  fleet.Run(seconds(10));
  const milliseconds late(simulation.wall_ms() - newest);
  CHECK(simulation.log.ledger().pending > 500);
  simulation.script = [](const std::string&) { return Ok(); };
  REQUIRE(simulation.Drain(seconds(600)));
  CHECK(simulation.log.LedgerCloses());
  CHECK(simulation.log.ledger().acknowledged == simulation.log.ledger().appended);
  CHECK(simulation.receiver.distinct_samples() == simulation.log.ledger().appended);
  CHECK(simulation.receiver.duplicates() == 0);
  return late;
}

TEST_CASE("live_first has fresh samples there within seconds, and the backlog in the end",
          "[remotewrite][replay]") {
  CHECK(LatenessAfterOutage(kLiveFirst) < seconds(4));
  CHECK(LatenessAfterOutage(ReplayConfig{}) > seconds(30));
}

TEST_CASE("a backlog that the log parts goes first, with what is on its way, in whatever order",
          "[remotewrite][replay]") {
  const ReplayConfig replay = GENERATE(ReplayConfig{}, kLiveFirst);
  Simulation simulation(1, SmallQueue(4), {}, {}, {}, replay);
  simulation.receiver.any_order = replay.order == ReplayOrder::kLiveFirst;
  Fleet fleet(simulation);
  simulation.script = [](const std::string&) {
    Reply reply;
    reply.after = milliseconds(3'000);
    return reply;
  };
  fleet.Run(seconds(8));
  REQUIRE(simulation.in_flight() > 0);
  // As it does when a destination accepts frames again after it was full.
  REQUIRE(*simulation.log.PartBacklog());
  fleet.Run(seconds(5));
  simulation.script = [](const std::string&) { return Ok(); };
  fleet.Run(seconds(20));
  REQUIRE(simulation.Drain(seconds(600)));
  CHECK(simulation.log.LedgerCloses());
  CHECK(simulation.log.ledger().acknowledged == simulation.log.ledger().appended);
  CHECK(simulation.receiver.distinct_samples() == simulation.log.ledger().appended);
  CHECK(simulation.receiver.duplicates() == 0);
}

TEST_CASE("the backlog takes its share of the requests at most", "[remotewrite][replay]") {
  Simulation simulation(1, SmallQueue(8), {}, {}, {}, {ReplayOrder::kLiveFirst, 0.25});
  Fleet fleet(simulation);
  fleet.Run(seconds(5));
  simulation.script = [](const std::string&) { return Fails(503); };
  fleet.Run(seconds(100));
  const TimestampMs outage_end = simulation.wall_ms();
  std::multiset<TimestampMs> in_flight;  // when requests of the backlog end
  size_t most = 0;
  simulation.script = [&](const std::string& body) {
    Reply reply;
    reply.after = milliseconds(200);
    while (!in_flight.empty() && *in_flight.begin() <= simulation.wall_ms()) {
      in_flight.erase(in_flight.begin());
    }
    // What was on its way when the backlog was parted does not count.
    if (NewestOf(body) < outage_end && simulation.wall_ms() > outage_end + 20'000) {
      in_flight.insert(simulation.wall_ms() + 200);
    }
    most = std::max(most, in_flight.size());
    return reply;
  };
  fleet.Run(seconds(60));
  CHECK(most == 2);
  CHECK(simulation.most_in_flight() >= 3);
}

TEST_CASE("a restart in a replay goes on with both", "[remotewrite][replay]") {
  Simulation simulation(1, SmallQueue(2), {}, {}, {}, kLiveFirst);
  Fleet fleet(simulation);
  simulation.script = [](const std::string&) { return Fails(503); };
  fleet.Run(seconds(60));
  TimestampMs newest = 0;
  simulation.script = [&newest](const std::string& body) {
    newest = std::max(newest, NewestOf(body));
    Reply reply;
    reply.after = milliseconds(200);
    return reply;
  };
  fleet.Run(seconds(15));
  CHECK(simulation.delivery().View().replaying);
  simulation.Restart();
  newest = 0;
  fleet.Run(seconds(4));
  CHECK(simulation.delivery().View().replaying);
  CHECK(simulation.wall_ms() - newest < 4'000);
  simulation.script = [](const std::string&) { return Ok(); };
  REQUIRE(simulation.Drain(seconds(600)));
  simulation.Run(seconds(1));
  CHECK_FALSE(simulation.delivery().View().replaying);
  CHECK(simulation.receiver.distinct_samples() == simulation.log.ledger().appended);
}

TEST_CASE("whatever fails, live_first delivers every sample", "[remotewrite][replay][random]") {
  const auto seed = GENERATE(take(20, random(1U, 1'000'000'000U)));
  CAPTURE(seed);
  std::mt19937_64 rng(seed);
  Simulation simulation(seed, SmallQueue(6), {}, {}, {}, kLiveFirst);
  Fleet fleet(simulation);
  int trouble = 0;  // percent of requests
  int parted = 0;
  simulation.script = [&](const std::string&) {
    if (simulation.delivery().View().replaying) ++parted;
    Reply reply;
    reply.after = milliseconds(50 + rng() % 400);
    if (static_cast<int>(rng() % 100) >= trouble) return reply;
    const int statuses[] = {0, 500, 503, 429, 408, 401};
    reply = Fails(statuses[rng() % 6]);
    reply.after = milliseconds(1 + rng() % 2'000);
    reply.stores = rng() % 4 == 0;
    return reply;
  };
  for (int round = 0; round < 40; ++round) {
    if (round == 10 || round == 11) {  // an outage in any case, and its end
      trouble = round == 10 ? 100 : 0;
      fleet.Run(seconds(25));
    }
    if (rng() % 3 == 0) trouble = static_cast<int>(rng() % 3) * 50;
    if (rng() % 10 == 0) simulation.Restart();
    if (rng() % 10 == 0) simulation.log.acknowledgements_to_fail = 3;
    if (rng() % 10 == 0) simulation.log.scans_to_fail = 2;
    if (rng() % 10 == 0) simulation.log.loads_to_fail = 2;
    fleet.Run(seconds(static_cast<int>(rng() % 10)));
  }
  CHECK(parted > 0);
  trouble = 0;
  REQUIRE(simulation.Drain(seconds(3'600)));
  CHECK(simulation.log.LedgerCloses());
  CHECK(simulation.log.ledger().acknowledged == simulation.log.ledger().appended);
  CHECK(simulation.receiver.distinct_samples() == simulation.log.ledger().appended);
}

TEST_CASE("a rate limit holds in the long run, and what is late is not lost",
          "[remotewrite][replay]") {
  const bool by_bytes = GENERATE(false, true);
  Simulation simulation(1, SmallQueue(8));
  simulation.rate_limit = by_bytes ? RateLimitConfig{.bytes_per_second = 1'000}
                                   : RateLimitConfig{.samples_per_second = 100};
  simulation.Restart();
  Fleet fleet(simulation);
  simulation.script = [](const std::string&) { return Fails(503); };
  fleet.Run(seconds(60));
  uint64_t samples = 0;
  uint64_t bytes = 0;
  simulation.script = [&](const std::string& body) {
    for (const ReceivedSeries& series : DecodeRequest(body)) samples += series.samples.size();
    bytes += body.size();
    return Ok();
  };
  simulation.Run(seconds(10));  // for the last wait
  samples = bytes = 0;
  simulation.Run(seconds(20));
  if (by_bytes) {
    CHECK(bytes > 20 * 800);
    CHECK(bytes < 22 * 1'000);
  } else {
    CHECK(samples > 20 * 90);
    CHECK(samples < 22 * 100);
  }
  REQUIRE(simulation.Drain(seconds(600)));
  CHECK(simulation.receiver.distinct_samples() == simulation.log.ledger().appended);
}

TEST_CASE("an old backlog is thinned out, what is fresh and stale markers are not",
          "[remotewrite][replay]") {
  Simulation simulation(1, SmallQueue(4));
  simulation.thinning = {.after = seconds(60), .interval = seconds(10)};
  simulation.Restart();
  const TestTarget target = MakeTarget("t", 3, {{"a"}});
  simulation.script = [](const std::string&) { return Fails(503); };
  const TimestampMs start = simulation.wall_ms();
  for (int i = 0; i < 200; ++i) {
    const bool stale = i == 33;
    simulation.log.Append(target,
                          {.kind = stale ? buffer::FrameKind::kStale : buffer::FrameKind::kSamples,
                           .timestamp_ms = simulation.wall_ms()});
    simulation.Run(seconds(1));
  }
  simulation.script = [](const std::string&) { return Ok(); };
  const TimestampMs end = simulation.wall_ms();
  REQUIRE(simulation.Drain(seconds(60)));
  CHECK(simulation.log.LedgerCloses());
  REQUIRE(simulation.receiver.series().size() == 1);
  std::vector<TimestampMs> old_ones;
  size_t fresh = 0;
  for (const auto& [at, value] : simulation.receiver.series().begin()->second) {
    if (at < end - 61'000) {
      old_ones.push_back(at - start);
    } else {
      ++fresh;
    }
  }
  CHECK(fresh >= 50);
  CHECK(old_ones.size() <= 16 + 3);  // what was on its way before it was old is sent as it is
  CHECK(old_ones.size() >= 14);
  CHECK(std::count_if(old_ones.begin(), old_ones.end(),
                      [](TimestampMs at) { return at >= 33'000 && at < 34'000; }) == 1);
  CHECK(simulation.log.dropped(buffer::DropReason::kThinned) ==
        200 - simulation.receiver.distinct_samples());
}

TEST_CASE("what is older than the limit is dropped, read from the log or waiting in a retry",
          "[remotewrite][replay]") {
  QueueConfig queue = SmallQueue(2);
  queue.sample_age_limit = seconds(30);
  Simulation simulation(1, queue);
  Fleet fleet(simulation);
  simulation.script = [](const std::string&) { return Fails(503); };
  fleet.Run(seconds(100));
  const TimestampMs end = simulation.wall_ms();
  TimestampMs oldest = end;
  simulation.script = [&](const std::string& body) {
    for (const ReceivedSeries& series : DecodeRequest(body)) {
      for (const auto& sample : series.samples) oldest = std::min(oldest, sample.timestamp_ms);
    }
    return Ok();
  };
  REQUIRE(simulation.Drain(seconds(60)));
  CHECK(simulation.log.LedgerCloses());
  CHECK(oldest >= end - 30'000);
  CHECK(oldest <= end - 25'000);
  CHECK(simulation.receiver.distinct_samples() >= 25 * 80);
  CHECK(simulation.log.dropped(buffer::DropReason::kTooOld) ==
        simulation.log.ledger().appended - simulation.receiver.distinct_samples());
}

TEST_CASE("what waits in a retry is taken out frame by frame as it gets too old", "[replay]") {
  auto layout = std::make_shared<LayoutProjection>();
  layout->series_count = 5;
  std::vector<PlannedFrame> planned;
  for (const TimestampMs at : {1'000, 2'000, 3'000}) {
    PlannedFrame& each = planned.emplace_back();
    each.frame.sample_count = 5;
    each.frame.timestamp_ms = at;
    each.layout = layout;
  }
  Job job = std::move(MakeJobs(std::move(planned), 100).at(0));
  const auto is_before = [](TimestampMs end) {
    return [end](const QueuedFrame& frame) { return frame.timestamp_ms < end; };
  };
  CHECK_FALSE(TakeOut(job, is_before(1'000)).has_value());
  const std::optional<Part> old = TakeOut(job, is_before(2'500));
  REQUIRE(old.has_value());
  REQUIRE(old->slices.size() == 1);
  CHECK(old->slices[0].frame_begin == 0);
  CHECK(old->slices[0].frame_end == 2);
  REQUIRE(job.todo.size() == 1);
  CHECK(job.todo[0].slices[0].frame_begin == 2);
  CHECK(job.todo[0].slices[0].frame_end == 3);
  CHECK(job.set->frames[0].open_parts == 1);
  EndPart(job, *old, PartEnd::kTooOld);
  CHECK(TakeOutcomes(*job.set).size() == 2);
  CHECK(TakeOut(job, is_before(9'000)).has_value());
  CHECK(job.todo.empty());
}

TEST_CASE("thinning keeps one frame of each target in an interval", "[replay]") {
  Thinning thinning({.after = seconds(60), .interval = seconds(10)});
  std::string kept;
  const auto ask = [&](buffer::Sequence target_at, TimestampMs timestamp_ms, char kind = 0) {
    QueuedFrame frame;
    frame.target_at = target_at;
    frame.timestamp_ms = timestamp_ms;
    frame.stored = std::make_shared<const std::string>(std::string{1, kind});
    kept += thinning.Keeps(frame, 1'000'000) ? '+' : '-';
  };
  for (const TimestampMs at : {100'000, 105'000, 109'999, 110'000, 119'000, 125'000}) ask(7, at);
  ask(8, 126'000);
  ask(7, 127'000, 1);
  ask(7, 90'000);
  ask(7, 939'000);
  ask(7, 939'500);
  ask(7, 940'500);
  CHECK(kept ==
        "+--+-+"
        "+++"
        "+-+");
}

TEST_CASE("the estimate follows what the backlog lost in half a minute", "[replay]") {
  CatchUp catch_up;
  MonotonicTime now{};
  CHECK_FALSE(catch_up.Estimate().has_value());
  const auto add = [&](uint64_t pending, seconds after) {
    now += after;
    catch_up.Add({.pending = pending}, now);
    return catch_up.Estimate();
  };
  CHECK_FALSE(add(1'000, seconds(1)).has_value());
  CHECK(add(900, seconds(1)) == seconds(9));
  CHECK(add(800, seconds(1)) == seconds(8));
  CHECK_FALSE(add(1'200, seconds(1)).has_value());
  CHECK(add(0, seconds(1)) == seconds(0));
  add(5'000, seconds(60));
  CHECK_FALSE(catch_up.Estimate().has_value());
  for (int i = 0; i < 200; ++i) {
    now += milliseconds(200);
    catch_up.Add({.pending = static_cast<uint64_t>(4'000 - i * 10)}, now);
  }
  CHECK(catch_up.Estimate().value() >= seconds(40));
  CHECK(catch_up.Estimate().value() <= seconds(42));
}

TEST_CASE("damaged records of a backlog are booked", "[remotewrite][replay]") {
  Simulation simulation(1, SmallQueue(1), {}, {}, {}, kLiveFirst);
  Fleet fleet(simulation);
  simulation.script = [](const std::string&) { return Fails(503); };
  fleet.Run(seconds(30));
  const TestTarget lonely = MakeTarget("lonely", 1, {{"a"}});
  simulation.log.Damage(simulation.log.Append(lonely, simulation.wall_ms()));
  fleet.Run(seconds(2));
  simulation.script = [](const std::string&) { return Ok(); };
  fleet.Run(seconds(60));
  CHECK_FALSE(simulation.delivery().View().replaying);
  CHECK(simulation.log.dropped(buffer::DropReason::kDamaged) == 1);
  CHECK(simulation.log.LedgerCloses());
}

}  // namespace
}  // namespace sluice::remotewrite::test
