#include "scrape/discovery/grace/grace_store.h"

#include <atomic>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "base/file.h"
#include "tests/scrape/scraper_fixture.h"

namespace sluice::scrape {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using test::Await;
using test::kInterval;
using test::Page;
using test::ScraperFixture;
using test::ScriptedHttpServer;
using test::ScriptedRequest;
using test::ScriptedResponse;

GraceStore::Groups GroupsWith(const std::string& address) {
  return {std::make_shared<const TargetGroup>(
      TargetGroup{.source = "s", .targets = {{{"__address__", address}}}, .labels = {}})};
}

// A store whose discoveries a test plays.
struct StoreFixture {
  StoreFixture() { Open(); }

  void Open() {
    store.reset();
    store = std::make_unique<GraceStore>(
        GraceStore::Options{.directory = dir.File("discovery"), .poll_max = milliseconds(2)},
        GraceStore::Deps{.clock = clock, .logger = Logger(), .telemetry = telemetry},
        [this](const std::string& key) -> std::optional<GraceStore::Groups> {
          const MutexLock lock(mu);
          const auto found = known.find(key);
          return found == known.end() ? std::nullopt : std::optional(found->second);
        });
  }

  void Know(const std::string& key, const std::string& address) {
    {
      const MutexLock lock(mu);
      known[key] = GroupsWith(address);
    }
    store->NoteChange(key);
  }

  std::string Loaded(const std::string& key, milliseconds grace = hours(24)) {
    const auto groups = store->Load(key, grace);
    if (!groups) return "nothing";
    return groups->empty() ? "" : std::string(groups->front()->targets.at(0).Get("__address__"));
  }

  std::string PathOf(const std::string& key) { return dir.File("discovery/" + key + ".targets"); }

  bool Exposes(const std::string& line) {
    return telemetry.ExposeText().find("\n" + line + "\n") != std::string::npos;
  }

  std::string Skipped(const std::string& reason) {
    return "sluice_discovery_saved_targets_skipped_total{reason=\"" + reason + "\"} 1";
  }

  sluice::test::TempDir dir;
  sluice::test::FakeClock clock;
  Telemetry telemetry;
  Mutex mu;
  std::map<std::string, GraceStore::Groups> known;
  std::unique_ptr<GraceStore> store;
};

TEST_CASE_METHOD(StoreFixture, "another process finds what was told last", "[grace]") {
  store->Keep({{"a", hours(24)}, {"b", hours(24)}});
  Know("a", "a:1");
  REQUIRE(Await([&] { return Loaded("a") == "a:1"; }));
  Know("a", "a:2");
  Open();  // the last change is written at the end, though it is early
  CHECK(Loaded("a") == "a:2");
  CHECK(Loaded("b") == "nothing");  // it never told anything
}

TEST_CASE_METHOD(StoreFixture, "targets that are older than the grace are not used", "[grace]") {
  store->Keep({{"a", hours(2)}});
  Know("a", "a:1");
  Open();
  clock.Advance(hours(2));
  CHECK(Loaded("a", hours(2)) == "a:1");
  clock.Advance(milliseconds(1));
  CHECK(Loaded("a", hours(2)) == "nothing");
  CHECK(Loaded("a", milliseconds(0)) == "nothing");
  CHECK(Exposes(Skipped("old")));
}

TEST_CASE_METHOD(StoreFixture, "targets age from the last time that they were current", "[grace]") {
  store->Keep({{"a", hours(24)}});
  Know("a", "a:1");
  REQUIRE(Await([&] { return Loaded("a") == "a:1"; }));
  for (int i = 0; i < 30; ++i) {
    const auto before = *ReadFile(PathOf("a"), 1000);
    clock.Advance(hours(1));
    REQUIRE(Await([&] { return *ReadFile(PathOf("a"), 1000) != before; }));
  }
  Open();
  CHECK(Loaded("a") == "a:1");
}

TEST_CASE_METHOD(StoreFixture, "damaged and newer files are skipped, counted and replaced",
                 "[grace]") {
  store->Keep({{"a", hours(24)}, {"b", hours(24)}});
  Know("a", "a:1");
  Know("b", "b:1");
  Open();
  std::string bytes = *ReadFile(PathOf("a"), 1000);
  bytes.back() = static_cast<char>(bytes.back() ^ 1);
  std::ofstream(PathOf("a"), std::ios::binary) << bytes;
  bytes = *ReadFile(PathOf("b"), 1000);
  bytes[8] = 9;
  std::ofstream(PathOf("b"), std::ios::binary) << bytes;
  CHECK(Loaded("a") == "nothing");
  CHECK(Exposes(Skipped("damaged")));
  CHECK(Loaded("b") == "nothing");
  CHECK(Exposes(Skipped("newer")));
  store->Keep({{"a", hours(24)}, {"b", hours(24)}});
  Know("a", "a:2");
  CHECK(Await([&] { return Loaded("a") == "a:2"; }));
}

TEST_CASE_METHOD(StoreFixture, "a file under the name of another discovery is not used",
                 "[grace]") {
  store->Keep({{"a", hours(24)}});
  Know("a", "a:1");
  Open();
  std::filesystem::copy(PathOf("a"), PathOf("b"));
  CHECK(Loaded("b") == "nothing");
}

TEST_CASE_METHOD(StoreFixture, "files of discoveries that are gone go away", "[grace]") {
  store->Keep({{"a", hours(24)}, {"b", hours(24)}});
  Know("a", "a:1");
  Know("b", "b:1");
  Open();
  store->Keep({{"b", hours(24)}});
  CHECK_FALSE(std::filesystem::exists(PathOf("a")));
  CHECK(std::filesystem::exists(PathOf("b")));
}

TEST_CASE_METHOD(StoreFixture, "a folder that cannot be written to is no more than a counter",
                 "[grace]") {
  std::ofstream(dir.File("discovery")) << "a file";
  store->Keep({{"a", hours(24)}});
  Know("a", "a:1");
  CHECK(Await([&] { return Exposes("sluice_discovery_save_failures_total 1"); }));
}

// A scraper whose job asks a server for its targets.
struct GraceFixture : ScraperFixture {
  GraceFixture()
      : answers([this](const ScriptedRequest&) {
          ScriptedResponse response;
          if (down) {
            response.status = 503;
            return response;
          }
          response.headers = {{"Content-Type", "application/json"}};
          const MutexLock lock(mu);
          response.body = answer;
          return response;
        }) {
    SetAnswer(R"([{"targets": [")" + server.address() +
              R"("], "labels": {"instance": "i", "zone": "z"}}])");
    Restart();
  }

  void Restart() {
    scraper.reset();
    ScraperOptions options;
    options.poll_max = test::kPollMax;
    options.discovery_directory = dir.File("discovery");
    scraper = std::make_unique<Scraper>(options, Scraper::Deps{clock, Logger(), telemetry, *log});
  }

  JobConfig Discovering(const std::string& identity, milliseconds grace = hours(24)) {
    JobConfig job = Job();
    job.static_groups.clear();
    HttpSdConfig config;
    config.url = answers.Url("/");
    job.discoveries.push_back(
        {.identity = identity, .public_identity = identity, .mechanism = config});
    job.discovery_grace = grace;
    return job;
  }

  void SetAnswer(std::string text) {
    const MutexLock lock(mu);
    answer = std::move(text);
  }

  std::atomic<bool> down = false;
  Mutex mu;
  std::string answer;
  ScriptedHttpServer answers;
};

TEST_CASE_METHOD(GraceFixture,
                 "after a restart the last targets are scraped until they are told anew",
                 "[grace]") {
  scraper->Apply({Discovering("d")}, {});
  REQUIRE(Await([&] { return Only().health == TargetHealth::kUnknown && !Only().url.empty(); }));
  const TargetStatus before = Only();
  CHECK_FALSE(before.restored);
  down = true;
  Restart();
  scraper->Apply({Discovering("d")}, {});
  const TargetStatus after = Only();
  CHECK(after.restored);
  CHECK(after.discovered_labels == before.discovered_labels);
  CHECK(after.labels == before.labels);
  CHECK(telemetry.ExposeText().find("sluice_discovery_restored_targets{scrape_job=\"j\"} 1\n") !=
        std::string::npos);
  ScrapeOnce();
  CHECK(Only().health == TargetHealth::kUp);
  down = false;
  REQUIRE(Await([&] {
    clock.Advance(kInterval);  // until the discovery tries again
    return !Only().url.empty() && !Only().restored;
  }));
  CHECK(Only().last_scrape_ms != 0);  // it is the same target
  CHECK(telemetry.ExposeText().find("sluice_discovery_restored_targets{scrape_job=\"j\"} 0\n") !=
        std::string::npos);
}

TEST_CASE_METHOD(GraceFixture, "what is restored is what was there last, whatever it was",
                 "[grace]") {
  const auto seed = std::random_device()();
  INFO("seed " << seed);
  std::mt19937 random(seed);
  const auto discovered = [this] {
    std::multiset<std::string> all;
    for (const TargetStatus& target : scraper->Snapshot().active) {
      all.insert(target.discovered_labels.ToString() + target.labels.ToString());
    }
    return all;
  };
  for (int round = 0; round < 5; ++round) {
    std::string groups;
    const size_t count = 1 + random() % 20;
    for (size_t i = 0; i < count; ++i) {
      groups += std::string(i == 0 ? "" : ",") + R"({"targets": ["h)" + std::to_string(i) +
                R"(:1"], "labels": {"l": ")" + std::string(random() % 500, 'x') + R"("}})";
    }
    SetAnswer("[" + groups + "]");
    down = false;
    Restart();
    scraper->Apply({Discovering("d")}, {});
    // Those of the round before are there until the answer.
    REQUIRE(Await([&] {
      const auto active = scraper->Snapshot().active;
      return active.size() == count && !active.front().restored;
    }));
    const auto before = discovered();
    down = true;
    Restart();
    scraper->Apply({Discovering("d")}, {});
    CHECK(discovered() == before);
  }
}

TEST_CASE_METHOD(GraceFixture, "a changed entry, or one without grace, begins with nothing",
                 "[grace]") {
  scraper->Apply({Discovering("d")}, {});
  REQUIRE(Await([&] { return !Only().url.empty(); }));
  down = true;
  Restart();
  scraper->Apply({Discovering("other")}, {});
  CHECK(scraper->Snapshot().active.empty());
  Restart();
  scraper->Apply({Discovering("d", milliseconds(0))}, {});
  CHECK(scraper->Snapshot().active.empty());
}

TEST_CASE_METHOD(GraceFixture, "a job that is added finds the restored targets, too", "[grace]") {
  scraper->Apply({Discovering("d")}, {});
  REQUIRE(Await([&] { return !Only().url.empty(); }));
  down = true;
  Restart();
  scraper->Apply({Discovering("d")}, {});
  JobConfig second = Discovering("d");
  second.name = "k";
  scraper->Apply({Discovering("d"), second}, {});
  CHECK(scraper->Snapshot().active.size() == 2);
}

}  // namespace
}  // namespace sluice::scrape
