// Fills a log with frames that wait for destinations: log_filler DIRECTORY BYTES DESTINATION...
//
// Much faster than scraping would be. A frame is a scrape of 1,000 series at two bytes a sample.
#include <charconv>
#include <chrono>
#include <cstdint>
#include <iostream>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/logger.h"
#include "base/telemetry.h"
#include "buffer/chunk.h"
#include "buffer/frame.h"
#include "buffer/layout.h"
#include "buffer/log.h"

using namespace sluice;
using namespace sluice::buffer;

namespace {

constexpr uint32_t kSeries = 1'000;
constexpr uint32_t kTargets = 500;
constexpr uint32_t kChunkSeries = 50;

int Fail(const Error& error) {
  std::cerr << "log_filler: " << error.message << "\n";
  return 1;
}

std::shared_ptr<const Layout> MakeLayout() {
  std::vector<std::shared_ptr<const Chunk>> chunks;
  ChunkBuilder builder;
  for (uint32_t i = 0; i < kSeries; ++i) {
    const std::string name = "filled_metric_" + std::to_string(i / kChunkSeries);
    const std::string number = std::to_string(i % kChunkSeries);
    const std::vector<LabelView> labels = {{"__name__", name}, {"device", number}};
    builder.AddSeries(labels, {});
    if ((i + 1) % kChunkSeries == 0) chunks.push_back(builder.Finish());
  }
  return Layout::Of(std::move(chunks));
}

// One step in time, in which each target was scraped once: all of them with the same values.
struct Step {
  Step() : layout(MakeLayout()), values(kSeries) {
    for (uint32_t i = 0; i < kTargets; ++i) {
      const std::string instance = "host-" + std::to_string(i) + ":9100";
      const auto target = TargetLabels::Of(std::vector<LabelView>{{"instance", instance}});
      frames.push_back({.target = target,
                        .layout = layout,
                        .lane_hash = target->id.low,
                        .timestamp_ms = 0,
                        .sample_count = kSeries,
                        .stored = {}});
    }
  }

  void MakeAt(TimestampMs now_ms) {
    for (double& value : values) value = static_cast<double>(random() % 65'536);
    const std::string_view stored = encoder.Encode({.timestamp_ms = now_ms, .values = values});
    for (FrameAppend& frame : frames) {
      frame.timestamp_ms = now_ms;
      frame.stored = stored;
    }
    bytes = stored.size() * frames.size();
  }

  std::shared_ptr<const Layout> layout;
  std::vector<double> values;
  std::mt19937_64 random{1};
  FrameEncoder encoder;
  std::vector<FrameAppend> frames;
  uint64_t bytes = 0;
};

Status Fill(const std::string& directory, uint64_t bytes,
            const std::vector<std::string>& destinations) {
  const SystemClock clock;
  Telemetry telemetry;
  Result<std::unique_ptr<Log>> log =
      Log::Open({.directory = directory, .bytes_max = 4 * bytes}, clock, Logger(), telemetry);
  if (!log.ok()) return log.error();
  for (const std::string& name : destinations) {
    const Result<DestinationProgress> attached = (*log)->Attach(name);
    if (!attached.ok()) return attached.error();
  }
  Step step;
  TimestampMs now_ms = clock.WallNowMs() - 3'600'000;
  for (uint64_t written = 0; written < bytes; written += step.bytes) {
    step.MakeAt(++now_ms);
    if (Status status = (*log)->Append(step.frames); !status.ok()) return status;
  }
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  if (arguments.size() < 3) return Fail(InvalidInput("usage: DIRECTORY BYTES DESTINATION..."));
  uint64_t bytes = 0;
  const std::string& text = arguments[1];
  if (std::from_chars(text.data(), text.data() + text.size(), bytes).ec != std::errc()) {
    return Fail(InvalidInput("not a number: " + text));
  }
  const Status status = Fill(arguments[0], bytes, {arguments.begin() + 2, arguments.end()});
  return status.ok() ? 0 : Fail(status.error());
}
