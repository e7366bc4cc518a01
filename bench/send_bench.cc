// What it costs to turn stored frames into requests.

#include <string>
#include <utility>
#include <vector>

#include <benchmark/benchmark.h>

#include "buffer/frame.h"
#include "buffer/layout.h"
#include "proto/write_request.h"
#include "remotewrite/part_encoder.h"
#include "remotewrite/projection.h"
#include "remotewrite/template_maker.h"

namespace sluice::remotewrite {
namespace {

// A page like that of a node exporter: 540 series with about a hundred bytes of labels each.
constexpr uint32_t kSeries = 540;
constexpr uint32_t kChunks = 6;

struct Page {
  Page() {
    for (uint32_t c = 0; c < kChunks; ++c) {
      buffer::ChunkBuilder builder;
      for (uint32_t i = 0; i < kSeries / kChunks; ++i) {
        const std::string name = "node_cpu_seconds_total_of_kind_" + std::to_string(c);
        const std::string cpu = std::to_string(i / 8);
        const std::string mode = "mode" + std::to_string(i % 8);
        const std::vector<buffer::LabelView> labels = {
            {"__name__", name}, {"cpu", cpu}, {"mode", mode}};
        if (i == 0) {
          const std::string help = "Seconds the CPUs spent in each mode of kind " + name;
          builder.StartFamily({name, buffer::MetricType::kCounter, help, ""});
        }
        builder.AddSeries(labels, {});
      }
      decoded.push_back(*buffer::DecodedChunk::Decode(builder.Finish()->stored));
    }
    for (uint32_t i = 0; i < kSeries; ++i) values.push_back(i * 1234.5);
  }

  std::vector<buffer::LabelView> target = {{"instance", "10.20.30.40:9100"}, {"job", "node"}};
  std::vector<buffer::DecodedChunk> decoded;
  std::vector<double> values;
  relabel::Labels external = {{"cluster", "production-eu-1"}};
  relabel::Program program;
};

std::shared_ptr<const LayoutProjection> ProjectPage(
    const Page& page, const std::shared_ptr<proto::SymbolPool>& symbols = nullptr) {
  auto layout = std::make_shared<LayoutProjection>();
  layout->series_count = kSeries;
  const auto target = std::make_shared<const TargetText>(page.target);
  for (const buffer::DecodedChunk& chunk : page.decoded) {
    auto part = std::make_shared<Projection>(
        Project(page.target, chunk, {page.external, page.program, symbols}));
    if (symbols == nullptr) part->MakeModel(target);
    layout->parts.push_back(std::move(part));
  }
  return layout;
}

void BM_Project(benchmark::State& state) {
  const Page page;
  for (auto _ : state) benchmark::DoNotOptimize(ProjectPage(page));
  state.SetItemsProcessed(state.iterations() * kSeries);
}

BENCHMARK(BM_Project);

// Making labels from a model and writing samples, without compression.
void BM_Encode(benchmark::State& state) {
  const Page page;
  const auto layout = ProjectPage(page);
  V1Writer writer;
  for (auto _ : state) {
    writer.Clear();
    size_t series = 0;
    for (const auto& part : layout->parts) {
      for (uint32_t i = 0; i < part->series_count(); ++i) {
        const proto::SampleView sample{page.values[series++], 1'700'000'000'000};
        writer.Add({part.get(), i}, {&sample, 1});
      }
    }
    benchmark::DoNotOptimize(writer.bytes().data());
  }
  state.SetItemsProcessed(state.iterations() * kSeries);
  state.counters["raw_bytes_per_sample"] = static_cast<double>(writer.bytes().size()) / kSeries;
}

BENCHMARK(BM_Encode);

// Finding out once how such a frame is best compressed.
void BM_Template(benchmark::State& state) {
  const Page page;
  const auto layout = ProjectPage(page);
  for (auto _ : state) benchmark::DoNotOptimize(TemplateMaker(layout->parts).Make());
  state.SetItemsProcessed(state.iterations() * kSeries);
}

BENCHMARK(BM_Template);

// The same for 2.0: references to symbols.
void BM_EncodeV2(benchmark::State& state) {
  const Page page;
  const auto symbols = std::make_shared<proto::SymbolPool>();
  const auto layout = ProjectPage(page, symbols);
  proto::RequestWriterV2 writer(symbols);
  size_t size = 0;
  for (auto _ : state) {
    writer.Clear();
    size_t series = 0;
    for (const auto& part : layout->parts) {
      for (uint32_t i = 0; i < part->series_count(); ++i) {
        const proto::SampleView sample{page.values[series++], 1'700'000'000'000};
        writer.AddSeries({.labels = part->SymbolsOf(i),
                          .samples = {&sample, 1},
                          .metadata = part->MetadataOf(i)});
      }
    }
    size = writer.bytes().size();
  }
  state.SetItemsProcessed(state.iterations() * kSeries);
  state.counters["raw_bytes_per_sample"] = static_cast<double>(size) / kSeries;
}

BENCHMARK(BM_EncodeV2);

// A job of frames as they come from the log: decode, encode, compress. The argument is how many
// frames of the same target a request holds: one without a backlog.
void BM_Request(benchmark::State& state, const Encoding& encoding, Message configured) {
  const Page page;
  const auto symbols = configured == Message::kV2 ? std::make_shared<proto::SymbolPool>() : nullptr;
  const auto layout = ProjectPage(page, symbols);
  buffer::FrameEncoder encoder;
  std::vector<QueuedFrame> frames;
  for (int64_t i = 0; i < state.range(0); ++i) {
    buffer::FrameColumns columns;
    columns.timestamp_ms = 1'700'000'000'000 + i * 15'000;
    columns.values = page.values;
    QueuedFrame frame;
    frame.timestamp_ms = columns.timestamp_ms;
    frame.sample_count = kSeries;
    frame.stored = std::make_shared<const std::string>(encoder.Encode(columns));
    frames.push_back(std::move(frame));
  }
  PartEncoder part_encoder({}, symbols);
  size_t size = 0;
  for (auto _ : state) {
    std::vector<PlannedFrame> planned;
    for (const QueuedFrame& frame : frames) planned.push_back({frame, layout});
    Job job = std::move(MakeJobs(std::move(planned), 1'000'000).front());
    part_encoder.Encode(job, job.todo.front(), encoding);
    size = job.todo.front().body->size();
  }
  const int64_t samples = kSeries * state.range(0);
  state.SetItemsProcessed(state.iterations() * samples);
  state.counters["bytes_per_sample"] = static_cast<double>(size) / static_cast<double>(samples);
}

constexpr Encoding kV1;
constexpr Encoding kZstd{.compression = Compression::kZstd};
constexpr Encoding kV2{.message = Message::kV2};

BENCHMARK_CAPTURE(BM_Request, v1_snappy, kV1, Message::kV1)->Arg(1)->Arg(4)->Arg(40);
BENCHMARK_CAPTURE(BM_Request, v1_zstd, kZstd, Message::kV1)->Arg(1)->Arg(4)->Arg(40);
BENCHMARK_CAPTURE(BM_Request, v2, kV2, Message::kV2)->Arg(1)->Arg(4)->Arg(40);
BENCHMARK_CAPTURE(BM_Request, v2_fallen_back, kV1, Message::kV2)->Arg(1);

}  // namespace
}  // namespace sluice::remotewrite
