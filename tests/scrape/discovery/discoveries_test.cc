#include "scrape/discovery/discoveries.h"

#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "polling_fixture.h"

namespace sluice::scrape {
namespace {

using test::Json;
using test::PollingFixture;
using test::ScriptedRequest;

DiscoveryConfig ConfigOf(const PollingFixture& fixture, const std::string& path) {
  HttpSdConfig config;
  config.url = fixture.server.Url(path);
  return {.identity = path, .mechanism = config};
}

struct Fixture : PollingFixture {
  Fixture()
      : discoveries({.logger = Logger(), .telemetry = telemetry, .loop = loop},
                    [this](uint64_t run, const DiscoveryUpdate& update) {
                      const MutexLock lock(mu);
                      const auto noted = discoveries.Note(run, update);
                      if (!noted) return;
                      for (const std::string& job : *noted->jobs) told[job].insert(noted->identity);
                    }) {}

  void Apply(const std::vector<std::pair<std::string, DiscoveryConfig>>& jobs) {
    RetiredDiscoveries retired;
    const MutexLock lock(mu);
    std::vector<Discoveries::Wanted> wanted;
    for (const auto& [job, config] : jobs) wanted.push_back({job, &config});
    retired = discoveries.Apply(wanted, 1);
  }

  bool WaitForWhole(const std::string& identity) {
    return server.WaitForRequests(1) && WaitUntil([&] {
             const MutexLock lock(mu);
             return discoveries.Whole(identity).has_value();
           });
  }

  template <class Ready>
  static bool WaitUntil(const Ready& ready) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!ready()) {
      if (std::chrono::steady_clock::now() > end) return false;
    }
    return true;
  }

  Mutex mu;
  std::map<std::string, std::set<std::string>> told;
  Discoveries discoveries;
};

TEST_CASE_METHOD(Fixture, "jobs with the same configuration share a discovery", "[discovery]") {
  server.SetScript([](const ScriptedRequest&) { return Json(R"([{"targets": ["a"]}])"); });
  Apply({{"j", ConfigOf(*this, "/1")}, {"k", ConfigOf(*this, "/1")}, {"k", ConfigOf(*this, "/2")}});
  REQUIRE(WaitForWhole("/1"));
  REQUIRE(WaitForWhole("/2"));
  {
    const MutexLock lock(mu);
    CHECK(told["j"] == std::set<std::string>{"/1"});
    CHECK(told["k"] == std::set<std::string>{"/1", "/2"});
  }
  CHECK(server.request_count() == 2);
  // Those that stay are not disturbed, and a job that comes later finds what is known.
  Apply({{"k", ConfigOf(*this, "/1")}, {"l", ConfigOf(*this, "/1")}});
  {
    const MutexLock lock(mu);
    const auto whole = discoveries.Whole("/1");
    REQUIRE(whole);
    CHECK(whole->whole);
    CHECK(whole->groups.size() == 1);
    CHECK_FALSE(discoveries.Whole("/2"));
  }
  CHECK(server.request_count() == 2);
  Apply({});
}

TEST_CASE_METHOD(Fixture, "series go away with the last discovery that has them", "[discovery]") {
  const std::string series =
      "prometheus_sd_refresh_failures_total{config=\"j\",mechanism=\"http\"}";
  Apply({{"j", ConfigOf(*this, "/1")}, {"j", ConfigOf(*this, "/2")}});
  CHECK(Exposed(series) == "0");
  Apply({{"j", ConfigOf(*this, "/2")}});
  CHECK(Exposed(series) == "0");
  Apply({});
  CHECK(Exposed(series) == "absent");
}

TEST_CASE_METHOD(Fixture, "an update of a run that is over is for nobody", "[discovery]") {
  Apply({{"j", ConfigOf(*this, "/1")}});
  REQUIRE(WaitForWhole("/1"));
  const MutexLock lock(mu);
  CHECK_FALSE(discoveries.Note(99, {.whole = true, .groups = {}}));
  CHECK(discoveries.Note(1, {.whole = true, .groups = {}}));
}

}  // namespace
}  // namespace sluice::scrape
