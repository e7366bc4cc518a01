#include "remotewrite/delivery.h"

#include <random>

#include <catch2/catch.hpp>

#include "simulation.h"

namespace sluice::remotewrite::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

std::vector<std::string> Names(const std::string& prefix, uint64_t count) {
  std::vector<std::string> names;
  for (uint64_t i = 0; i < count; ++i) names.push_back(prefix + std::to_string(i));
  return names;
}

// Twenty targets on random lanes, whose layouts change now and then.
class Fleet {
 public:
  Fleet(Simulation& simulation, std::mt19937_64& rng) : simulation_(simulation), rng_(rng) {
    for (int i = 0; i < 20; ++i) {
      targets_.push_back(MakeTarget("t" + std::to_string(i),
                                    static_cast<uint32_t>(rng_() % buffer::kLaneCount),
                                    {Names("a", 3)}));
    }
  }

  void Scrape() {
    const TimestampMs now = simulation_.wall_ms();
    for (TestTarget& target : targets_) {
      if (rng_() % 10 == 0)
        SetMetrics(target, {Names("a", 1 + rng_() % 4), Names("b", rng_() % 3)});
      if (target.layout->series_count == 0) continue;
      const bool stale = rng_() % 20 == 0;
      if (rng_() % 50 == 0) simulation_.log.StartEpoch();
      std::vector<uint8_t> present;
      for (uint32_t i = 0; i < target.layout->series_count; ++i) present.push_back(rng_() % 4 != 0);
      const bool sparse = !stale && rng_() % 4 == 0;
      const buffer::FrameKind kind =
          stale ? buffer::FrameKind::kStale : buffer::FrameKind::kSamples;
      buffer::FrameColumns columns{.kind = kind, .timestamp_ms = now};
      if (sparse) columns.present = present;
      simulation_.log.Append(target, columns);
    }
  }

 private:
  Simulation& simulation_;
  std::mt19937_64& rng_;
  std::vector<TestTarget> targets_;
};

QueueConfig SmallQueue() {
  QueueConfig queue;
  queue.max_samples_per_send = 20;
  queue.batch_send_deadline = milliseconds(2'000);
  queue.max_shards = 12;
  return queue;
}

TEST_CASE("whatever fails and however answers are mixed up, every sample arrives in order",
          "[remotewrite][random]") {
  const auto seed = GENERATE(take(40, random(1U, 1'000'000'000U)));
  CAPTURE(seed);
  std::mt19937_64 rng(seed);
  Simulation simulation(seed, SmallQueue());
  Fleet fleet(simulation, rng);
  int trouble = 0;  // percent of requests
  simulation.script = [&](const std::string&) {
    Reply reply;
    reply.after = milliseconds(1 + rng() % 400);
    if (static_cast<int>(rng() % 100) < trouble) {
      const int statuses[] = {0, 500, 503, 429, 408, 401, 404};
      reply = Fails(statuses[rng() % 7]);
      reply.after = milliseconds(1 + rng() % 2'000);
      reply.stores = rng() % 4 == 0;  // the answer was lost, not the request
      if (rng() % 8 == 0) reply.answer.retry_after = milliseconds(1 + rng() % 3'000);
    }
    return reply;
  };
  for (int round = 0; round < 60; ++round) {
    if (rng() % 6 == 0) trouble = static_cast<int>(rng() % 3) * 45;
    if (rng() % 20 == 0) simulation.Restart();
    if (rng() % 10 == 0) simulation.log.acknowledgements_to_fail = 3;
    if (rng() % 10 == 0) simulation.log.scans_to_fail = 2;
    if (rng() % 10 == 0) simulation.log.loads_to_fail = 2;
    for (uint64_t i = rng() % 5; i > 0; --i) {
      fleet.Scrape();
      simulation.Run(milliseconds(1));
    }
    simulation.Run(milliseconds(rng() % 3'000));
  }
  trouble = 0;
  REQUIRE(simulation.Drain(seconds(600)));
  CHECK(simulation.log.LedgerCloses());
  CHECK(simulation.log.ledger().pending == 0);
  CHECK(simulation.log.ledger().acknowledged == simulation.log.ledger().appended);
  CHECK(simulation.receiver.distinct_samples() == simulation.log.ledger().appended);
}

TEST_CASE("without trouble nothing is sent twice", "[remotewrite]") {
  std::mt19937_64 rng(5);
  Simulation simulation(5, SmallQueue());
  Fleet fleet(simulation, rng);
  for (int i = 0; i < 100; ++i) {
    fleet.Scrape();
    simulation.Run(milliseconds(rng() % 1'000));
  }
  REQUIRE(simulation.Drain(seconds(60)));
  CHECK(simulation.receiver.duplicates() == 0);
  CHECK(simulation.receiver.distinct_samples() == simulation.log.ledger().appended);
}

TEST_CASE("a backlog goes out in full requests, more and more of them at once", "[remotewrite]") {
  QueueConfig queue;
  queue.max_samples_per_send = 100;
  queue.max_shards = 8;
  Simulation simulation(1, queue);
  std::vector<TestTarget> targets;
  for (uint32_t i = 0; i < 32; ++i) {
    targets.push_back(MakeTarget("t" + std::to_string(i), i, {Names("a", 10)}));
  }
  for (int minute = 0; minute < 100; ++minute) {
    for (const TestTarget& target : targets) {
      simulation.log.Append(target, simulation.wall_ms() - 7'200'000 + minute * 60'000);
    }
  }
  REQUIRE(simulation.Drain(seconds(60)));
  CHECK(simulation.receiver.distinct_samples() == 32'000);
  CHECK(simulation.requests() < 360);
  CHECK(simulation.most_in_flight() == 8);
  CHECK(simulation.delivery().concurrency().desired() >= 8);
}

TEST_CASE("a frame waits for company until the deadline, and a full request for nothing",
          "[remotewrite]") {
  QueueConfig queue;
  queue.max_samples_per_send = 10;
  queue.batch_send_deadline = milliseconds(5'000);
  Simulation simulation(1, queue);
  const TestTarget target = MakeTarget("t", 3, {Names("a", 4)});
  simulation.log.Append(target, simulation.wall_ms());
  simulation.Run(milliseconds(4'800));
  CHECK(simulation.requests() == 0);
  simulation.Run(milliseconds(400));
  CHECK(simulation.requests() == 1);
  for (int i = 0; i < 3; ++i) simulation.log.Append(target, simulation.wall_ms() + i);
  simulation.Run(milliseconds(300));
  CHECK(simulation.requests() == 2);  // two of them fit
  CHECK(simulation.receiver.distinct_samples() == 12);
}

TEST_CASE("a frame far too large for a request is sent in parts and acknowledged once",
          "[remotewrite]") {
  QueueConfig queue;
  queue.max_samples_per_send = 100;
  Simulation simulation(1, queue);
  const TestTarget target = MakeTarget("t", 3, {Names("a", 700), Names("b", 350)});
  simulation.log.Append(target, simulation.wall_ms());
  simulation.log.Append(
      target, {.kind = buffer::FrameKind::kStale, .timestamp_ms = simulation.wall_ms() + 1});
  uint64_t most = 0;
  simulation.script = [&](const std::string& body) {
    most = std::max<uint64_t>(most, DecodeRequest(body).size());
    CHECK(simulation.log.ledger().acknowledged % 1'050 == 0);
    return Ok();
  };
  REQUIRE(simulation.Drain(seconds(60)));
  CHECK(most == 100);
  CHECK(simulation.requests() == 22);
  CHECK(simulation.receiver.distinct_samples() == 2'100);
}

TEST_CASE("a request that fails for ever holds up its lane alone", "[remotewrite]") {
  QueueConfig queue = SmallQueue();
  queue.max_shards = 1;
  Simulation simulation(1, queue);
  simulation.script = [](const std::string& body) {
    return LabelValues(body, "instance").count("poison") != 0 ? Fails(500) : Ok();
  };
  std::vector<TestTarget> targets;
  for (uint32_t i = 0; i < 8; ++i) {
    targets.push_back(MakeTarget(i == 5 ? "poison" : "t" + std::to_string(i), i, {Names("a", 2)}));
  }
  for (int round = 0; round < 100; ++round) {
    for (const TestTarget& target : targets) simulation.log.Append(target, simulation.wall_ms());
    simulation.Run(milliseconds(5'000));
  }
  simulation.Run(seconds(10));
  CHECK(simulation.log.ledger().pending == 200);
  CHECK(simulation.log.ledger().acknowledged == 1'400);
  CHECK(simulation.log.LedgerCloses());
}

TEST_CASE("an outage is probed with few requests and its end is noticed soon", "[remotewrite]") {
  Simulation simulation(1, SmallQueue());
  std::mt19937_64 rng(1);
  Fleet fleet(simulation, rng);
  simulation.script = [](const std::string&) { return Fails(0); };
  for (int i = 0; i < 60; ++i) {
    fleet.Scrape();
    simulation.Run(seconds(10));
  }
  CHECK(simulation.requests() < 1'250);  // 600 seconds, one each 0.5 to 1
  CHECK(simulation.delivery().View().retrying);
  CHECK(simulation.delivery().concurrency().active() == 1);
  simulation.script = [](const std::string&) { return Ok(); };
  simulation.Run(seconds(2));
  CHECK_FALSE(simulation.delivery().View().retrying);
  REQUIRE(simulation.Drain(seconds(20)));
  CHECK(simulation.receiver.distinct_samples() == simulation.log.ledger().appended);
}

TEST_CASE("however large max_backoff is, a receiver that is back is noticed within 5 seconds",
          "[remotewrite]") {
  const uint64_t seed = GENERATE(1U, 2U, 3U, 4U, 5U, 6U, 7U, 8U);
  // Down, hanging, and refusing every request.
  const int status = GENERATE(0, 503, 401);
  CAPTURE(seed, status);
  QueueConfig queue = SmallQueue();
  queue.min_backoff = seconds(1);
  queue.max_backoff = seconds(3'600);
  // So small that there is always something that is not in a request that hangs.
  queue.max_samples_per_send = 5;
  Simulation simulation(seed, queue);
  std::mt19937_64 rng(seed);
  Fleet fleet(simulation, rng);
  simulation.script = [status](const std::string&) {
    Reply reply = Fails(status);
    if (status == 0) reply.after = seconds(30);
    return reply;
  };
  for (int i = 0; i < 30; ++i) {
    fleet.Scrape();
    simulation.Run(seconds(7));
  }
  CHECK(simulation.requests() < 120);  // in 210 seconds
  const uint64_t before = simulation.receiver.distinct_samples();
  simulation.script = [](const std::string&) { return Ok(); };
  simulation.Run(milliseconds(5'100));
  CHECK(simulation.receiver.distinct_samples() > before);
}

TEST_CASE("a receiver that can be reached again is noticed within a second", "[remotewrite]") {
  const uint64_t seed = GENERATE(1U, 2U, 3U, 4U, 5U, 6U, 7U, 8U);
  // As long as it takes to double the wait to 1 s, to 5 s, and many times that.
  const int outage_s = GENERATE(4, 15, 100);
  CAPTURE(seed, outage_s);
  Simulation simulation(seed, SmallQueue());
  std::mt19937_64 rng(seed);
  Fleet fleet(simulation, rng);
  simulation.script = [](const std::string&) { return Fails(0); };
  for (int second = 0; second < outage_s; ++second) {
    fleet.Scrape();
    simulation.Run(seconds(1));
  }
  const uint64_t before = simulation.receiver.distinct_samples();
  simulation.script = [](const std::string&) { return Ok(); };
  simulation.Run(milliseconds(1'100));
  CHECK(simulation.receiver.distinct_samples() > before);
}

TEST_CASE("a wish of Retry-After is honoured", "[remotewrite]") {
  Simulation simulation(1, SmallQueue());
  simulation.script = [](const std::string&) {
    Reply reply = Fails(429);
    reply.answer.retry_after = seconds(60);
    return reply;
  };
  const TestTarget target = MakeTarget("t", 3, {Names("a", 2)});
  simulation.log.Append(target, simulation.wall_ms() - 100'000);
  simulation.Run(seconds(59));
  CHECK(simulation.requests() == 1);
  simulation.Run(seconds(8));
  CHECK(simulation.requests() == 2);
}

TEST_CASE("a receiver that refuses everything pauses the destination and loses nothing",
          "[remotewrite]") {
  const int status = GENERATE(401, 403, 404, 405, 302, 400);
  CAPTURE(status);
  Simulation simulation(1, SmallQueue());
  std::mt19937_64 rng(1);
  Fleet fleet(simulation, rng);
  simulation.script = [&](const std::string&) { return Fails(status); };
  for (int i = 0; i < 30; ++i) {
    fleet.Scrape();
    simulation.Run(seconds(10));
  }
  CHECK(simulation.delivery().View().paused);
  CHECK(simulation.delivery().View().last_error.find(std::to_string(status)) != std::string::npos);
  CHECK(simulation.log.ledger().pending == simulation.log.ledger().appended);
  CHECK(simulation.requests() < 300);
  simulation.script = [](const std::string&) { return Ok(); };
  simulation.Run(seconds(7));
  CHECK_FALSE(simulation.delivery().View().paused);
  REQUIRE(simulation.Drain(seconds(60)));
  CHECK(simulation.receiver.distinct_samples() == simulation.log.ledger().appended);
}

TEST_CASE("samples that a rule drops are booked and never sent", "[remotewrite]") {
  relabel::Rule rule;
  rule.action = relabel::Action::kDrop;
  rule.source_labels = {"__name__"};
  rule.regex = "a1|b.*";
  auto program = relabel::Program::Compile({rule});
  REQUIRE(program.ok());
  Simulation simulation(1, SmallQueue(), {{"cluster", "x"}}, *program);
  const TestTarget mixed = MakeTarget("t", 3, {Names("a", 3), Names("b", 2)});
  const TestTarget dropped = MakeTarget("u", 4, {Names("b", 5)});
  const std::vector<uint8_t> present = {1, 0, 1, 0, 1};
  simulation.log.Append(mixed, simulation.wall_ms());
  simulation.log.Append(mixed, {.timestamp_ms = simulation.wall_ms() + 1, .present = present});
  for (int i = 0; i < 1'000; ++i) simulation.log.Append(dropped, simulation.wall_ms() + i);
  REQUIRE(simulation.Drain(seconds(60)));
  CHECK(simulation.log.dropped(buffer::DropReason::kRelabel) == 3 + 1 + 5'000);
  CHECK(simulation.log.ledger().acknowledged == 4);
  CHECK(simulation.log.LedgerCloses());
  CHECK(simulation.requests() == 1);
  CHECK(simulation.receiver.series().count("__name__=a0,cluster=x,instance=t,lane=3,") == 1);
  CHECK(simulation.receiver.series().size() == 2);
}

TEST_CASE("a damaged record costs its own samples and nothing more", "[remotewrite]") {
  Simulation simulation(1, SmallQueue());
  const TestTarget target = MakeTarget("t", 3, {Names("a", 3)});
  const TestTarget other = MakeTarget("u", 3, {Names("c", 5)});
  const TestTarget third = MakeTarget("v", 9, {Names("d", 2)});
  const buffer::Sequence first = simulation.log.Append(target, 1'000);
  simulation.log.Append(target, 2'000);
  const buffer::Sequence chunk_of_other = first + 3;  // its chunk, layout, target, frame
  const buffer::Sequence last = simulation.log.Append(third, 3'000);

  SECTION("a frame in the middle") { simulation.log.Damage(first); }
  SECTION("the last frame of its lane") { simulation.log.Damage(last); }
  SECTION("a chunk") { simulation.log.Damage(chunk_of_other); }
  simulation.log.Append(other, 3'000);
  REQUIRE(simulation.Drain(seconds(60)));
  CHECK(simulation.log.LedgerCloses());
  CHECK(simulation.log.dropped(buffer::DropReason::kDamaged) > 0);
  CHECK(simulation.log.ledger().acknowledged +
            simulation.log.dropped(buffer::DropReason::kDamaged) ==
        13);
}

TEST_CASE("a damaged record is booked though nothing else is there to acknowledge",
          "[remotewrite]") {
  Simulation simulation(1, SmallQueue());
  simulation.log.Damage(simulation.log.Append(MakeTarget("t", 3, {Names("a", 3)}), 1'000));
  simulation.Run(seconds(2));
  CHECK(simulation.log.dropped(buffer::DropReason::kDamaged) == 3);
  CHECK(simulation.log.ledger().pending == 0);
}

TEST_CASE("frames that the budget dropped are not sent any more", "[remotewrite]") {
  Simulation simulation(1, SmallQueue());
  simulation.script = [](const std::string&) { return Fails(503); };
  const TestTarget target = MakeTarget("t", 3, {Names("a", 3)});
  for (int i = 0; i < 10; ++i) simulation.log.Append(target, 1'000 + i);
  simulation.Run(seconds(5));
  simulation.log.StartEpoch();
  const buffer::Sequence epoch = simulation.log.Head();
  for (int i = 0; i < 10; ++i) simulation.log.Append(target, 2'000 + i);
  simulation.log.DropBefore(epoch);
  simulation.script = [](const std::string&) { return Ok(); };
  REQUIRE(simulation.Drain(seconds(60)));
  CHECK(simulation.log.LedgerCloses());
  CHECK(simulation.log.dropped(buffer::DropReason::kBudget) == 30);
  CHECK(simulation.log.ledger().acknowledged == 30);
}

TEST_CASE("requests that end nearly together are booked together, and not with one that hangs",
          "[remotewrite]") {
  QueueConfig queue = SmallQueue();
  queue.min_shards = 2;
  Simulation simulation(1, queue);
  const bool one_hangs = GENERATE(false, true);
  CAPTURE(one_hangs);
  uint64_t requests = 0;
  simulation.script = [&](const std::string&) {
    Reply reply;
    reply.after = milliseconds(5);
    if (++requests == 2) reply.after = one_hangs ? milliseconds(10'000) : milliseconds(20);
    return reply;
  };
  for (const uint32_t lane : {3U, 4U}) {
    const TestTarget target = MakeTarget("t" + std::to_string(lane), lane, {Names("a", 20)});
    simulation.log.Append(target, simulation.wall_ms());
  }
  simulation.Run(milliseconds(5));  // to the first answer
  CHECK(requests == 2);
  CHECK(simulation.in_flight() == 1);
  CHECK(simulation.log.acknowledgements() == 0);
  simulation.Run(milliseconds(1));  // to the second, or 20 ms on
  CHECK(simulation.log.acknowledgements() == 1);
  CHECK(simulation.log.ledger().acknowledged == (one_hangs ? 20 : 40));
  simulation.Run(milliseconds(10'000));
  CHECK(simulation.log.acknowledgements() == (one_hangs ? 2 : 1));
  CHECK(simulation.log.ledger().acknowledged == 40);
}

TEST_CASE("after a restart only what was in flight is sent again", "[remotewrite]") {
  QueueConfig queue = SmallQueue();
  queue.max_shards = 1;
  Simulation simulation(1, queue);
  const TestTarget target = MakeTarget("t", 3, {Names("a", 10)});
  for (int i = 0; i < 40; ++i) simulation.log.Append(target, 1'000 + i);
  uint64_t requests = 0;
  simulation.script = [&](const std::string&) {
    Reply reply;
    // The tenth is stored, but its answer never comes.
    if (++requests == 10) reply.after = std::chrono::hours(1);
    return reply;
  };
  simulation.Run(seconds(10));
  CHECK(simulation.log.ledger().acknowledged == 180);
  simulation.Restart();
  REQUIRE(simulation.Drain(seconds(60)));
  CHECK(simulation.receiver.distinct_samples() == 400);
  CHECK(requests == 10 + 11);
}

}  // namespace
}  // namespace sluice::remotewrite::test
