// Frames and the log. SLUICE_BENCH_PAGE names a file in the text exposition format whose values are
// used instead of the made-up page; B/sample is what a frame takes on disk.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include "base/clock.h"
#include "base/telemetry.h"
#include "buffer/chunk.h"
#include "buffer/frame.h"
#include "buffer/layout.h"
#include "buffer/log.h"
#include "proto/histogram_codec.h"

using namespace sluice;
using namespace sluice::buffer;

namespace {

// Values as a host exporter has them: many zeros and small counts, counters, byte counts, seconds
// with two decimals, and durations with all digits.
std::vector<double> MadeUpPage() {
  std::mt19937_64 random(1);
  std::vector<double> values;
  const auto add = [&values](int count, auto next) {
    for (int i = 0; i < count; ++i) values.push_back(next());
  };
  add(160, [] { return 0.0; });
  add(90, [&random] { return static_cast<double>(random() % 3); });
  add(60, [&random] { return static_cast<double>(random() % 1000); });
  add(60, [&random] { return static_cast<double>(random() % 100'000'000); });
  add(50, [&random] { return static_cast<double>(4096 * (random() % 1'000'000)); });
  add(30, [&random] { return static_cast<double>(random() % 10'000'000) / 100; });
  add(40, [&random] { return static_cast<double>(random() % 1'000'000'000) / 1e9; });
  add(10, [&random] { return static_cast<double>(random() >> 11) * 0x1.0p-53; });
  return values;
}

std::vector<double> Page() {
  const char* path = std::getenv("SLUICE_BENCH_PAGE");
  if (path == nullptr) return MadeUpPage();
  std::vector<double> values;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line[0] == '#') continue;
    values.push_back(std::strtod(line.c_str() + line.rfind(' '), nullptr));
  }
  return values;
}

void CountSamples(benchmark::State& state, size_t samples_per_iteration) {
  const auto samples =
      static_cast<double>(state.iterations()) * static_cast<double>(samples_per_iteration);
  state.counters["time/sample"] =
      benchmark::Counter(samples, benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

void EncodeFrame(benchmark::State& state) {
  const std::vector<double> values = Page();
  FrameEncoder encoder;
  size_t bytes = 0;
  for (auto _ : state) {
    bytes = encoder.Encode({.timestamp_ms = 1'700'000'000'000, .values = values}).size();
    benchmark::DoNotOptimize(bytes);
  }
  CountSamples(state, values.size());
  state.counters["B/sample"] = static_cast<double>(bytes) / static_cast<double>(values.size());
}

BENCHMARK(EncodeFrame);

void DecodeFrame(benchmark::State& state) {
  const std::vector<double> values = Page();
  FrameEncoder encoder;
  FrameDecoder decoder;
  DecodedFrame frame;
  const std::string stored(encoder.Encode({.timestamp_ms = 1'700'000'000'000, .values = values}));
  const auto series_count = static_cast<uint32_t>(values.size());
  for (auto _ : state) {
    if (!decoder.Decode(stored, series_count, frame).ok()) state.SkipWithError("decode");
    benchmark::DoNotOptimize(frame.values.data());
  }
  CountSamples(state, values.size());
}

BENCHMARK(DecodeFrame);

// Latencies of a service in native histograms of schema 3, each with an exemplar; started together.
struct HistogramPage {
  static constexpr uint32_t kSeries = 200;

  HistogramPage() {
    std::mt19937_64 random(1);
    for (uint32_t i = 0; i < kSeries; ++i) AddHistogram(random, i);
    for (uint32_t i = 0; i < kSeries; ++i) {
      histograms.push_back({i, messages[i]});
      labels.push_back({{"trace_id", traces[i]}, {"span_id", "00f067aa0ba902b7"}});
      exemplars.push_back({i, 1'700'000'000'000 - i, 0.25 + i, labels.back()});
    }
    starts.assign(kSeries, 1'699'000'000'123);
    values.resize(kSeries);
  }

  void AddHistogram(std::mt19937_64& random, uint32_t series) {
    std::array<uint64_t, 60> counts{};
    std::lognormal_distribution<double> latency(static_cast<int>(series % 3) - 4, 0.7);
    proto::NativeHistogram histogram;
    histogram.schema = 3;
    histogram.count = 1'000 + random() % 100'000;
    for (int i = 0; i < 2'000; ++i) {
      const double bucket = std::ceil(std::log2(latency(random)) * 8) + 75;
      const auto index = static_cast<size_t>(std::clamp(bucket, 0.0, 59.0));
      counts[index] += histogram.count / 2'000;
      histogram.sum += std::exp2((bucket - 75) / 8);
    }
    int64_t before = 0;
    histogram.positive.spans = {{-75, counts.size()}};
    for (const uint64_t count : counts) {
      histogram.positive.deltas.push_back(static_cast<int64_t>(count) - before);
      before = static_cast<int64_t>(count);
    }
    proto::AppendHistogram(histogram, messages.emplace_back());
    traces.push_back(std::to_string(random()) + std::to_string(random()));
  }

  FrameColumns Columns() const {
    return {.timestamp_ms = 1'700'000'000'000,
            .values = values,
            .histograms = histograms,
            .exemplars = exemplars,
            .start_timestamps = starts};
  }

  std::vector<std::string> messages;
  std::vector<std::string> traces;
  std::vector<std::vector<LabelView>> labels;
  std::vector<FrameHistogram> histograms;
  std::vector<FrameExemplar> exemplars;
  std::vector<TimestampMs> starts;
  std::vector<double> values;
};

// What each column takes on disk per series.
void EncodeHistogramFrame(benchmark::State& state) {
  const HistogramPage page;
  FrameEncoder encoder;
  for (auto _ : state) {
    benchmark::DoNotOptimize(encoder.Encode(page.Columns()).size());
  }
  CountSamples(state, HistogramPage::kSeries);
  const auto bytes = [&](const FrameColumns& columns) {
    const FrameColumns plain = {.timestamp_ms = columns.timestamp_ms, .values = columns.values};
    const size_t without = encoder.Encode(plain).size();
    return static_cast<double>(encoder.Encode(columns).size() - without) / HistogramPage::kSeries;
  };
  FrameColumns columns = {.timestamp_ms = page.Columns().timestamp_ms, .values = page.values};
  columns.histograms = page.histograms;
  state.counters["B/histogram"] = bytes(columns);
  columns.histograms = {};
  columns.exemplars = page.exemplars;
  state.counters["B/exemplar"] = bytes(columns);
  columns.exemplars = {};
  columns.start_timestamps = page.starts;
  state.counters["B/start"] = bytes(columns);
}

BENCHMARK(EncodeHistogramFrame);

void DecodeHistogramFrame(benchmark::State& state) {
  const HistogramPage page;
  FrameEncoder encoder;
  FrameDecoder decoder;
  DecodedFrame frame;
  const std::string stored(encoder.Encode(page.Columns()));
  for (auto _ : state) {
    if (!decoder.Decode(stored, HistogramPage::kSeries, frame).ok()) state.SkipWithError("decode");
    benchmark::DoNotOptimize(frame.histograms.data());
  }
  CountSamples(state, HistogramPage::kSeries);
}

BENCHMARK(DecodeHistogramFrame);

std::shared_ptr<const Chunk> BuildChunk(int series_count) {
  ChunkBuilder builder;
  builder.StartFamily({.name = "node_cpu_seconds_total",
                       .type = MetricType::kCounter,
                       .help = "Seconds the CPUs spent in each mode.",
                       .unit = ""});
  for (int i = 0; i < series_count; ++i) {
    const std::string cpu = std::to_string(i);
    const std::vector<LabelView> labels = {
        {"__name__", "node_cpu_seconds_total"}, {"cpu", cpu}, {"mode", "idle"}};
    builder.AddSeries(labels, {});
  }
  return builder.Finish();
}

void BuildAndDecodeChunk(benchmark::State& state) {
  for (auto _ : state) {
    const auto chunk = BuildChunk(100);
    const Result<DecodedChunk> decoded = DecodedChunk::Decode(chunk->stored);
    benchmark::DoNotOptimize(decoded.ok());
  }
}

BENCHMARK(BuildAndDecodeChunk);

// A log in a folder that goes with it.
class BenchLog {
 public:
  BenchLog() {
    std::string pattern = (std::filesystem::temp_directory_path() / "sluice-bench-XXXXXX").string();
    if (mkdtemp(pattern.data()) != nullptr) directory_ = pattern;
    Result<std::unique_ptr<Log>> opened =
        Log::Open({.directory = directory_ + "/buffer"}, clock_, Logger(), telemetry_);
    if (opened.ok()) log_ = std::move(opened.value());
  }

  ~BenchLog() {
    log_.reset();
    std::error_code ignored;
    std::filesystem::remove_all(directory_, ignored);
  }

  Log* get() { return log_.get(); }

 private:
  SystemClock clock_;
  Telemetry telemetry_;
  std::string directory_;
  std::unique_ptr<Log> log_;
};

// Appends frames of about a kilobyte in batches; acknowledges them at once when told to.
void AppendFrames(benchmark::State& state, bool acknowledge) {
  BenchLog bench;
  Log* log = bench.get();
  if (log == nullptr || !log->Attach("a").ok()) {
    state.SkipWithError("open");
    return;
  }
  const std::vector<double> values = Page();
  const auto samples = static_cast<uint32_t>(values.size());
  FrameEncoder encoder;
  const std::string stored(encoder.Encode({.timestamp_ms = 1, .values = values}));
  const auto layout = Layout::Of({BuildChunk(static_cast<int>(samples))});
  const auto target = TargetLabels::Of(std::vector<LabelView>{{"instance", "host:9100"}});
  const std::vector<FrameAppend> batch(static_cast<size_t>(state.range(0)),
                                       FrameAppend{.target = target,
                                                   .layout = layout,
                                                   .lane_hash = 7,
                                                   .timestamp_ms = 1,
                                                   .sample_count = samples,
                                                   .stored = stored});
  Sequence from = 1;
  std::vector<FrameOutcome> outcomes;
  for (auto _ : state) {
    if (!log->Append(batch).ok()) state.SkipWithError("append");
    if (!acknowledge) continue;
    outcomes.clear();
    const Result<Sequence> next = log->Scan(from, 100'000, [&outcomes](const FrameRecord& frame) {
      outcomes.push_back({.lane = frame.lane,
                          .sequence = frame.sequence,
                          .record_bytes = frame.record_bytes,
                          .acknowledged = frame.sample_count,
                          .dropped = {}});
      return true;
    });
    if (!next.ok() || !log->Acknowledge("a", outcomes, {}).ok()) state.SkipWithError("scan");
    if (next.ok()) from = next.value();
  }
  CountSamples(state, batch.size() * samples);
}

void AppendOnly(benchmark::State& state) { AppendFrames(state, false); }

BENCHMARK(AppendOnly)->Arg(1)->Arg(16);

void AppendScanAcknowledge(benchmark::State& state) { AppendFrames(state, true); }

BENCHMARK(AppendScanAcknowledge)->Arg(1)->Arg(16);

}  // namespace
