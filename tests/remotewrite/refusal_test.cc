#include <random>

#include <catch2/catch.hpp>

#include "simulation.h"

namespace sluice::remotewrite::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// Metric names, of which those in `bad` are what the receiver refuses.
std::vector<std::string> Names(uint64_t count, const std::set<uint64_t>& bad) {
  std::vector<std::string> names;
  for (uint64_t i = 0; i < count; ++i) {
    names.push_back((bad.count(i) != 0 ? "bad" : "good") + std::to_string(i));
  }
  return names;
}

bool HoldsBad(const std::string& body) {
  for (const std::string& name : LabelValues(body, "__name__")) {
    if (name.starts_with("bad")) return true;
  }
  return false;
}

Reply RefuseBad(const std::string& body) { return HoldsBad(body) ? Fails(400) : Ok(); }

uint64_t Rejected(const Simulation& simulation) {
  return simulation.log.dropped(buffer::DropReason::kRejected);
}

TEST_CASE("one refused series among thousands is found in few requests and dropped alone",
          "[remotewrite]") {
  const uint64_t place = GENERATE(0U, 1U, 400U, 999U);
  CAPTURE(place);
  Simulation simulation(1);
  simulation.script = RefuseBad;
  const TestTarget first = MakeTarget("t", 3, {Names(1'000, {place})});
  const TestTarget second = MakeTarget("u", 4, {Names(1'000, {})});
  simulation.log.Append(first, simulation.wall_ms());
  simulation.log.Append(second, simulation.wall_ms());
  REQUIRE(simulation.Drain(seconds(60)));
  CHECK(Rejected(simulation) == 1);
  CHECK(simulation.log.ledger().acknowledged == 1'999);
  CHECK(simulation.log.LedgerCloses());
  CHECK(simulation.requests() <= 1 + 2 * 11);
  const std::vector<Rejection> rejections = simulation.delivery().TakeRejections();
  REQUIRE(rejections.size() == 1);
  CHECK(rejections[0].series.find("bad" + std::to_string(place)) != std::string::npos);
  CHECK(rejections[0].words == "no");
  CHECK(rejections[0].http_status == 400);
}

TEST_CASE("a series that is refused again and again costs little after the first time",
          "[remotewrite]") {
  Simulation simulation(1);
  simulation.script = RefuseBad;
  const TestTarget target = MakeTarget("t", 3, {Names(1'000, {7, 700})});
  for (int i = 0; i < 10; ++i) {
    simulation.log.Append(target, simulation.wall_ms());
    simulation.Run(seconds(15));
    if (i == 0) CHECK(simulation.requests() > 10);
  }
  CHECK(Rejected(simulation) == 20);
  CHECK(simulation.log.ledger().acknowledged == 9'980);
  // All of it, all but the suspects, the suspects, each of them.
  CHECK(simulation.requests() <= 45 + 9 * 5);
}

TEST_CASE("refused series of a frame far too large for a request are dropped alone",
          "[remotewrite]") {
  QueueConfig queue;
  queue.max_samples_per_send = 100;
  Simulation simulation(1, queue);
  simulation.script = RefuseBad;
  // The last one is all that is left for the last of the parts.
  simulation.log.Append(MakeTarget("t", 3, {Names(1'001, {450, 1'000})}), simulation.wall_ms());
  REQUIRE(simulation.Drain(seconds(60)));
  CHECK(Rejected(simulation) == 2);
  CHECK(simulation.log.ledger().acknowledged == 999);
  CHECK(simulation.log.LedgerCloses());
  const std::vector<Rejection> rejections = simulation.delivery().TakeRejections();
  REQUIRE(rejections.size() == 2);
  CHECK(rejections[0].series.find("bad450") != std::string::npos);
  CHECK(rejections[1].series.find("bad1000") != std::string::npos);
  // Both are known now: neither is looked for again.
  const uint64_t requests = simulation.requests();
  simulation.log.Append(MakeTarget("t", 3, {Names(1'001, {450, 1'000})}), simulation.wall_ms());
  REQUIRE(simulation.Drain(seconds(60)));
  CHECK(Rejected(simulation) == 4);
  CHECK(simulation.requests() - requests < requests);
}

TEST_CASE("in a backlog a refused series is searched once, not in each frame", "[remotewrite]") {
  Simulation simulation(1);
  simulation.script = RefuseBad;
  const TestTarget target = MakeTarget("t", 3, {Names(100, {70})});
  for (int i = 0; i < 20; ++i) simulation.log.Append(target, 1'000 + i);
  REQUIRE(simulation.Drain(seconds(60)));
  CHECK(Rejected(simulation) == 20);
  CHECK(simulation.log.ledger().acknowledged == 1'980);
  CHECK(simulation.requests() <= 80);
}

TEST_CASE("a refused series at the end of the only request is not waited for", "[remotewrite]") {
  Simulation simulation(1);
  simulation.script = RefuseBad;
  simulation.log.Append(MakeTarget("t", 3, {Names(100, {99})}), simulation.wall_ms() - 60'000);
  simulation.Run(seconds(3));
  CHECK(Rejected(simulation) == 1);
  CHECK(simulation.log.ledger().pending == 0);
  CHECK_FALSE(simulation.delivery().View().paused);
}

TEST_CASE("random culprits are found exactly, whatever else goes wrong", "[remotewrite][random]") {
  const auto seed = GENERATE(take(20, random(1U, 1'000'000'000U)));
  CAPTURE(seed);
  std::mt19937_64 rng(seed);
  QueueConfig queue;
  queue.max_samples_per_send = 200;
  Simulation simulation(seed, queue);
  simulation.script = [&](const std::string& body) {
    Reply reply = rng() % 5 == 0 ? Fails(503) : RefuseBad(body);
    reply.after = milliseconds(1 + rng() % 100);
    return reply;
  };
  std::vector<TestTarget> targets;
  std::vector<uint64_t> bad_counts;
  for (uint32_t i = 0; i < 12; ++i) {
    std::set<uint64_t> bad;
    for (uint64_t k = rng() % 3; k > 0; --k) bad.insert(rng() % 50);
    bad_counts.push_back(bad.size());
    targets.push_back(
        MakeTarget("t" + std::to_string(i), static_cast<uint32_t>(rng() % 32), {Names(50, bad)}));
  }
  uint64_t expected = 0;
  for (int round = 0; round < 20; ++round) {
    for (size_t i = 0; i < targets.size(); ++i) {
      simulation.log.Append(targets[i], simulation.wall_ms());
      expected += bad_counts[i];
    }
    simulation.Run(milliseconds(1 + rng() % 5'000));
  }
  REQUIRE(simulation.Drain(seconds(600)));
  CHECK(Rejected(simulation) == expected);
  CHECK(simulation.log.LedgerCloses());
  CHECK(simulation.receiver.distinct_samples() == simulation.log.ledger().acknowledged);
}

TEST_CASE("a backlog that is too old for the receiver gives way to what is not", "[remotewrite]") {
  Simulation simulation(1);
  const TimestampMs too_old = simulation.wall_ms() - 3'600'000;
  simulation.script = [&](const std::string& body) {
    for (const ReceivedSeries& series : DecodeRequest(body)) {
      for (const ReceivedSample& sample : series.samples) {
        if (sample.timestamp_ms < too_old) return Fails(400);
      }
    }
    return Ok();
  };
  std::vector<TestTarget> targets;
  for (uint32_t i = 0; i < 8; ++i) {
    targets.push_back(MakeTarget("t" + std::to_string(i), i, {Names(100, {})}));
  }
  for (int minute = 0; minute < 120; ++minute) {
    for (const TestTarget& target : targets) {
      simulation.log.Append(target, too_old - 3'600'000 + minute * 60'000 + 30'000);
    }
  }
  simulation.Run(seconds(60));
  // All that is too old, and at most the rest of the request in which that ends.
  CHECK(Rejected(simulation) >= 48'000);
  CHECK(Rejected(simulation) <= 48'000 + 2'000);
  CHECK(simulation.log.ledger().pending == 0);
  CHECK(simulation.log.LedgerCloses());
  CHECK(simulation.receiver.probes() > 0);
  CHECK(simulation.requests() < 1'500);
}

TEST_CASE("a receiver that takes only small requests gets small ones", "[remotewrite]") {
  Simulation simulation(1);
  uint64_t refused = 0;
  simulation.script = [&](const std::string& body) {
    uint64_t samples = 0;
    for (const ReceivedSeries& each : DecodeRequest(body)) samples += each.samples.size();
    if (samples <= 300) return Ok();
    ++refused;
    return Fails(413);
  };
  const TestTarget target = MakeTarget("t", 3, {Names(100, {})});
  for (int i = 0; i < 200; ++i) simulation.log.Append(target, 1'000 + i);
  REQUIRE(simulation.Drain(seconds(60)));
  CHECK(Rejected(simulation) == 0);
  CHECK(simulation.log.ledger().acknowledged == 20'000);
  CHECK(refused < 10);
}

TEST_CASE("what a proxy refuses for a while is not dropped", "[remotewrite]") {
  const int64_t length_ms = GENERATE(5'020, 20'000, 61'000, 300'000);
  CAPTURE(length_ms);
  Simulation simulation(1);
  const TimestampMs repaired = simulation.wall_ms() + length_ms;
  simulation.script = [&](const std::string&) {
    return simulation.wall_ms() < repaired ? Fails(400) : Ok();
  };
  std::vector<TestTarget> targets;
  for (uint32_t i = 0; i < 6; ++i) {
    targets.push_back(MakeTarget("t" + std::to_string(i), i, {Names(30, {})}));
  }
  for (int round = 0; round < 40; ++round) {
    for (const TestTarget& target : targets) simulation.log.Append(target, simulation.wall_ms());
    simulation.Run(seconds(15));
  }
  simulation.Run(seconds(2'000));
  CHECK(simulation.log.ledger().pending == 0);
  // A sample may fall victim when the proxy comes back between it and the rest of its request.
  CHECK(Rejected(simulation) <= 12);
  CHECK(simulation.log.LedgerCloses());
}

TEST_CASE("a target of which everything is refused is dropped when others are accepted",
          "[remotewrite]") {
  Simulation simulation(1);
  simulation.script = RefuseBad;
  const TestTarget bad = MakeTarget("t", 3, {Names(1, {0})});
  const TestTarget good = MakeTarget("u", 4, {Names(1, {})});
  for (int round = 0; round < 5; ++round) {
    simulation.log.Append(bad, simulation.wall_ms());
    simulation.Run(seconds(20));
    simulation.log.Append(good, simulation.wall_ms());
    simulation.Run(seconds(20));
  }
  simulation.Run(seconds(60));
  CHECK(Rejected(simulation) == 5);
  CHECK(simulation.log.ledger().acknowledged == 5);
}

}  // namespace
}  // namespace sluice::remotewrite::test
