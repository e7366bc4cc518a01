// Groups of destinations: one of several URLs for each request, or series spread over them.
#include <atomic>
#include <map>
#include <set>

#include <catch2/catch.hpp>

#include "remotewrite/endpoints.h"
#include "remotewrite/sharding.h"
#include "sending.h"

namespace sluice::remotewrite::test {
namespace {

std::vector<std::string> Ids(size_t count) {
  std::vector<std::string> ids;
  for (size_t i = 0; i < count; ++i) ids.push_back(MemberId("http://r" + std::to_string(i)));
  return ids;
}

// Who gets each of `count` series.
std::vector<std::set<std::string>> Owners(const std::vector<std::string>& members,
                                          uint32_t replicas, size_t count) {
  std::vector<std::set<std::string>> owners(count);
  for (const std::string& member : members) {
    const Sharding sharding(members, member, replicas);
    for (size_t i = 0; i < count; ++i) {
      const std::string value = std::to_string(i);
      const std::vector<buffer::LabelView> labels = {{"__name__", "up"}, {"instance", value}};
      if (sharding.IsOurs(labels)) owners[i].insert(member);
    }
  }
  return owners;
}

}  // namespace

TEST_CASE("each series has as many owners as there are replicas, evenly spread", "[sharding]") {
  const uint32_t replicas = GENERATE(1U, 2U, 5U);
  const std::vector<std::string> members = Ids(5);
  std::map<std::string, size_t> counts;
  for (const auto& owners : Owners(members, replicas, 5'000)) {
    CHECK(owners.size() == replicas);
    for (const std::string& owner : owners) ++counts[owner];
  }
  for (const auto& [member, count] : counts) {
    CHECK(count > 850 * replicas);
    CHECK(count <= 1'150 * replicas);
  }
}

TEST_CASE("a member that comes or goes moves only its share", "[sharding]") {
  const auto before = Owners(Ids(4), 1, 4'000);
  const auto after = Owners(Ids(5), 1, 4'000);
  size_t moved = 0;
  for (size_t i = 0; i < before.size(); ++i) {
    if (before[i] == after[i]) continue;
    ++moved;
    CHECK(*after[i].begin() == Ids(5)[4]);
  }
  CHECK(moved > 4'000 / 5 * 85 / 100);
  CHECK(moved < 4'000 / 5 * 115 / 100);
}

TEST_CASE("who owns a series stays as it is for ever", "[sharding]") {
  CHECK(MemberId("http://a/api/v1/write") == "62bceb");
  const auto owners = Owners(Ids(3), 1, 12);
  std::string text;
  for (const auto& each : owners) {
    for (size_t i = 0; i < 3; ++i) text += each.count(Ids(3)[i]) != 0 ? std::to_string(i) : "";
  }
  CHECK(text == "211001012121");
}

TEST_CASE("the name of a shard says how series were spread", "[sharding]") {
  const Sharding sharding(Ids(3), Ids(3)[1], 2);
  const std::string name = ShardName("mimir", sharding);
  const auto shard = ParseShardName(name);
  REQUIRE(shard.has_value());
  CHECK(shard->group == "mimir");
  CHECK(shard->sharding.self() == Ids(3)[1]);
  CHECK(shard->sharding.replicas() == 2);
  CHECK(shard->sharding.members() == sharding.members());
  CHECK(ShardName("mimir", shard->sharding) == name);
  CHECK_FALSE(ParseShardName("mimir").has_value());
  CHECK_FALSE(ParseShardName("mimir\x1e"
                             "abc\x1ex,abc")
                  .has_value());
  CHECK_FALSE(ParseShardName("mimir\x1e"
                             "abc\x1e"
                             "1,abd")
                  .has_value());
}

TEST_CASE("requests go round over the URLs that work", "[endpoints]") {
  Endpoints endpoints({"a", "b", "c"}, 1);
  MonotonicTime now(seconds(100));
  const auto turns = [&](int count) {
    std::string urls;
    for (int i = 0; i < count; ++i) urls += endpoints.UrlOf(endpoints.Pick(now));
    return urls;
  };
  CHECK(turns(4) == "abca");
  endpoints.OnAnswer(1, 503, now);
  CHECK(endpoints.working() == 2);
  CHECK(turns(4) == "caca");
  now += milliseconds(1'001);
  // One request asks whether it is back; the others go past it.
  CHECK(turns(4) == "bcac");
  endpoints.OnAnswer(1, 204, now);
  CHECK(turns(3) == "abc");
  endpoints.OnAnswer(0, 400, now);
  CHECK(endpoints.working() == 3);
}

TEST_CASE("when no URL works the one that may be tried first is tried", "[endpoints]") {
  Endpoints endpoints({"a", "b"}, 1);
  MonotonicTime now(seconds(100));
  endpoints.OnAnswer(0, 0, now);
  now += milliseconds(100);
  endpoints.OnAnswer(1, 0, now);
  CHECK(endpoints.working() == 0);
  CHECK(endpoints.UrlOf(endpoints.Pick(now)) == "a");
}

namespace {

constexpr auto kGroup = "g";

std::vector<DestinationConfig> Shards(std::vector<LoopbackReceiver>& receivers,
                                      const std::vector<size_t>& which, uint32_t replicas = 1) {
  std::vector<std::string> members;
  for (const size_t i : which) members.push_back(MemberId(receivers[i].server.Url()));
  std::vector<DestinationConfig> all;
  for (size_t i = 0; i < which.size(); ++i) {
    const Sharding sharding(members, members[i], replicas);
    DestinationConfig config =
        Config(ShardName(kGroup, sharding), receivers[which[i]].server.Url());
    config.sharding = sharding;
    all.push_back(std::move(config));
  }
  return all;
}

uint64_t Pending(const Fixture& fixture) {
  uint64_t pending = 0;
  for (const auto& each : fixture.log->AllProgress()) pending += each.ledger.pending;
  return pending;
}

uint64_t SamplesOf(std::vector<LoopbackReceiver>& receivers) {
  uint64_t samples = 0;
  for (LoopbackReceiver& each : receivers) samples += each.samples();
  return samples;
}

}  // namespace

TEST_CASE("shards get each series once, or as often as there are replicas",
          "[remotewrite][net][sharding]") {
  const uint32_t replicas = GENERATE(1U, 2U);
  std::vector<LoopbackReceiver> receivers(3);
  Fixture fixture;
  REQUIRE(fixture.destinations->Apply(Shards(receivers, {0, 1, 2}, replicas)).ok());
  fixture.AppendSome(20, 5);
  REQUIRE(Eventually([&] { return Pending(fixture) == 0; }));
  CHECK(SamplesOf(receivers) == 20 * 5 * 3 * replicas);
  for (LoopbackReceiver& each : receivers) CHECK(each.samples() > 0);
  uint64_t acknowledged = 0;
  for (const auto& each : fixture.log->AllProgress()) {
    acknowledged += each.ledger.acknowledged;
    fixture.CheckLedger(each.name);
  }
  CHECK(acknowledged == 20 * 5 * 3 * replicas);
}

TEST_CASE("a shard that is down keeps its share, and the others theirs",
          "[remotewrite][net][sharding]") {
  std::vector<LoopbackReceiver> receivers(2);
  receivers[1].Answer([](const ScriptedRequest&) { return Respond(503); });
  Fixture fixture;
  const std::vector<DestinationConfig> shards = Shards(receivers, {0, 1});
  REQUIRE(fixture.destinations->Apply(shards).ok());
  fixture.AppendSome(20, 5);
  REQUIRE(Eventually([&] { return fixture.IsDone(shards[0].name); }));
  CHECK(receivers[1].samples() == 0);
  CHECK(fixture.log->Progress(shards[1].name)->ledger.pending > 0);
  receivers[1].Answer(nullptr);
  REQUIRE(Eventually([&] { return Pending(fixture) == 0; }));
  CHECK(SamplesOf(receivers) == 20 * 5 * 3);
}

TEST_CASE("what is pending when the members change is spread as it was before",
          "[remotewrite][net][sharding]") {
  const bool restart = GENERATE(false, true);
  CAPTURE(restart);
  std::vector<LoopbackReceiver> receivers(3);
  for (LoopbackReceiver& each : receivers) {
    each.Answer([](const ScriptedRequest&) { return Respond(503); });
  }
  Fixture fixture;
  REQUIRE(fixture.destinations->Apply(Shards(receivers, {0, 1})).ok());
  fixture.AppendSome(20, 5);
  if (restart) {
    fixture.Close();
    fixture.Open();
  }
  // The second is replaced by a third.
  REQUIRE(fixture.destinations->Apply(Shards(receivers, {0, 2})).ok());
  fixture.AppendSome(20, 5);
  for (LoopbackReceiver& each : receivers) each.Answer(nullptr);
  REQUIRE(Eventually([&] { return Pending(fixture) == 0; }));
  // LoopbackReceiver fails the test when samples of a series come out of order.
  CHECK(SamplesOf(receivers) == 2 * 20 * 5 * 3);
  CHECK(receivers[1].samples() == 0);
  REQUIRE(Eventually([&] { return fixture.log->AllProgress().size() == 2; }));
}

TEST_CASE("a URL that is down gets no turns while the other works",
          "[remotewrite][net][endpoints]") {
  std::vector<LoopbackReceiver> receivers(2);
  std::atomic<int> asked = 0;
  receivers[0].Answer([&](const ScriptedRequest&) {
    ++asked;
    return Respond(503);
  });
  Fixture fixture;
  DestinationConfig config = Config("a", receivers[0].server.Url());
  config.urls = {receivers[0].server.Url(), receivers[1].server.Url()};
  REQUIRE(fixture.destinations->Apply({config}).ok());
  fixture.AppendSome(20, 20);
  REQUIRE(Eventually([&] { return fixture.IsDone("a"); }));
  CHECK(receivers[1].samples() == 20 * 20 * 3);
  CHECK(asked >= 1);
  receivers[0].Answer(nullptr);
  REQUIRE(Eventually([&] {
    fixture.AppendSome(1, 1);
    return receivers[0].samples() > 0;
  }));
}

}  // namespace sluice::remotewrite::test
