#include "scrape/scraper.h"

#include <algorithm>
#include <chrono>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "scraper_fixture.h"

namespace sluice::scrape {
namespace {

using test::Await;
using test::Page;
using test::Pause;
using Fixture = test::ScraperFixture;
using sluice::test::Fault;
using sluice::test::ScriptedRequest;
using sluice::test::ScriptedResponse;
using std::chrono::milliseconds;
using test::kInterval;

using Lines = std::vector<std::string>;

TEST_CASE_METHOD(Fixture, "scrapes reach the log, over one connection", "[scraper]") {
  scraper->Apply({Job()}, {});
  CHECK(Only().health == TargetHealth::kUnknown);
  CHECK(Only().url == server.Url("/metrics"));
  ScrapeOnce();
  server.SetScript([](const ScriptedRequest&) { return Page("a 3\nb 4\n"); });
  const TimestampMs first = Only().last_scrape_ms;
  ScrapeOnce();
  CHECK(Only().last_scrape_ms == first + kInterval.count());
  CHECK(Logged() == Lines{"a 1.0", "b 2.0", "up 1.0", "a 3.0", "b 4.0", "up 1.0"});
  CHECK(Only().health == TargetHealth::kUp);
  CHECK(Only().last_error.empty());
  CHECK(server.connection_count() == 1);
  auto headers = server.requests().front().headers;
  CHECK(headers["user-agent"] == "sluice/test");
  CHECK(headers["x-prometheus-scrape-timeout-seconds"] == "30");
  CHECK_THAT(headers["accept"], Catch::Contains("text/plain;version=0.0.4"));
}

TEST_CASE_METHOD(Fixture, "who scrapes comes around again and again, also without targets",
                 "[scraper]") {
  clock.Advance(std::chrono::hours(1));
  CHECK(Await([&] { return scraper->OldestPulse() == clock.MonotonicNow(); }));
}

TEST_CASE_METHOD(Fixture, "failed scrapes are in the failure log of their job", "[scraper]") {
  JobConfig job = Job();
  job.scrape_failure_log_file = dir.File("failures.log");
  scraper->Apply({job}, {});
  ScrapeOnce();
  const auto content = [&] {
    std::ifstream file(dir.File("failures.log"));
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
  };
  CHECK(content().empty());
  server.SetScript([](const ScriptedRequest&) { return ScriptedResponse{.status = 500}; });
  ScrapeOnce();
  CHECK_THAT(content(), Catch::Contains("\"msg\":\"server returned HTTP status 500") &&
                            Catch::Contains("\"job_name\":\"j\",\"target\":\"" +
                                            server.Url("/metrics") + "\"}"));
  const size_t size = content().size();
  server.SetScript([](const ScriptedRequest&) { return Page("a 1\nb b\n"); });
  ScrapeOnce();
  CHECK_THAT(content().substr(size), Catch::Contains("\"msg\":\"line 2: "));
}

TEST_CASE_METHOD(Fixture, "a job of the legacy scheme has no other names", "[scraper]") {
  JobConfig job = Job();
  job.metric_name_validation_scheme = relabel::NameScheme::kLegacy;
  job.metric_name_escaping_scheme = NameEscaping::kUnderscores;
  server.SetScript([](const ScriptedRequest&) { return Page("{\"a.b\"} 1\n"); });
  scraper->Apply({job}, {});
  ScrapeOnce();
  CHECK_THAT(Only().last_error, Catch::Contains("invalid metric name or label names"));
  CHECK_THAT(server.requests().front().headers["accept"], Catch::Contains("escaping=underscores"));
}

TEST_CASE_METHOD(Fixture, "a failing target is down, and its series are stale once", "[scraper]") {
  scraper->Apply({Job()}, {});
  ScrapeOnce();
  server.SetScript([](const ScriptedRequest&) {
    ScriptedResponse response;
    response.status = 503;
    return response;
  });
  ScrapeOnce();
  CHECK(Only().health == TargetHealth::kDown);
  CHECK(Only().last_error == "server returned HTTP status 503 Service Unavailable");
  ScrapeOnce();
  CHECK(Logged() == Lines{"a 1.0", "b 2.0", "up 1.0", "up 0.0", "a stale", "b stale", "up 0.0"});
}

TEST_CASE_METHOD(Fixture, "a target that hangs runs into the timeout", "[scraper]") {
  server.SetScript([](const ScriptedRequest&) {
    ScriptedResponse response = Page("a 1\n");
    response.fault = Fault::kHangMidBody;
    return response;
  });
  JobConfig job = Job();
  job.scrape_timeout = milliseconds(100);
  scraper->Apply({job}, {});
  ScrapeOnce();
  CHECK(Only().last_error == "Get \"" + server.Url("/metrics") + "\": context deadline exceeded");
  CHECK(Logged() == Lines{"up 0.0"});
}

TEST_CASE_METHOD(Fixture, "a body as large as the limit fails the scrape", "[scraper]") {
  JobConfig job = Job();
  job.body_size_limit = 8;
  scraper->Apply({job}, {});
  ScrapeOnce();
  CHECK(Only().last_error == "body size limit exceeded");
  server.SetScript([](const ScriptedRequest&) { return Page("a 1\nb 2"); });
  ScrapeOnce();
  CHECK(Only().last_error.empty());
  CHECK(Logged() == Lines{"up 0.0", "a 1.0", "b 2.0", "up 1.0"});
}

TEST_CASE_METHOD(Fixture, "a job with too many targets scrapes none of them", "[scraper]") {
  JobConfig job = Job();
  job.target_limit = 1;
  scraper->Apply({job}, {});
  ScrapeOnce();
  CHECK(Logged() == Lines{"a 1.0", "b 2.0", "up 1.0"});
  job.static_groups[0].targets.push_back({{"__address__", server.address()}, {"instance", "k"}});
  scraper->Apply({job}, {});
  Pass(1);
  const auto active = scraper->Snapshot().active;
  REQUIRE(active.size() == 2);
  for (const TargetStatus& target : active) {
    CHECK(target.health == TargetHealth::kDown);
    CHECK(target.last_error == "target_limit exceeded (number of targets: 2, limit: 1)");
  }
  CHECK(server.requests().size() == 1);
  CHECK(CountLogged("a stale") == 1);
  CHECK(CountLogged("up 0.0") == 2);
  job.static_groups[0].targets.pop_back();
  scraper->Apply({job}, {});
  ScrapeOnce();
  CHECK(Only().last_error.empty());
}

TEST_CASE_METHOD(Fixture, "only so many dropped targets are kept to be shown", "[scraper]") {
  relabel::Rule rule;
  rule.action = relabel::Action::kDrop;
  rule.regex = ".*";
  JobConfig job = Job({"h:1", "h:2", "h:3"});
  job.relabel = *relabel::Program::Compile({rule});
  job.keep_dropped_targets = 2;
  scraper->Apply({job}, {});
  CHECK(scraper->Snapshot().dropped.size() == 2);
  CHECK(scraper->Snapshot().dropped_counts.at("j") == 3);
}

TEST_CASE_METHOD(Fixture, "a body needs a type that can be read, unless it is empty", "[scraper]") {
  server.SetScript([](const ScriptedRequest&) { return Page("a 1\n", "text/html"); });
  scraper->Apply({Job()}, {});
  ScrapeOnce();
  CHECK_THAT(Only().last_error, Catch::StartsWith("received unsupported Content-Type"));
  server.SetScript([](const ScriptedRequest&) { return Page("", ""); });
  ScrapeOnce();
  CHECK(Only().health == TargetHealth::kUp);
}

TEST_CASE_METHOD(Fixture, "a page with an error is down, with the line in the message",
                 "[scraper]") {
  scraper->Apply({Job()}, {});
  ScrapeOnce();
  server.SetScript([](const ScriptedRequest&) { return Page("a 1\nb x\n"); });
  ScrapeOnce();
  CHECK_THAT(Only().last_error, Catch::StartsWith("line 2: strconv.ParseFloat"));
  CHECK(Logged() == Lines{"a 1.0", "b 2.0", "up 1.0", "up 0.0", "b stale"});
}

TEST_CASE_METHOD(Fixture, "applying the same job again changes nothing", "[scraper]") {
  scraper->Apply({Job()}, {});
  ScrapeOnce();
  const TimestampMs last = Only().last_scrape_ms;
  scraper->Apply({Job()}, {{"external", "label"}});
  CHECK(Only().last_scrape_ms == last);
  CHECK(Only().health == TargetHealth::kUp);
  ScrapeOnce();
  CHECK(Only().last_scrape_ms == last + kInterval.count());
  CHECK(server.connection_count() == 1);
}

TEST_CASE_METHOD(Fixture, "a target that is gone is stale after two intervals", "[scraper]") {
  scraper->Apply({Job()}, {});
  ScrapeOnce();
  JobConfig without = Job();
  without.static_groups.clear();
  scraper->Apply({without}, {});
  CHECK(scraper->Snapshot().active.empty());
  clock.Advance(kInterval);
  for (int i = 0; i < 20; ++i) Pause();
  CHECK(CountLogged("up stale") == 0);
  clock.Advance(2 * kInterval);
  REQUIRE(Await([&] { return CountLogged("up stale") == 1; }));
  CHECK(Logged() == Lines{"a 1.0", "b 2.0", "up 1.0", "a stale", "b stale", "up stale"});
}

TEST_CASE_METHOD(Fixture, "a target that comes back in time is not stale", "[scraper]") {
  scraper->Apply({Job()}, {});
  ScrapeOnce();
  JobConfig without = Job();
  without.static_groups.clear();
  scraper->Apply({without}, {});
  scraper->Apply({Job()}, {});
  Pass(4);
  CHECK(CountLogged("up stale") == 0);
  CHECK(CountLogged("up 1.0") >= 3);
  CHECK(server.connection_count() == 1);
}

TEST_CASE_METHOD(Fixture, "a changed job ends only the series that it does not go on with",
                 "[scraper]") {
  scraper->Apply({Job()}, {});
  ScrapeOnce();
  JobConfig changed = Job();
  changed.fingerprint = "2";
  relabel::Rule rule;
  rule.action = relabel::Action::kDrop;
  rule.source_labels = {"__name__"};
  rule.regex = "b";
  auto program = relabel::Program::Compile({rule});
  REQUIRE(program.ok());
  changed.metric_relabel = *program;
  scraper->Apply({changed}, {});
  Pass(4);
  CHECK(CountLogged("b stale") == 1);
  CHECK(CountLogged("a stale") == 0);
  CHECK(CountLogged("up stale") == 0);
}

TEST_CASE_METHOD(Fixture, "another interval or sample limit leaves a target its page",
                 "[scraper]") {
  scraper->Apply({Job()}, {});
  ScrapeOnce();
  server.SetScript([](const ScriptedRequest&) { return Page("a 1\n"); });
  JobConfig changed = Job();
  changed.fingerprint = "2";
  changed.scrape_interval = 2 * kInterval;
  changed.sample_limit = 10;
  scraper->Apply({changed}, {});
  CHECK(Only().scrape_interval == 2 * kInterval);
  clock.Advance(2 * kInterval);
  REQUIRE(Await([&] { return Only().last_scrape_ms != 0; }));
  // At once, and not when the target of before has ended.
  CHECK(Logged() == Lines{"a 1.0", "b 2.0", "up 1.0", "a 1.0", "up 1.0", "b stale"});
  for (int i = 0; i < 3; ++i) {
    const TimestampMs before = Only().last_scrape_ms;
    clock.Advance(2 * kInterval);
    REQUIRE(Await([&] { return Only().last_scrape_ms != before; }));
  }
  CHECK(CountLogged("b stale") == 1);
  CHECK(CountLogged("a stale") == 0);
  CHECK(CountLogged("up stale") == 0);
  CHECK(CountLogged("up 1.0") == 5);
}

TEST_CASE_METHOD(Fixture, "a removed job and a stop leave no markers", "[scraper]") {
  scraper->Apply({Job()}, {});
  ScrapeOnce();
  scraper->Apply({}, {});
  CHECK(scraper->Snapshot().jobs.empty());
  Pass(4);
  CHECK(Logged() == Lines{"a 1.0", "b 2.0", "up 1.0"});
  scraper->Apply({Job()}, {});
  ScrapeOnce();
  scraper->Stop();
  scraper->Stop();
  scraper->Apply({Job()}, {});
  CHECK(Logged().size() == 6);
}

TEST_CASE_METHOD(Fixture, "stopping does not wait for a scrape in flight", "[scraper]") {
  server.SetScript([](const ScriptedRequest&) {
    ScriptedResponse response = Page("a 1\n");
    response.fault = Fault::kHang;
    return response;
  });
  JobConfig job = Job();
  job.scrape_timeout = job.scrape_interval = std::chrono::seconds(600);
  scraper->Apply({job}, {});
  clock.Advance(std::chrono::seconds(600));
  REQUIRE(server.WaitForRequests(1));
  scraper.reset();
  CHECK(Logged().empty());
}

TEST_CASE_METHOD(Fixture, "targets come and go with a file", "[scraper]") {
  JobConfig job = Job();
  job.static_groups.clear();
  const std::string path = dir.File("targets.json");
  const auto write = [&](const std::string& content) {
    const std::string next = dir.File("next.json");
    std::ofstream(next) << content;
    std::filesystem::rename(next, path);
  };
  write(R"([{"targets": [")" + server.address() + R"("], "labels": {"x": "y"}}])");
  FileSdConfig file_sd;
  file_sd.files = {path};
  job.discoveries = {{.identity = "file", .mechanism = file_sd}};
  scraper->Apply({job}, {});
  REQUIRE(Await([&] { return scraper->Snapshot().active.size() == 1; }));
  CHECK(Only().labels.Get("x") == "y");
  ScrapeOnce();
  CHECK(Only().health == TargetHealth::kUp);
  // Other settings of the job do not make it forget what the files said.
  job.fingerprint = "2";
  scraper->Apply({job}, {});
  CHECK(scraper->Snapshot().active.size() == 1);
  write("[]");
  REQUIRE(Await([&] { return scraper->Snapshot().active.empty(); }));
}

TEST_CASE_METHOD(Fixture, "the snapshot shows dropped targets and counts them", "[scraper]") {
  JobConfig job = Job({server.address(), "dropped:1"});
  relabel::Rule rule;
  rule.action = relabel::Action::kDrop;
  rule.source_labels = {"__address__"};
  rule.regex = "dropped.*";
  auto program = relabel::Program::Compile({rule});
  REQUIRE(program.ok());
  job.relabel = *program;
  scraper->Apply({job}, {});
  const ScraperStatus status = scraper->Snapshot();
  CHECK(status.jobs == std::vector<std::string>{"j"});
  CHECK(status.active.size() == 1);
  REQUIRE(status.dropped.size() == 1);
  CHECK(status.dropped[0].discovered_labels.Get("__address__") == "dropped:1");
  CHECK(status.dropped_counts.at("j") == 1);
}

}  // namespace
}  // namespace sluice::scrape
