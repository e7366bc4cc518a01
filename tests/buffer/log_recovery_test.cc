#include <filesystem>
#include <fstream>
#include <string>
#include <sys/stat.h>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/buffer/log_support.h"

using namespace sluice;
using namespace sluice::buffer;
using namespace sluice::buffer::test;

namespace {

void AppendMany(Log& log, int count, size_t payload_bytes) {
  for (int i = 0; i < count; ++i) {
    const TestFrame frame = MakeFrame("host", static_cast<uint64_t>(i), i, payload_bytes);
    REQUIRE(log.Append(std::vector<FrameAppend>{frame.Append()}).ok());
  }
}

}  // namespace

TEST_CASE("progress is exact after thousands of records without one", "[log]") {
  LogFixture fixture;
  Log& log = fixture.Open();
  REQUIRE(log.Attach("a").ok());
  AppendMany(log, 5000, 30);
  const DestinationProgress before = *log.Progress("a");
  const DestinationProgress after = *fixture.Open().Progress("a");
  CHECK(after.ledger.pending == 50'000);
  CHECK(after.pending_bytes == before.pending_bytes);
  CHECK(after.oldest == before.oldest);
  for (size_t lane = 0; lane < kLaneCount; ++lane) {
    CHECK(after.lanes[lane].next == before.lanes[lane].next);
    CHECK(after.lanes[lane].pending_samples == before.lanes[lane].pending_samples);
  }
}

TEST_CASE("a backlog over many epochs is known again after reopening", "[log]") {
  LogFixture fixture;
  fixture.options.epoch_bytes = 20'000;
  Log& log = fixture.Open();
  REQUIRE(log.Attach("a").ok());
  AppendMany(log, 300, 1000);
  const LogStatus before = log.status();
  const LogStatus after = fixture.Open().status();
  CHECK(after.head >= before.head);
  CHECK(after.oldest == before.oldest);
  // All but a few records of progress.
  CHECK(after.bytes >= 300'000);
  CHECK(after.bytes <= before.bytes + 10'000);
  CHECK(after.bytes + 10'000 >= before.bytes);
  // An epoch stands for itself: each frame finds its labels and layout.
  for (const ReadFrame& frame : ReadAll(fixture.log())) {
    const Result<StoredLayout> layout = fixture.log().LoadLayout(frame.layout_at);
    REQUIRE(layout.ok());
    REQUIRE(fixture.log().LoadTarget(frame.target_at).ok());
    REQUIRE(fixture.log().LoadChunk(layout.value().chunks[1].at).ok());
  }
}

TEST_CASE("opening again and again does not grow the log", "[log]") {
  LogFixture fixture;
  REQUIRE(fixture.Open().Attach("a").ok());
  const Sequence head = fixture.log().status().head;
  for (int i = 0; i < 5; ++i) {
    fixture.Open();
    REQUIRE(fixture.log().Attach("a").ok());
  }
  CHECK(fixture.log().status().head == head);
}

TEST_CASE("a second process or log cannot open the directory", "[log]") {
  LogFixture fixture;
  fixture.Open();
  const Result<std::unique_ptr<Log>> second = fixture.TryOpen();
  REQUIRE_FALSE(second.ok());
  CHECK(second.error().message.find("in use by another process") != std::string::npos);
  CHECK(second.error().message.find(fixture.options.directory) != std::string::npos);
}

TEST_CASE("a log can be read while it is being written", "[log]") {
  LogFixture fixture;
  Log& log = fixture.Open();
  REQUIRE(log.Attach("a").ok());
  AppendMany(log, 20, 100);
  const Result<std::unique_ptr<Log>> reader = Log::OpenReadOnly(fixture.options.directory);
  REQUIRE(reader.ok());
  CHECK(ReadAll(*reader.value()).size() == 20);
  CHECK(reader.value()->Progress("a")->ledger.pending == 200);
  CHECK(reader.value()->status().head == log.status().head);
  AppendMany(log, 1, 100);
}

TEST_CASE("opening to read creates nothing", "[log]") {
  LogFixture fixture;
  CHECK_FALSE(Log::OpenReadOnly(fixture.options.directory).ok());
  CHECK_FALSE(std::filesystem::exists(fixture.options.directory));
  std::filesystem::create_directory(fixture.options.directory);
  CHECK_FALSE(Log::OpenReadOnly(fixture.options.directory).ok());
  CHECK(std::filesystem::is_empty(fixture.options.directory));
}

TEST_CASE("a directory of a newer version is refused", "[log]") {
  LogFixture fixture;
  fixture.Open();
  fixture.Close();
  std::ofstream(fixture.options.directory + "/VERSION") << "sluice-buffer 5\n";
  const Result<std::unique_ptr<Log>> opened = fixture.TryOpen();
  REQUIRE_FALSE(opened.ok());
  CHECK(opened.error().message.find("newer version") != std::string::npos);
  CHECK_FALSE(Log::OpenReadOnly(fixture.options.directory).ok());
  std::ofstream(fixture.options.directory + "/VERSION") << "sluice-buffer 4\n";
  CHECK(fixture.TryOpen().ok());
}

TEST_CASE("a directory of an older version is read, and becomes one of this", "[log]") {
  const std::string older = GENERATE("sluice-buffer 1", "sluice-buffer 2", "sluice-buffer 3");
  LogFixture fixture;
  REQUIRE(fixture.Open().Attach("a").ok());
  REQUIRE(fixture.log().Append({{MakeFrame("host:1", 5, 1234, 100).Append()}}).ok());
  fixture.Close();
  const std::string path = fixture.options.directory + "/VERSION";
  std::ofstream(path) << older << "\n";
  CHECK(Log::OpenReadOnly(fixture.options.directory).ok());
  std::string version;
  std::getline(std::ifstream(path), version);
  CHECK(version == older);

  CHECK(ReadAll(fixture.Open()).size() == 1);
  std::getline(std::ifstream(path), version);
  CHECK(version == "sluice-buffer 4");
}

TEST_CASE("a directory with something else in it is refused", "[log]") {
  LogFixture fixture;
  std::filesystem::create_directory(fixture.options.directory);
  std::ofstream(fixture.options.directory + "/CURRENT") << "MANIFEST-000001\n";
  CHECK_FALSE(fixture.TryOpen().ok());
  std::ofstream(fixture.options.directory + "/VERSION") << "what?\n";
  CHECK_FALSE(fixture.TryOpen().ok());
}

TEST_CASE("a path that cannot be a directory is refused with its name", "[log]") {
  LogFixture fixture;
  std::ofstream(fixture.options.directory) << "a file\n";
  const Result<std::unique_ptr<Log>> opened = fixture.TryOpen();
  REQUIRE_FALSE(opened.ok());
  CHECK(opened.error().message.find(fixture.options.directory) != std::string::npos);
  fixture.options.directory += "/not/there";
  CHECK_FALSE(fixture.TryOpen().ok());
}
