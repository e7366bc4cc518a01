// Damaged files: at worst the records in them are lost, and then that is counted or said.
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "buffer/record.h"
#include "tests/buffer/log_support.h"

using namespace sluice;
using namespace sluice::buffer;
using namespace sluice::buffer::test;

namespace {

namespace fs = std::filesystem;

constexpr int kFrames = 600;
constexpr size_t kPayloadBytes = 1000;

// A log with a backlog in several files and epochs, and some of it in the write-ahead log.
void Fill(LogFixture& fixture) {
  fixture.options.write_buffer_bytes = 128 << 10;
  fixture.options.epoch_bytes = 60'000;
  Log& log = fixture.Open();
  REQUIRE(log.Attach("a").ok());
  for (int i = 1; i <= kFrames; ++i) {
    const TestFrame frame = MakeFrame("host", static_cast<uint64_t>(i), i, kPayloadBytes);
    REQUIRE(log.Append(std::vector<FrameAppend>{frame.Append()}).ok());
  }
  fixture.Close();
}

std::vector<fs::path> FilesWith(const std::string& directory, const std::string& extension) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(directory)) {
    if (entry.path().extension() == extension) files.push_back(entry.path());
  }
  return files;
}

// While it has no time to move files down, RocksDB may merge them instead.
std::unique_ptr<LogFixture> FilledWithSeveralFiles() {
  constexpr int kAttempts = 10;
  for (int i = 0; i < kAttempts; ++i) {
    auto fixture = std::make_unique<LogFixture>();
    Fill(*fixture);
    if (FilesWith(fixture->options.directory, ".sst").size() >= 2) return fixture;
  }
  FAIL("always one file");
  return nullptr;
}

void FlipBytes(const fs::path& path, std::mt19937_64& random, int count) {
  const auto size = fs::file_size(path);
  REQUIRE(size > 0);
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  for (int i = 0; i < count; ++i) {
    const auto at = static_cast<std::streamoff>(random() % size);
    file.seekg(at);
    char byte = 0;
    file.get(byte);
    file.seekp(at);
    file.put(static_cast<char>(byte ^ (1 + static_cast<int>(random() % 255))));
  }
}

// Opens the damaged log, reads everything, goes on with it. The number of intact frames, or nothing
// when the log said that it cannot be opened.
std::optional<size_t> UseDamaged(LogFixture& fixture) {
  Result<std::unique_ptr<Log>> opened = fixture.TryOpen();
  if (!opened.ok()) {
    CHECK(opened.error().message.find(fixture.options.directory) != std::string::npos);
    return std::nullopt;
  }
  Log& log = *opened.value();
  REQUIRE(log.Attach("a").ok());
  // It is known still, and so is what is pending for it.
  CHECK(log.Progress("a")->ledger.pending > 0);
  const std::vector<ReadFrame> frames = ReadAll(log);
  std::vector<FrameOutcome> outcomes;
  for (const ReadFrame& frame : frames) {
    // Whatever comes back is what was appended.
    const auto index = static_cast<uint64_t>(frame.timestamp_ms);
    REQUIRE(frame.stored == MakeFrame("host", index, frame.timestamp_ms, kPayloadBytes).stored);
    // May be damaged, must not crash.
    const Result<StoredLayout> layout = log.LoadLayout(frame.layout_at);
    if (layout.ok()) (void)log.LoadChunk(layout.value().chunks.at(0).at).ok();
    (void)log.LoadTarget(frame.target_at).ok();
    outcomes.push_back(Acknowledged(frame));
  }
  CHECK(LedgerHolds(*log.Progress("a")));
  std::vector<LaneAdvance> advances;
  for (uint32_t lane = 0; lane < kLaneCount; ++lane) advances.push_back({lane, log.status().head});
  REQUIRE(log.Acknowledge("a", outcomes, advances).ok());
  CHECK(log.Progress("a")->ledger.pending == 0);
  CHECK(LedgerHolds(*log.Progress("a")));
  if (frames.size() < kFrames && log.Progress("a")->ledger.appended == kFrames * 10) {
    CHECK(log.status().damaged_records > 0);
  }
  const TestFrame frame = MakeFrame("host", 1, 1, 100);
  CHECK(log.Append(std::vector<FrameAppend>{frame.Append()}).ok());
  return frames.size();
}

}  // namespace

TEST_CASE("flipped bytes in table files cost the records around them only", "[log][corruption]") {
  const uint64_t seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  int opened = 0;
  for (int round = 0; round < 8; ++round) {
    const auto fixture = FilledWithSeveralFiles();
    const std::vector<fs::path> files = FilesWith(fixture->options.directory, ".sst");
    FlipBytes(files[random() % files.size()], random, 1);
    const std::optional<size_t> frames = UseDamaged(*fixture);
    if (!frames) continue;
    ++opened;
    // One block, or the index of one file.
    CHECK(*frames >= kFrames / 3);
  }
  CHECK(opened > 0);
}

TEST_CASE("damage at either end of a table file costs a block of it only", "[log][corruption]") {
  // Moving an iterator on into a file whose first block is damaged passes over the file silently.
  for (const bool at_front : {true, false}) {
    CAPTURE(at_front);
    const auto fixture = FilledWithSeveralFiles();
    std::vector<fs::path> files = FilesWith(fixture->options.directory, ".sst");
    std::sort(files.begin(), files.end());
    std::fstream file(files[1], std::ios::in | std::ios::out | std::ios::binary);
    // The last block with records ends a few kilobytes before the end: the index is behind it.
    const auto size = static_cast<std::streamoff>(fs::file_size(files[1]));
    file.seekp(at_front ? 1500 : size - 9000);
    file.write("damaged!", 8);
    file.close();
    const std::optional<size_t> frames = UseDamaged(*fixture);
    REQUIRE(frames);
    CHECK(*frames < kFrames);
    CHECK(*frames >= kFrames - 5);
  }
}

TEST_CASE("flipped bytes in the write-ahead log cost what follows them at most",
          "[log][corruption]") {
  const uint64_t seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  for (int round = 0; round < 8; ++round) {
    LogFixture fixture;
    Fill(fixture);
    const std::vector<fs::path> files = FilesWith(fixture.options.directory, ".log");
    REQUIRE_FALSE(files.empty());
    for (const fs::path& file : files) {
      if (fs::file_size(file) > 0) FlipBytes(file, random, 1);
    }
    const std::optional<size_t> frames = UseDamaged(fixture);
    if (frames) CHECK(*frames >= kFrames / 3);
  }
}

TEST_CASE("a write-ahead log cut short anywhere loses its tail only", "[log][corruption]") {
  const uint64_t seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  for (int round = 0; round < 8; ++round) {
    LogFixture fixture;
    Fill(fixture);
    const std::vector<fs::path> files = FilesWith(fixture.options.directory, ".log");
    REQUIRE_FALSE(files.empty());
    const fs::path newest = *std::max_element(files.begin(), files.end());
    fs::resize_file(newest, random() % (fs::file_size(newest) + 1));
    const std::optional<size_t> frames = UseDamaged(fixture);
    REQUIRE(frames);
    CHECK(*frames >= kFrames / 3);
  }
}

TEST_CASE("a file of records that is cut short or gone costs what is in it", "[log][corruption]") {
  for (const bool newest : {false, true}) {
    for (const bool gone : {false, true}) {
      CAPTURE(newest, gone);
      LogFixture fixture;
      Fill(fixture);
      std::vector<fs::path> files = FilesWith(fixture.options.directory, ".sst");
      std::sort(files.begin(), files.end());
      REQUIRE(files.size() >= 2);
      const fs::path& file = newest ? files.back() : files.front();
      // How much a file holds depends on when it was written.
      const size_t in_file = fs::file_size(file) / kPayloadBytes;
      CAPTURE(in_file);
      if (gone) {
        fs::remove(file);
      } else {
        fs::resize_file(file, fs::file_size(file) / 2);
      }
      const std::optional<size_t> frames = UseDamaged(fixture);
      REQUIRE(frames);
      CHECK(*frames < kFrames);
      CHECK(*frames + in_file >= kFrames);
    }
  }
}

TEST_CASE("damage to the files that name the others is said or survived", "[log][corruption]") {
  const uint64_t seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  for (int round = 0; round < 8; ++round) {
    LogFixture fixture;
    Fill(fixture);
    for (const auto& entry : fs::directory_iterator(fixture.options.directory)) {
      const std::string name = entry.path().filename().string();
      const bool chosen = round % 2 == 0 ? name == "CURRENT" : name.rfind("MANIFEST", 0) == 0;
      if (chosen) FlipBytes(entry.path(), random, 1);
    }
    UseDamaged(fixture);
  }
}

TEST_CASE("a damaged record is counted once however often it is met", "[log][corruption]") {
  LogFixture fixture;
  Fill(fixture);
  std::mt19937_64 random(1);
  // In the middle of a file, where the data is.
  const fs::path file = FilesWith(fixture.options.directory, ".sst").at(0);
  std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary);
  stream.seekp(static_cast<std::streamoff>(fs::file_size(file) / 2));
  stream.write("damaged!", 8);
  stream.close();
  Log& log = fixture.Open();
  const size_t frames = ReadAll(log).size();
  CHECK(frames < kFrames);
  CHECK(frames > kFrames - 10);
  const uint64_t damaged = log.status().damaged_records;
  CHECK(damaged > 0);
  CHECK(damaged < 10);
  CHECK(ReadAll(log).size() == frames);
  CHECK(log.status().damaged_records == damaged);
}

TEST_CASE("a record is refused under another sequence, cut short or altered", "[record]") {
  std::string record;
  EncodeFrameRecord(record, 500, 480,
                    {.lane = 3,
                     .timestamp_ms = -5,
                     .sample_count = 77,
                     .target_at = 481,
                     .layout_at = 482,
                     .stored = "payload"});
  const Result<RecordView> view = OpenRecord(500, record);
  REQUIRE(view.ok());
  CHECK(view.value().epoch_start == 480);
  const Result<FrameBody> frame = DecodeFrameBody(500, view.value().body);
  REQUIRE(frame.ok());
  CHECK(frame.value().lane == 3);
  CHECK(frame.value().timestamp_ms == -5);
  CHECK(frame.value().sample_count == 77);
  CHECK(frame.value().target_at == 481);
  CHECK(frame.value().layout_at == 482);
  CHECK(frame.value().stored == "payload");

  CHECK_FALSE(OpenRecord(501, record).ok());
  for (size_t size = 0; size < record.size(); ++size) {
    CHECK_FALSE(OpenRecord(500, std::string_view(record).substr(0, size)).ok());
  }
  for (size_t i = 0; i < record.size(); ++i) {
    std::string altered = record;
    altered[i] = static_cast<char>(altered[i] ^ 0x10);
    CHECK_FALSE(OpenRecord(500, altered).ok());
  }
}

TEST_CASE("keys are in the order of their sequences", "[record]") {
  const std::vector<Sequence> sequences = {0, 1, 255, 256, 1ULL << 40, UINT64_MAX};
  for (size_t i = 0; i < sequences.size(); ++i) {
    const auto key = EncodeKey(sequences[i]);
    CHECK(DecodeKey(std::string_view(key.data(), key.size())) == sequences[i]);
    if (i == 0) continue;
    const auto before = EncodeKey(sequences[i - 1]);
    // As RocksDB compares them: unsigned.
    CHECK(std::string_view(before.data(), before.size()) <
          std::string_view(key.data(), key.size()));
  }
  CHECK_FALSE(DecodeKey("short").has_value());
}
