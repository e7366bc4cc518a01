// A process that works on a log is killed again and again; nothing that it was told is done may be
// undone. The worker is this binary itself, run with the name of a hidden test case.
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <map>
#include <poll.h>
#include <random>
#include <set>
#include <signal.h>
#include <sstream>
#include <string>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/buffer/log_support.h"

using namespace sluice;
using namespace sluice::buffer;
using namespace sluice::buffer::test;

namespace {

constexpr const char* kWorkerName = "worker of the crash test";

// What the worker says, before and after it does something.
struct Report {
  enum Kind : uint64_t { kAppending, kAppended, kAcknowledging, kAcknowledged };

  uint64_t kind = 0;
  uint64_t index = 0;     // of a frame: its timestamp
  uint64_t position = 0;  // kAppended: nothing; kAcknowledg*: how many frames follow
};

TestFrame FrameOf(uint64_t index) {
  // Few lanes and hosts, sizes between nothing and several kilobytes.
  const uint64_t mixed = index * 0x9e3779b97f4a7c15ULL;
  return MakeFrame("host:" + std::to_string(mixed % 7), mixed % 7, static_cast<TimestampMs>(index),
                   (mixed >> 32) % 3000);
}

LogOptions WorkerOptions(const std::string& directory) {
  LogOptions options;
  options.directory = directory;
  options.sync_interval = std::chrono::milliseconds(3);
  options.write_buffer_bytes = 256 << 10;
  options.epoch_bytes = 100'000;
  return options;
}

void Tell(int fd, const Report& report) {
  if (::write(fd, &report, sizeof(report)) != sizeof(report)) std::_Exit(3);
}

// Appends and acknowledges until it is killed.
void Work(Log& log, int fd, uint64_t seed, uint64_t next_index) {
  std::mt19937_64 random(seed);
  for (;;) {
    if (random() % 3 != 0) {
      const uint64_t count = 1 + random() % 4;
      std::vector<TestFrame> frames;
      std::vector<FrameAppend> appends;
      for (uint64_t i = 0; i < count; ++i) frames.push_back(FrameOf(next_index + i));
      for (const TestFrame& frame : frames) appends.push_back(frame.Append());
      for (uint64_t i = 0; i < count; ++i) Tell(fd, {Report::kAppending, next_index + i, 0});
      if (!log.Append(appends).ok()) std::_Exit(4);
      for (uint64_t i = 0; i < count; ++i) Tell(fd, {Report::kAppended, next_index + i, 0});
      next_index += count;
      continue;
    }
    const DestinationProgress progress = *log.Progress("a");
    std::vector<FrameOutcome> outcomes;
    std::vector<uint64_t> indexes;
    const uint64_t share = random() % 8;
    for (const ReadFrame& frame : ReadAll(log, progress.oldest)) {
      // Some lanes only, so that they drift apart.
      if (frame.sequence < progress.lanes[frame.lane].next || frame.lane > share) continue;
      outcomes.push_back(Acknowledged(frame));
      indexes.push_back(static_cast<uint64_t>(frame.timestamp_ms));
    }
    for (const uint64_t index : indexes) Tell(fd, {Report::kAcknowledging, index, 0});
    if (!log.Acknowledge("a", outcomes, {}).ok()) std::_Exit(5);
    for (const uint64_t index : indexes) Tell(fd, {Report::kAcknowledged, index, 0});
  }
}

// What must be true of the log, as far as it was told.
struct Known {
  std::set<uint64_t> appended;       // surely there
  std::set<uint64_t> appending;      // perhaps there
  std::set<uint64_t> acknowledged;   // surely done with
  std::set<uint64_t> acknowledging;  // perhaps done with
  uint64_t next_index = 1;

  void Take(const Report& report) {
    switch (report.kind) {
      case Report::kAppending:
        appending.insert(report.index);
        next_index = std::max(next_index, report.index + 1);
        break;
      case Report::kAppended:
        appended.insert(report.index);
        break;
      case Report::kAcknowledging:
        acknowledging.insert(report.index);
        break;
      default:
        acknowledged.insert(report.index);
        break;
    }
  }
};

// How long a worker lives, from its start or from its first word.
struct Life {
  std::chrono::milliseconds time;
  bool from_first_word = true;
};

// Runs a worker, kills it, and takes in all that it said.
void RunWorker(const std::string& directory, uint64_t seed, const Life& life, Known& known) {
  int fds[2];
  REQUIRE(::pipe2(fds, O_CLOEXEC) == 0);
  const std::string environment = directory + " " + std::to_string(seed) + " " +
                                  std::to_string(known.next_index) + " " + std::to_string(getpid());
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    ::dup2(fds[1], 100);
    ::setenv("SLUICE_CRASH_WORKER", environment.c_str(), 1);
    ::execl("/proc/self/exe", "buffer_test", kWorkerName, static_cast<char*>(nullptr));
    std::_Exit(2);
  }
  ::close(fds[1]);
  const auto start = std::chrono::steady_clock::now();
  auto deadline = start + (life.from_first_word ? std::chrono::seconds(20) : life.time);
  bool spoken = false;
  bool killed = false;
  Report report;
  std::string bytes(64 * sizeof(report), '\0');
  std::string rest;
  for (;;) {
    if (!killed && std::chrono::steady_clock::now() >= deadline) {
      ::kill(child, SIGKILL);
      killed = true;
    }
    pollfd ready{.fd = fds[0], .events = POLLIN, .revents = 0};
    if (::poll(&ready, 1, 1) <= 0) continue;
    const ssize_t got = ::read(fds[0], bytes.data(), bytes.size());
    if (got <= 0) break;
    if (!spoken && life.from_first_word) deadline = std::chrono::steady_clock::now() + life.time;
    spoken = true;
    rest.append(bytes.data(), static_cast<size_t>(got));
    size_t used = 0;
    for (; rest.size() - used >= sizeof(report); used += sizeof(report)) {
      std::memcpy(&report, rest.data() + used, sizeof(report));
      known.Take(report);
    }
    rest.erase(0, used);
  }
  ::close(fds[0]);
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  // A worker that ended by itself met an error.
  REQUIRE(WIFSIGNALED(status));
  REQUIRE(WTERMSIG(status) == SIGKILL);
}

// Compares the log with what is known, and takes over how the operations in flight ended.
void Check(Log& log, Known& known) {
  const DestinationProgress progress = *log.Progress("a");
  CHECK(LedgerHolds(progress));
  std::set<uint64_t> pending;
  uint64_t samples = 0;
  for (const ReadFrame& frame : ReadAll(log, progress.oldest)) {
    if (frame.sequence < progress.lanes[frame.lane].next) continue;
    const auto index = static_cast<uint64_t>(frame.timestamp_ms);
    CAPTURE(index);
    REQUIRE(pending.insert(index).second);
    REQUIRE(frame.stored == FrameOf(index).stored);
    REQUIRE(known.appending.count(index) == 1);
    REQUIRE(known.acknowledged.count(index) == 0);  // progress went backwards
    const Result<StoredTarget> target = log.LoadTarget(frame.target_at);
    REQUIRE(target.ok());
    REQUIRE(target.value().id == FrameOf(index).target->id);
    REQUIRE(log.LoadLayout(frame.layout_at).ok());
    samples += frame.sample_count;
  }
  CHECK(progress.ledger.pending == samples);
  for (const uint64_t index : known.appended) {
    if (pending.count(index) > 0) continue;
    CAPTURE(index);
    REQUIRE(known.acknowledging.count(index) == 1);  // else it is lost
  }
  // From here on what was in flight is known: pending frames are there, all others are done with.
  known.appended = pending;
  known.appending = pending;
  known.acknowledged.clear();
  known.acknowledging.clear();
}

}  // namespace

TEST_CASE("worker of the crash test", "[.]") {
  const char* environment = std::getenv("SLUICE_CRASH_WORKER");
  if (environment == nullptr) return;
  std::istringstream words(environment);
  std::string directory;
  uint64_t seed = 0;
  uint64_t next_index = 0;
  words >> directory >> seed >> next_index;
  sluice::test::FakeClock clock;
  Telemetry telemetry;
  Result<std::unique_ptr<Log>> log =
      Log::Open(WorkerOptions(directory), clock, Logger(), telemetry);
  if (!log.ok() || !log.value()->Attach("a").ok()) std::_Exit(6);
  Work(*log.value(), 100, seed, next_index);
}

TEST_CASE("nothing that was reported done is undone by kill -9", "[log][crash]") {
  const uint64_t seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  sluice::test::TempDir dir;
  const std::string directory = dir.File("buffer");
  sluice::test::FakeClock clock;
  Telemetry telemetry;
  Known known;
  uint64_t appended = 0;
  for (int kill = 0; kill < 25; ++kill) {
    CAPTURE(kill);
    const uint64_t first = known.next_index;
    // Some die while they recover.
    const Life life = {.time = std::chrono::milliseconds(5 + random() % 120),
                       .from_first_word = kill % 5 != 4};
    RunWorker(directory, random(), life, known);
    appended += known.next_index - first;
    // Half of the times the next worker recovers by itself.
    if (kill % 2 == 1) continue;
    Result<std::unique_ptr<Log>> log =
        Log::Open(WorkerOptions(directory), clock, Logger(), telemetry);
    REQUIRE(log.ok());
    if (!log.value()->Progress("a")) continue;  // killed before it had begun
    Check(*log.value(), known);
  }
  CHECK(appended > 500);
}
