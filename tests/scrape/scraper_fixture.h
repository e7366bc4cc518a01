// The scraper with its threads, a real log and a server on the loopback interface. Time is moved by
// the tests.
#pragma once

#include <algorithm>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "base/mutex.h"
#include "buffer/chunk.h"
#include "buffer/frame.h"
#include "buffer/log.h"
#include "proto/histogram_codec.h"
#include "proto/histogram_text.h"
#include "scrape/scraper.h"
#include "tests/support/fake_clock.h"
#include "tests/support/scripted_http_server.h"
#include "tests/support/temp_dir.h"

namespace sluice::scrape::test {

using sluice::test::ScriptedHttpServer;
using sluice::test::ScriptedRequest;
using sluice::test::ScriptedResponse;
using std::chrono::milliseconds;

inline constexpr milliseconds kInterval{30'000};
inline constexpr milliseconds kPollMax{2};
inline constexpr std::chrono::seconds kPatience{20};

inline ScriptedResponse Page(std::string body, std::string type = "text/plain; version=0.0.4") {
  ScriptedResponse response;
  response.body = std::move(body);
  if (!type.empty()) response.headers = {{"Content-Type", std::move(type)}};
  return response;
}

inline void Pause() {
  Mutex mu;
  CondVar never;
  const MutexLock lock(mu);
  never.WaitFor(mu, milliseconds(1));
}

inline bool Await(const std::function<bool()>& condition) {
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    Pause();
  }
  return true;
}

// Scrapes of a server that a test scripts, into a log that it reads back.
struct ScraperFixture {
  ScraperFixture()
      : server([](const ScriptedRequest&) { return Page("a 1\nb 2\n"); }), log(OpenLog()) {
    REQUIRE(log->Attach("reader").ok());
    MakeScraper();
  }

  std::unique_ptr<buffer::Log> OpenLog() {
    buffer::LogOptions options;
    options.directory = dir.File("log");
    options.bytes_max = 64 << 20;
    auto opened = buffer::Log::Open(options, clock, Logger(), telemetry);
    REQUIRE(opened.ok());
    return std::move(*opened);
  }

  void MakeScraper() {
    ScraperOptions options;
    options.user_agent = "sluice/test";
    options.poll_max = kPollMax;
    scraper = std::make_unique<Scraper>(options, Scraper::Deps{clock, Logger(), telemetry, *log});
  }

  JobConfig Job(std::vector<std::string> addresses = {}) {
    JobConfig job;
    job.name = "j";
    job.scrape_interval = kInterval;
    job.scrape_timeout = kInterval;  // of a real clock, unlike the interval
    if (addresses.empty()) addresses.push_back(server.address());
    TargetGroup group;
    for (const std::string& address : addresses) {
      group.targets.push_back({{"__address__", address}, {"instance", "i"}});
    }
    job.static_groups.push_back(group);
    job.fingerprint = "1";
    return job;
  }

  TargetStatus Only() const {
    const ScraperStatus status = scraper->Snapshot();
    return status.active.size() == 1 ? status.active[0] : TargetStatus();
  }

  // Lets one interval pass and the scrape in it end.
  void ScrapeOnce() {
    const TimestampMs before = Only().last_scrape_ms;
    clock.Advance(kInterval);
    REQUIRE(Await([&] { return Only().last_scrape_ms != before; }));
  }

  // Lets time pass in steps, and waits for the scrapes that are due in each.
  void Pass(int intervals) {
    constexpr int kSteps = 4;
    for (int step = 1; step <= intervals * kSteps; ++step) {
      clock.Advance(kInterval / kSteps);
      REQUIRE(Await([&] {
        const auto active = scraper->Snapshot().active;
        return std::all_of(active.begin(), active.end(), [&](const TargetStatus& target) {
          // The first scrape is due within one interval.
          if (target.last_scrape_ms == 0) return step < kSteps;
          return clock.WallNowMs() - target.last_scrape_ms < kInterval.count();
        });
      }));
      // For what ends without a scrape.
      for (int i = 0; i < 5; ++i) Pause();
    }
  }

  // What the log holds: `series value`, histograms as text, in its order, without the report but
  // for `up`.
  std::vector<std::string> Logged() {
    std::vector<std::string> lines;
    const auto end = log->Scan(0, 1'000'000, [&](const buffer::FrameRecord& record) {
      Append(record, lines);
      return true;
    });
    REQUIRE(end.ok());
    return lines;
  }

  void Append(const buffer::FrameRecord& record, std::vector<std::string>& lines) {
    const auto layout = log->LoadLayout(record.layout_at);
    REQUIRE(layout.ok());
    std::vector<std::string> names;
    for (const auto& chunk : layout->chunks) {
      const auto stored = log->LoadChunk(chunk.at);
      REQUIRE(stored.ok());
      const auto decoded = buffer::DecodedChunk::Decode(*stored);
      REQUIRE(decoded.ok());
      for (const auto& series : decoded->series) names.emplace_back(series.set[0].value);
    }
    buffer::FrameDecoder decoder;
    buffer::DecodedFrame frame;
    REQUIRE(decoder.Decode(record.stored, layout->series_count, frame).ok());
    for (size_t i = 0; i < names.size(); ++i) {
      if (names[i].starts_with("scrape_")) continue;
      if (!frame.present.empty() && frame.present[i] == 0) continue;
      const bool stale = frame.kind == buffer::FrameKind::kStale;
      lines.push_back(names[i] +
                      (stale ? " stale" : " " + Catch::Detail::stringify(frame.values[i])));
      for (const buffer::FrameHistogram& stored : frame.histograms) {
        if (stored.series == i) lines.back() = names[i] + " " + HistogramTextOf(stored.bytes);
      }
    }
  }

  static std::string HistogramTextOf(std::string_view bytes) {
    proto::NativeHistogram histogram;
    REQUIRE(proto::DecodeHistogram(bytes, histogram).ok());
    return proto::HistogramText(histogram);
  }

  size_t CountLogged(const std::string& line) {
    const auto lines = Logged();
    return static_cast<size_t>(std::count(lines.begin(), lines.end(), line));
  }

  sluice::test::TempDir dir;
  sluice::test::FakeClock clock;
  Telemetry telemetry;
  ScriptedHttpServer server;
  std::unique_ptr<buffer::Log> log;
  std::unique_ptr<Scraper> scraper;
};

}  // namespace sluice::scrape::test
