// replay: live_first. After an outage fresh samples come first, the backlog beside them.
#include <random>

#include <catch2/catch.hpp>

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
    if (rng() % 3 == 0) trouble = static_cast<int>(rng() % 3) * 50;
    if (rng() % 10 == 0) simulation.Restart();
    if (rng() % 10 == 0) simulation.log.acknowledgements_to_fail = 3;
    if (rng() % 10 == 0) simulation.log.scans_to_fail = 2;
    if (rng() % 10 == 0) simulation.log.loads_to_fail = 2;
    fleet.Run(seconds(static_cast<int>(rng() % 10)));
    if (simulation.delivery().View().replaying) ++parted;
  }
  CHECK(parted > 0);
  trouble = 0;
  REQUIRE(simulation.Drain(seconds(3'600)));
  CHECK(simulation.log.LedgerCloses());
  CHECK(simulation.log.ledger().acknowledged == simulation.log.ledger().appended);
  CHECK(simulation.receiver.distinct_samples() == simulation.log.ledger().appended);
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
