#include "tests/buffer/log_support.h"

#include <chrono>
#include <filesystem>
#include <limits>
#include <numeric>
#include <random>
#include <system_error>
#include <thread>
#include <utility>

#include <catch2/catch.hpp>

namespace sluice::buffer::test {

std::shared_ptr<const Chunk> MakeChunk(const std::string& family, uint32_t series_count) {
  ChunkBuilder builder;
  builder.StartFamily(
      {.name = family, .type = MetricType::kGauge, .help = "Something of " + family, .unit = ""});
  for (uint32_t i = 0; i < series_count; ++i) {
    const std::string number = std::to_string(i);
    const std::vector<LabelView> labels = {{"__name__", family}, {"number", number}};
    builder.AddSeries(labels, {});
  }
  return builder.Finish();
}

std::shared_ptr<const Layout> MakeLayout(const std::string& family, uint32_t series_count) {
  return Layout::Of({MakeChunk(family, series_count), MakeChunk(family + "_more", 1)});
}

std::shared_ptr<const TargetLabels> MakeTarget(const std::string& instance) {
  const std::vector<LabelView> labels = {{"instance", instance}, {"job", "test"}};
  return TargetLabels::Of(labels);
}

FrameAppend TestFrame::Append() const {
  return FrameAppend{.target = target,
                     .layout = layout,
                     .lane_hash = lane_hash,
                     .timestamp_ms = timestamp_ms,
                     .sample_count = sample_count,
                     .stored = stored};
}

std::string RandomBytes(uint64_t seed, size_t payload_bytes) {
  std::mt19937_64 random(seed);
  std::string bytes(payload_bytes, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random());
  return bytes;
}

TestFrame MakeFrame(const std::string& instance, uint64_t lane_hash, TimestampMs timestamp_ms,
                    size_t payload_bytes) {
  TestFrame frame;
  frame.target = MakeTarget(instance);
  frame.layout = MakeLayout("metric", 9);
  frame.lane_hash = lane_hash;
  frame.timestamp_ms = timestamp_ms;
  frame.sample_count = 10;
  frame.stored = RandomBytes(static_cast<uint64_t>(timestamp_ms) * 31 + lane_hash, payload_bytes);
  return frame;
}

std::vector<ReadFrame> ReadAll(const Log& log, Sequence from) {
  std::vector<ReadFrame> frames;
  const Result<Sequence> next =
      log.Scan(from, std::numeric_limits<uint32_t>::max(), [&frames](const FrameRecord& record) {
        frames.push_back({.sequence = record.sequence,
                          .lane = record.lane,
                          .timestamp_ms = record.timestamp_ms,
                          .sample_count = record.sample_count,
                          .target_at = record.target_at,
                          .layout_at = record.layout_at,
                          .record_bytes = record.record_bytes,
                          .stored = std::string(record.stored)});
        return true;
      });
  REQUIRE(next.ok());
  return frames;
}

FrameOutcome Acknowledged(const ReadFrame& frame) {
  return FrameOutcome{.lane = frame.lane,
                      .sequence = frame.sequence,
                      .record_bytes = frame.record_bytes,
                      .acknowledged = frame.sample_count,
                      .dropped = {}};
}

bool LedgerHolds(const DestinationProgress& progress) {
  const Ledger& ledger = progress.ledger;
  uint64_t samples = 0;
  uint64_t bytes = 0;
  std::vector<LaneProgress> lanes(progress.lanes.begin(), progress.lanes.end());
  lanes.insert(lanes.end(), progress.backlog.begin(), progress.backlog.end());
  for (const LaneProgress& lane : lanes) {
    samples += lane.pending_samples;
    bytes += lane.pending_bytes;
  }
  const uint64_t dropped =
      std::accumulate(ledger.dropped.begin(), ledger.dropped.end(), uint64_t{0});
  return samples == ledger.pending && bytes == progress.pending_bytes &&
         ledger.appended == ledger.acknowledged + ledger.pending + ledger.branched + dropped;
}

uint64_t DroppedOf(const DestinationProgress& progress, DropReason reason) {
  return progress.ledger.dropped[static_cast<size_t>(reason)];
}

bool Eventually(const std::function<bool()>& condition) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));  // style: polls a thread
  }
  return true;
}

uint64_t DirectoryBytes(const std::string& directory) {
  uint64_t bytes = 0;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(directory, error)) {
    if (entry.path().filename() == "ballast") continue;
    const auto size = entry.file_size(error);
    if (!error) bytes += size;
  }
  return bytes;
}

LogFixture::LogFixture() {
  options.directory = dir_.File("buffer");
  options.recent_bytes_max = 0;
}

Result<std::unique_ptr<Log>> LogFixture::TryOpen() {
  return Log::Open(options, clock, Logger(), telemetry_);
}

Log& LogFixture::Open() {
  log_.reset();
  Result<std::unique_ptr<Log>> opened = TryOpen();
  INFO((opened.ok() ? std::string() : opened.error().message));
  REQUIRE(opened.ok());
  log_ = std::move(opened.value());
  return *log_;
}

}  // namespace sluice::buffer::test
