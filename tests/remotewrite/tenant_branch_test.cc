// Tenants that fail for long, over HTTP and with the real log: they get a branch, and come back.
#include <map>
#include <set>

#include <catch2/catch.hpp>

#include "sending.h"

namespace sluice::remotewrite::test {
namespace {

// A receiver with tenants, of which some are limited.
class TenantServer {
 public:
  TenantServer() {
    receiver_.Answer([this](const ScriptedRequest& request) {
      const auto header = request.headers.find("x-scope-orgid");
      const std::string tenant = header == request.headers.end() ? "" : header->second;
      const MutexLock lock(mu_);
      if (limited_.count(tenant) != 0) return Respond(429, "too much");
      for (const ReceivedSeries& series : DecodeRequest(request.body)) {
        auto& samples = got_[tenant][series.Text()];
        for (const ReceivedSample& sample : series.samples) {
          const bool is_new = samples.insert(sample.timestamp_ms).second;
          if (is_new && *samples.rbegin() != sample.timestamp_ms) ++out_of_order_;
          if (!is_new) ++twice_;
        }
      }
      return Respond(204);
    });
  }

  std::string Url() { return receiver_.server.Url(); }

  void Limit(const std::set<std::string>& tenants) {
    const MutexLock lock(mu_);
    limited_ = tenants;
  }

  uint64_t Samples(const std::string& tenant) {
    const MutexLock lock(mu_);
    uint64_t count = 0;
    for (const auto& [series, samples] : got_[tenant]) count += samples.size();
    return count;
  }

  uint64_t out_of_order() {
    const MutexLock lock(mu_);
    return out_of_order_;
  }

  uint64_t twice() {
    const MutexLock lock(mu_);
    return twice_;
  }

 private:
  Mutex mu_;
  std::set<std::string> limited_ SLUICE_GUARDED_BY(mu_);
  std::map<std::string, std::map<std::string, std::set<TimestampMs>>> got_ SLUICE_GUARDED_BY(mu_);
  uint64_t out_of_order_ SLUICE_GUARDED_BY(mu_) = 0;
  uint64_t twice_ SLUICE_GUARDED_BY(mu_) = 0;
  LoopbackReceiver receiver_;
};

// One target for each tenant and lane, so that a tenant that is waited for holds up all lanes.
class TenantFleet {
 public:
  explicit TenantFleet(Fixture& fixture) : fixture_(fixture) {}

  void Append(int rounds) {
    for (int i = 0; i < rounds; ++i) {
      next_ms_ += 1'000;
      for (uint32_t lane = 0; lane < 4; ++lane) {
        for (const char* tenant : {"a", "b"}) {
          TestTarget target = MakeTarget(tenant + std::to_string(lane), lane, {});
          target.layout = buffer::Layout::Of({MakeChunk(
              {{{"__name__", "m"}, {"team", tenant}}, {{"__name__", "n"}, {"team", tenant}}})});
          fixture_.Append(target, next_ms_);
          samples_ += 2;
        }
      }
    }
  }

  uint64_t samples() const { return samples_; }

 private:
  Fixture& fixture_;
  uint64_t samples_ = 0;
  TimestampMs next_ms_ = SystemClock().WallNowMs() - 3'600'000;
};

DestinationConfig WithTenants(const std::string& url) {
  DestinationConfig config = Config("d", url);
  config.tenant.label = "team";
  return config;
}

buffer::Ledger WholeLedger(const Fixture& fixture) {
  return fixture.log->ProgressWithBranches("d")->ledger;
}

bool HasBranch(const Fixture& fixture) {
  const auto all = fixture.log->AllProgress();
  return std::any_of(all.begin(), all.end(),
                     [](const auto& each) { return buffer::ParseBranchName(each.name); });
}

}  // namespace

TEST_CASE("a limited tenant holds up nobody, and gets everything when it may",
          "[remotewrite][net][tenants]") {
  TenantServer server;
  server.Limit({"b"});
  Fixture fixture;
  REQUIRE(fixture.destinations->Apply({WithTenants(server.Url())}).ok());
  TenantFleet fleet(fixture);
  fleet.Append(50);
  REQUIRE(Eventually([&] { return server.Samples("a") == 50 * 8; }));
  CHECK(server.Samples("b") == 0);
  fleet.Append(50);
  REQUIRE(Eventually([&] { return server.Samples("a") == 100 * 8; }));
  REQUIRE(Eventually([&] { return WholeLedger(fixture).acknowledged == 100 * 8; }));
  CHECK(WholeLedger(fixture).pending == 100 * 8);
  REQUIRE(Eventually([&] { return fixture.StatusOf("d").troubles.size() == 1; }));
  const TenantTrouble trouble = fixture.StatusOf("d").troubles.at(0);
  CHECK(trouble.tenant == "b");
  CHECK(trouble.branched);
  CHECK(fixture.sink->Count({"delivered by itself", "tenant=b", "429"}) == 1);

  server.Limit({});
  REQUIRE(Eventually([&] { return server.Samples("b") == 100 * 8; }));
  REQUIRE(Eventually([&] { return !HasBranch(fixture); }));
  CHECK(Eventually([&] {
    return fixture.sink->Count({"together with the others", "tenant=b"}) == 1;
  }));
  fleet.Append(10);
  REQUIRE(Eventually([&] { return WholeLedger(fixture).acknowledged == fleet.samples(); }));
  CHECK(WholeLedger(fixture).pending == 0);
  CHECK(server.Samples("a") + server.Samples("b") == fleet.samples());
  CHECK(server.out_of_order() == 0);
  CHECK(fixture.StatusOf("d").tenants_in_trouble == 0);
  fixture.CheckLedger("d");
}

TEST_CASE("a branch outlives a restart, and a change of the rules delivers it whole",
          "[remotewrite][net][tenants]") {
  const bool change = GENERATE(false, true);
  CAPTURE(change);
  TenantServer server;
  server.Limit({"b"});
  Fixture fixture;
  REQUIRE(fixture.destinations->Apply({WithTenants(server.Url())}).ok());
  TenantFleet fleet(fixture);
  fleet.Append(30);
  REQUIRE(Eventually([&] { return server.Samples("a") == 30 * 8; }));
  REQUIRE(Eventually([&] { return HasBranch(fixture); }));
  REQUIRE(Eventually([&] { return WholeLedger(fixture).acknowledged == 30 * 8; }));
  fixture.Close();

  fixture.Open();
  server.Limit({"b", "c"});
  DestinationConfig config = WithTenants(server.Url());
  if (change) config.tenant.rules_hash = 7;
  REQUIRE(fixture.destinations->Apply({config}).ok());
  fleet.Append(10);
  REQUIRE(Eventually([&] { return server.Samples("a") == 40 * 8; }));
  CHECK(server.Samples("b") == 0);
  server.Limit({});
  REQUIRE(Eventually([&] { return server.Samples("b") == 40 * 8; }));
  REQUIRE(Eventually([&] { return !HasBranch(fixture); }));
  REQUIRE(Eventually([&] { return WholeLedger(fixture).acknowledged == fleet.samples(); }));
  CHECK((server.twice() == 0) == !change);
  fixture.CheckLedger("d");
}

TEST_CASE("a destination with a branch that is removed drains it, too",
          "[remotewrite][net][tenants]") {
  TenantServer server;
  server.Limit({"b"});
  Fixture fixture;
  REQUIRE(fixture.destinations->Apply({WithTenants(server.Url())}).ok());
  TenantFleet fleet(fixture);
  fleet.Append(20);
  REQUIRE(Eventually([&] { return HasBranch(fixture); }));
  REQUIRE(fixture.destinations->Apply({}).ok());
  server.Limit({});
  REQUIRE(Eventually([&] { return fixture.log->AllProgress().empty(); }));
  CHECK(server.Samples("a") + server.Samples("b") == 20 * 16);
}

}  // namespace sluice::remotewrite::test
