// Tenants: each series goes to its own, and none waits for another.
#include "remotewrite/tenants.h"

#include <map>
#include <random>

#include <catch2/catch.hpp>

#include "simulation.h"

namespace sluice::remotewrite::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr auto kTenantLabel = "team";

// A target whose series belong to `teams` in turn; "" is none.
TestTarget MakeShared(const std::string& instance, uint32_t lane,
                      const std::vector<std::string>& teams, int series) {
  TestTarget target = MakeTarget(instance, lane, {{}});
  TestSeries all;
  for (int i = 0; i < series; ++i) {
    const std::string& team = teams[static_cast<size_t>(i) % teams.size()];
    std::vector<std::pair<std::string, std::string>> labels = {
        {"__name__", "m" + std::to_string(i)}};
    if (!team.empty()) labels.emplace_back(kTenantLabel, team);
    all.push_back(std::move(labels));
  }
  target.layout = buffer::Layout::Of({MakeChunk(all)});
  return target;
}

// What each tenant got, and that it was in order.
class TenantReceiver {
 public:
  explicit TenantReceiver(Simulation& simulation) {
    simulation.tenant_script = [this](const std::string& tenant, const std::string& body) {
      Reply reply = answer(tenant, body);
      if (reply.stores) Keep(tenant, body);
      reply.stores = false;  // kept here, by tenant
      ++requests[tenant];
      return reply;
    };
  }

  std::function<Reply(const std::string&, const std::string&)> answer =
      [](const std::string&, const std::string&) { return Ok(); };
  std::map<std::string, uint64_t> requests;

  uint64_t samples(const std::string& tenant) {
    uint64_t count = 0;
    for (const auto& [series, samples] : got_[tenant]) count += samples.size();
    return count;
  }

  uint64_t samples() {
    uint64_t count = 0;
    for (auto& [tenant, all] : got_) count += samples(tenant);
    return count;
  }

  // Series by the text of their labels.
  const std::map<std::string, std::set<TimestampMs>>& Of(const std::string& tenant) {
    return got_[tenant];
  }

 private:
  void Keep(const std::string& tenant, const std::string& body) {
    for (const ReceivedSeries& series : DecodeRequest(body)) {
      if (series.labels.at("__name__") == "sluice_destination_probe") continue;
      std::set<TimestampMs>& samples = got_[tenant][series.Text()];
      for (const ReceivedSample& sample : series.samples) {
        const bool is_new = samples.insert(sample.timestamp_ms).second;
        if (is_new && *samples.rbegin() != sample.timestamp_ms) FAIL_CHECK("out of order");
      }
    }
  }

  std::map<std::string, std::map<std::string, std::set<TimestampMs>>> got_;
};

struct Rig {
  explicit Rig(TenantConfig config = {.label = kTenantLabel}, QueueConfig queue = Queue(),
               uint64_t seed = 1)
      : simulation(seed, queue) {
    simulation.tenant = std::move(config);
    simulation.Restart();
  }

  static QueueConfig Queue() {
    QueueConfig queue;
    queue.max_samples_per_send = 100;
    queue.batch_send_deadline = milliseconds(1'000);
    queue.max_shards = 4;
    return queue;
  }

  void Run(const std::vector<TestTarget>& targets, int rounds) {
    for (int i = 0; i < rounds; ++i) {
      for (const TestTarget& target : targets) {
        simulation.log.Append(target, simulation.wall_ms());
      }
      simulation.Run(seconds(1));
    }
  }

  uint64_t Dropped(buffer::DropReason reason) const { return simulation.log.dropped(reason); }

  Simulation simulation;
  TenantReceiver receiver{simulation};
};

TEST_CASE("each series goes to its tenant, without the label", "[remotewrite][tenants]") {
  Rig rig;
  rig.Run({MakeShared("x", 1, {"a", "b", ""}, 30), MakeShared("y", 2, {"a"}, 10)}, 5);
  REQUIRE(rig.simulation.Drain(seconds(10)));
  CHECK(rig.simulation.log.LedgerCloses());
  CHECK(rig.simulation.log.ledger().acknowledged == 5 * 40);
  CHECK(rig.receiver.samples("a") == 5 * 20);
  CHECK(rig.receiver.samples("b") == 5 * 10);
  CHECK(rig.receiver.samples("") == 5 * 10);
  for (const auto& [series, samples] : rig.receiver.Of("a")) {
    CHECK(series.find("team=") == std::string::npos);
  }
}

TEST_CASE("the label stays where it is to stay", "[remotewrite][tenants]") {
  Rig rig({.label = kTenantLabel, .keep_label = true, .fallback = "rest"});
  rig.Run({MakeShared("x", 1, {"a", ""}, 2)}, 1);
  REQUIRE(rig.simulation.Drain(seconds(10)));
  REQUIRE(rig.receiver.Of("a").size() == 1);
  CHECK(rig.receiver.Of("a").begin()->first.find("team=a,") != std::string::npos);
  CHECK(rig.receiver.samples("rest") == 1);
  CHECK(rig.receiver.Of("rest").begin()->first.find("team=") == std::string::npos);
}

TEST_CASE("series whose tenant cannot be named are counted and not sent",
          "[remotewrite][tenants]") {
  Rig rig({.label = kTenantLabel, .header = ""});
  rig.Run({MakeShared("x", 1, {"a", "", ".."}, 30), MakeShared("y", 1, {""}, 5)}, 2);
  REQUIRE(rig.simulation.Drain(seconds(10)));
  CHECK(rig.simulation.log.LedgerCloses());
  CHECK(rig.Dropped(buffer::DropReason::kNoTenant) == 2 * (20 + 5));
  CHECK(rig.receiver.samples() == 2 * 10);
}

TEST_CASE("dropped series of a shared page are counted once", "[remotewrite][tenants]") {
  relabel::Rule rule;
  rule.action = relabel::Action::kDrop;
  rule.source_labels = {"__name__"};
  rule.regex = "m0|m1|m7";
  const Result<relabel::Program> rules = relabel::Program::Compile({rule});
  REQUIRE(rules.ok());
  Simulation simulation(1, Rig::Queue(), {}, *rules);
  simulation.tenant = {.label = kTenantLabel};
  simulation.Restart();
  TenantReceiver receiver(simulation);
  simulation.log.Append(MakeShared("x", 1, {"a", "b", "c"}, 9), simulation.wall_ms());
  REQUIRE(simulation.Drain(seconds(10)));
  CHECK(simulation.log.LedgerCloses());
  CHECK(simulation.log.dropped(buffer::DropReason::kRelabel) == 3);
  CHECK(receiver.samples() == 6);
}

TEST_CASE("a limited tenant gets its samples later, the others at once", "[remotewrite][tenants]") {
  const int status = GENERATE(429, 401, 503);
  CAPTURE(status);
  Rig rig;
  bool limited = true;
  rig.receiver.answer = [&](const std::string& tenant, const std::string&) {
    return tenant == "b" && limited ? Fails(status) : Ok();
  };
  // Of one lane, and of another.
  rig.Run({MakeShared("x", 1, {"a", "b"}, 10), MakeShared("y", 2, {"c"}, 10)}, 3);
  CHECK(rig.receiver.samples("c") >= 10);
  const DeliveryView view = rig.simulation.delivery().View();
  CHECK_FALSE(view.paused);
  CHECK_FALSE(view.retrying);
  REQUIRE(view.troubles.size() == 1);
  CHECK(view.troubles[0].tenant == "b");
  CHECK(view.troubles[0].paused == (status == 401));
  CHECK(view.last_error.find("tenant b: HTTP ") == 0);
  limited = false;
  REQUIRE(rig.simulation.Drain(seconds(60)));
  CHECK(rig.simulation.log.LedgerCloses());
  CHECK(rig.receiver.samples() == rig.simulation.log.ledger().appended);
  CHECK(rig.simulation.delivery().View().tenants_in_trouble == 0);
}

TEST_CASE("a tenant that refuses everything keeps its samples, one that refuses some loses those",
          "[remotewrite][tenants]") {
  Rig rig;
  bool refuses = true;
  rig.receiver.answer = [&](const std::string& tenant, const std::string& body) {
    if (tenant == "bad" && refuses) return Fails(400);
    if (tenant == "some" && LabelValues(body, "__name__").count("m1") != 0) return Fails(400);
    return Ok();
  };
  rig.Run({MakeShared("x", 1, {"bad"}, 64), MakeShared("y", 2, {"some"}, 8),
           MakeShared("z", 3, {"good"}, 8)},
          1);
  rig.simulation.Run(seconds(20));
  CHECK(rig.receiver.samples("good") == 8);
  CHECK(rig.receiver.samples("some") == 7);
  CHECK(rig.Dropped(buffer::DropReason::kRejected) == 1);
  CHECK(rig.simulation.log.ledger().pending == 64);
  refuses = false;
  REQUIRE(rig.simulation.Drain(seconds(60)));
  CHECK(rig.receiver.samples("bad") == 64);
  CHECK(rig.simulation.log.LedgerCloses());
}

TEST_CASE("a thousand tenants of one page cost a request each, whole ones in a backlog",
          "[remotewrite][tenants]") {
  Rig rig;
  std::vector<std::string> teams;
  for (int i = 0; i < 1'000; ++i) teams.push_back("t" + std::to_string(i));
  const TestTarget page = MakeShared("x", 1, teams, 5'000);
  rig.Run({page}, 1);
  REQUIRE(rig.simulation.Drain(seconds(60)));
  CHECK(rig.simulation.requests() == 1'000);
  CHECK(rig.receiver.samples() == 5'000);
  for (int i = 0; i < 20; ++i) rig.simulation.log.Append(page, rig.simulation.wall_ms() + i);
  REQUIRE(rig.simulation.Drain(seconds(600)));
  CHECK(rig.receiver.samples() == 21 * 5'000);
  CHECK(rig.simulation.requests() <= 1'000 + 21 * 1'000);
}

TEST_CASE("whatever fails for some tenants, every sample arrives, in order",
          "[remotewrite][tenants][random]") {
  const auto seed = GENERATE(take(15, random(1U, 1'000'000'000U)));
  CAPTURE(seed);
  std::mt19937_64 rng(seed);
  Rig rig({.label = kTenantLabel}, Rig::Queue(), seed);
  std::map<std::string, int> trouble;  // percent of its requests
  rig.receiver.answer = [&](const std::string& tenant, const std::string&) {
    Reply reply;
    reply.after = milliseconds(1 + rng() % 200);
    if (static_cast<int>(rng() % 100) >= trouble[tenant]) return reply;
    const int statuses[] = {0, 500, 429, 401};
    reply = Fails(statuses[rng() % 4]);
    reply.after = milliseconds(1 + rng() % 500);
    return reply;
  };
  std::vector<TestTarget> targets;
  for (uint32_t i = 0; i < 8; ++i) {
    std::vector<std::string> teams;
    for (uint64_t k = rng() % 4; k < 4; ++k) teams.push_back(std::string(1, "abcd"[rng() % 4]));
    targets.push_back(MakeShared("t" + std::to_string(i), i * 3, teams, 20));
  }
  for (int round = 0; round < 30; ++round) {
    if (rng() % 3 == 0)
      trouble[std::string(1, "abcd"[rng() % 4])] = static_cast<int>(rng() % 3) * 50;
    if (rng() % 10 == 0) rig.simulation.Restart();
    if (rng() % 10 == 0) rig.simulation.log.loads_to_fail = 2;
    rig.Run(targets, static_cast<int>(rng() % 5));
  }
  trouble.clear();
  REQUIRE(rig.simulation.Drain(seconds(3'600)));
  CHECK(rig.simulation.log.LedgerCloses());
  CHECK(rig.receiver.samples() == rig.simulation.log.ledger().appended);
  CHECK(rig.simulation.log.ledger().acknowledged == rig.simulation.log.ledger().appended);
}

TEST_CASE("a tenant is written into a URL so that it stays one segment", "[tenants]") {
  CHECK(TenantUrl("http://v/insert/{tenant}/prometheus", "12:7") ==
        "http://v/insert/12:7/prometheus");
  CHECK(TenantUrl("http://v/{tenant}/{tenant}", "a/b c%?#") ==
        "http://v/a%2Fb%20c%25%3F%23/a%2Fb%20c%25%3F%23");
  CHECK(TenantUrl("http://v/", "x") == "http://v/");
}

TEST_CASE("tenants that no header can hold are unfit", "[tenants]") {
  Tenants tenants({.label = "t"});
  const auto take = [&](std::string_view value) {
    std::vector<buffer::LabelView> labels = {{"a", "1"}, {"t", value}};
    return tenants.Take(labels);
  };
  const TenantId first = take("one");
  CHECK(first > kUnfitTenant);
  CHECK(take("one") == first);
  CHECK(take("two") != first);
  CHECK(tenants.NameOf(first) == "one");
  CHECK(tenants.count() == 2);
  CHECK(take("a\r\nX-Admin: 1") == kUnfitTenant);
  CHECK(take(" a") == kUnfitTenant);
  CHECK(take(std::string(2'000, 'x')) == kUnfitTenant);
  CHECK(take("") == kNoTenant);
}

}  // namespace
}  // namespace sluice::remotewrite::test
