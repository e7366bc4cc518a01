// The whole sending half against receivers on the loopback interface, with the real log.
#pragma once

#include <algorithm>
#include <functional>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "base/mutex.h"
#include "buffer/frame.h"
#include "memory_log.h"
#include "receiver.h"
#include "remotewrite/destinations.h"
#include "tests/support/scripted_http_server.h"
#include "tests/support/temp_dir.h"

namespace sluice::remotewrite::test {

using sluice::test::Fault;
using sluice::test::ScriptedHttpServer;
using sluice::test::ScriptedRequest;
using sluice::test::ScriptedResponse;
using std::chrono::milliseconds;
using std::chrono::seconds;

// Looks again and again, for as long as a slow machine may need.
inline bool Eventually(const std::function<bool()>& condition) {
  const SystemClock clock;
  const MonotonicTime end = clock.MonotonicNow() + seconds(30);
  Mutex mu;
  CondVar never;
  while (!condition()) {
    if (clock.MonotonicNow() > end) return false;
    const MutexLock lock(mu);
    never.WaitFor(mu, milliseconds(5));
  }
  return true;
}

// Stores requests and gives scripted answers; no status means 204. Thread-safe.
class LoopbackReceiver {
 public:
  ScriptedHttpServer server{[this](const ScriptedRequest& request) { return Take(request); }};

  // Called for each request; 2xx stores it.
  void Answer(std::function<ScriptedResponse(const ScriptedRequest&)> answer) {
    const MutexLock lock(mu_);
    answer_ = std::move(answer);
  }

  uint64_t samples() { return Received().distinct_samples(); }

  uint64_t duplicates() { return Received().duplicates(); }

 private:
  ScriptedResponse Take(const ScriptedRequest& request) {
    const MutexLock lock(mu_);
    ScriptedResponse response;
    response.status = 204;
    if (answer_) response = answer_(request);
    if (response.status / 100 == 2 && response.fault != Fault::kReset) {
      accepted_.push_back(request.body);
    }
    return response;
  }

  // Looks at what came since the last time, on the thread of the test.
  const Receiver& Received() {
    std::vector<std::string> bodies;
    {
      const MutexLock lock(mu_);
      bodies.swap(accepted_);
    }
    for (const std::string& body : bodies) receiver_.Store(body);
    return receiver_;
  }

  Mutex mu_;
  std::function<ScriptedResponse(const ScriptedRequest&)> answer_ SLUICE_GUARDED_BY(mu_);
  std::vector<std::string> accepted_ SLUICE_GUARDED_BY(mu_);
  Receiver receiver_;  // of the test's thread
};

inline ScriptedResponse Respond(int status, const std::string& body = "") {
  ScriptedResponse response;
  response.status = status;
  response.body = body;
  return response;
}

class CapturingSink final : public LogSink {
 public:
  bool Enabled(LogLevel) const override { return true; }

  void Write(LogLevel level, std::string_view message,
             const std::vector<LogField>& fields) override {
    const MutexLock lock(mu_);
    std::string line(level == LogLevel::kError ? "error " : "");
    line += message;
    for (const LogField& field : fields) line += " " + std::string(field.key) + "=" + field.value;
    lines_.push_back(line);
  }

  // Lines that hold all of the texts.
  size_t Count(const std::vector<std::string>& texts) const {
    const MutexLock lock(mu_);
    return static_cast<size_t>(
        std::count_if(lines_.begin(), lines_.end(), [&](const std::string& line) {
          return std::all_of(texts.begin(), texts.end(), [&](const std::string& text) {
            return line.find(text) != std::string::npos;
          });
        }));
  }

 private:
  mutable Mutex mu_;
  std::vector<std::string> lines_ SLUICE_GUARDED_BY(mu_);
};

class Fixture {
 public:
  Fixture() { Open(); }

  void Open() {
    buffer::LogOptions options;
    options.directory = dir.File("log");
    auto opened = buffer::Log::Open(options, clock, Logger(sink), telemetry);
    REQUIRE(opened.ok());
    log = *std::move(opened);
    destinations = std::make_unique<Destinations>(
        DestinationsOptions{.user_agent = "sluice/test", .branch_timing = branch_timing},
        Destinations::Deps{clock, Logger(sink), telemetry, *log});
  }

  void Close() {
    destinations.reset();
    log.reset();
  }

  void Append(const TestTarget& target, TimestampMs timestamp_ms) {
    std::vector<double> values(target.layout->series_count, 1.5);
    Append(target, {.timestamp_ms = timestamp_ms, .values = values});
  }

  void Append(const TestTarget& target, const buffer::FrameColumns& columns) {
    buffer::FrameAppend frame;
    frame.target = target.labels;
    frame.layout = target.layout;
    frame.lane_hash = target.lane;
    frame.timestamp_ms = columns.timestamp_ms;
    frame.sample_count = buffer::SampleCount(columns, target.layout->series_count);
    frame.stored = encoder.Encode(columns);
    REQUIRE(log->Append({&frame, 1}).ok());
  }

  // Frames of a backlog: old enough not to wait for the deadline.
  void AppendSome(uint32_t targets, int frames) {
    for (int i = 0; i < frames; ++i) {
      next_ms_ += 1'000;
      for (uint32_t t = 0; t < targets; ++t) {
        Append(MakeTarget("t" + std::to_string(t), t, {{"a", "b", "c"}}), next_ms_);
      }
    }
  }

  bool IsDone(const std::string& name) const {
    const auto progress = log->Progress(name);
    return progress && progress->ledger.pending == 0;
  }

  void CheckLedger(const std::string& name) const {
    const auto progress = log->Progress(name);
    REQUIRE(progress);
    uint64_t sum = progress->ledger.acknowledged + progress->ledger.pending;
    sum += progress->ledger.branched;
    for (const uint64_t dropped : progress->ledger.dropped) sum += dropped;
    CHECK(sum == progress->ledger.appended);
  }

  uint64_t DroppedOf(const std::string& name, buffer::DropReason reason) const {
    return log->Progress(name)->ledger.dropped[static_cast<size_t>(reason)];
  }

  // Whether `metric` is exposed with this label and value.
  bool HasSeries(const std::string& metric, const std::string& label, int value) {
    std::istringstream lines(telemetry.ExposeText());
    for (std::string line; std::getline(lines, line);) {
      if (line.starts_with(metric + "{") && line.find(label) != std::string::npos &&
          line.ends_with("} " + std::to_string(value))) {
        return true;
      }
    }
    return false;
  }

  DestinationStatus StatusOf(const std::string& name) const {
    for (const DestinationStatus& status : destinations->Snapshot()) {
      if (status.name == name) return status;
    }
    return {};
  }

  BranchTiming branch_timing{.after = milliseconds(100), .calm = milliseconds(200)};
  sluice::test::TempDir dir;
  SystemClock clock;
  std::shared_ptr<CapturingSink> sink = std::make_shared<CapturingSink>();
  Telemetry telemetry;
  buffer::FrameEncoder encoder;
  std::unique_ptr<buffer::Log> log;
  std::unique_ptr<Destinations> destinations;

 private:
  TimestampMs next_ms_ = clock.WallNowMs() - 3'600'000;
};

inline DestinationConfig Config(const std::string& name, const std::string& url) {
  DestinationConfig config;
  config.name = name;
  config.url = url;
  config.queue.max_samples_per_send = 30;
  config.queue.max_shards = 4;
  config.queue.batch_send_deadline = milliseconds(200);
  config.queue.max_backoff = milliseconds(200);
  // So that nothing but requests arrives.
  config.protocol.compression = ProtocolConfig::CompressionChoice::kSnappy;
  config.fingerprint = name + url;
  return config;
}

}  // namespace sluice::remotewrite::test
