// A request that is written compressed is, decompressed, to the byte what it is when it is written
// plainly, from whole texts of labels.

#include "remotewrite/frame_template.h"

#include <algorithm>
#include <bit>
#include <limits>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include <catch2/catch.hpp>
#include <snappy.h>
#include <zstd.h>

#include "buffer/frame.h"
#include "proto/histogram_codec.h"
#include "remotewrite/part_encoder.h"
#include "remotewrite/template_maker.h"
#include "remotewrite/v1_writer.h"

namespace sluice::remotewrite::test {
namespace {

using LabelMap = std::map<std::string, std::string>;

std::vector<buffer::LabelView> Views(const LabelMap& labels) {
  std::vector<buffer::LabelView> views;
  for (const auto& label : labels) views.push_back({label.first, label.second});
  return views;
}

std::string Unsnappy(std::string_view body) {
  std::string raw;
  REQUIRE(snappy::Uncompress(body.data(), body.size(), &raw));
  return raw;
}

std::string Unzstd(std::string_view body) {
  std::string raw(ZSTD_getFrameContentSize(body.data(), body.size()), '\0');
  const size_t size = ZSTD_decompress(raw.data(), raw.size(), body.data(), body.size());
  REQUIRE(size == raw.size());
  return raw;
}

std::string RandomName(std::mt19937_64& rng) {
  const char* const words[] = {"node", "network", "receive", "bytes", "total", "x", "disk"};
  std::string name;
  for (uint64_t i = 1 + rng() % 5; i > 0; --i) name += std::string(words[rng() % 7]) + "_";
  return name;
}

// Labels as they are found: most of them as in the series before.
LabelMap NextSeries(std::mt19937_64& rng, LabelMap labels) {
  const char* const names[] = {"a", "cpu", "device", "instance", "job", "le", "mode"};
  for (uint64_t i = 1 + rng() % 2; i > 0; --i) {
    const std::string name = names[rng() % 7];
    const uint64_t kind = rng() % 200;
    std::string& value = labels[name];
    value = std::to_string(rng() % 20);
    if (kind < 30) value = RandomName(rng);
    if (kind == 40) value = std::string(rng() % 70'000, 'v');
    if (kind / 2 == 21) value = std::string(100 + rng() % 300, static_cast<char>('a' + rng() % 3));
    if (kind > 160) labels.erase(name);
  }
  if (rng() % 8 == 0 || labels["__name__"].empty()) labels["__name__"] = RandomName(rng);
  if (rng() % 30 == 0) labels.erase("__name__");  // is not sent
  return labels;
}

buffer::DecodedChunk RandomChunk(std::mt19937_64& rng) {
  buffer::ChunkBuilder builder;
  LabelMap labels;
  for (uint64_t i = 1 + rng() % (rng() % 8 == 0 ? 300 : 30); i > 0; --i) {
    labels = NextSeries(rng, labels);
    const std::vector<std::string_view> unset = {"job"};
    builder.AddSeries(Views(labels), std::span(unset).subspan(rng() % 10 == 0 ? 0 : 1));
  }
  return *buffer::DecodedChunk::Decode(builder.Finish()->stored);
}

std::vector<buffer::DecodedChunk> RandomChunks(std::mt19937_64& rng) {
  std::vector<buffer::DecodedChunk> chunks;
  for (uint64_t i = 1 + rng() % 6; i > 0; --i) chunks.push_back(RandomChunk(rng));
  return chunks;
}

double RandomValue(std::mt19937_64& rng) {
  const double values[] = {0.0,
                           -0.0,
                           1.0,
                           std::numeric_limits<double>::infinity(),
                           std::bit_cast<double>(buffer::kStaleNanBits),
                           std::bit_cast<double>(buffer::kNormalNanBits),
                           1234567.25,
                           -5.0};
  if (rng() % 3 == 0) return std::bit_cast<double>(rng());
  const double value = values[rng() % 8];
  return rng() % 3 == 0 ? value * 3 : value;
}

// Columns for a number of series. Few have more than values.
struct RandomFrame {
  RandomFrame(std::mt19937_64& rng, size_t series, TimestampMs timestamp_ms) {
    columns.timestamp_ms = timestamp_ms;
    if (rng() % 10 == 0) {
      columns.kind = buffer::FrameKind::kStale;
      return;
    }
    const bool is_odd = rng() % 4 == 0;
    for (size_t i = 0; i < series; ++i) {
      values.push_back(i > 0 && rng() % 3 == 0 ? values.back() : RandomValue(rng));
      present.push_back(is_odd && rng() % 3 == 0 ? 0 : 1);
      const bool has_own = is_odd && rng() % 5 == 0;
      timestamps.push_back(has_own ? static_cast<TimestampMs>(rng() >> rng() % 64)
                                   : buffer::kNoTimestamp);
    }
    columns.values = values;
    if (is_odd) columns.timestamps = timestamps;
    if (is_odd && rng() % 2 == 0) columns.present = present;
    if (rng() % 6 == 0) AddExtras(rng, series);
  }

  void AddExtras(std::mt19937_64& rng, size_t series) {
    proto::NativeHistogram native;
    native.count = rng() % 1'000;
    native.sum = 1.5;
    proto::AppendHistogram(native, histogram);
    for (uint32_t i = 0; i < series; ++i) {
      if (!columns.present.empty() && present[i] == 0) continue;
      if (rng() % 5 == 0) histograms.push_back({i, histogram});
      if (rng() % 5 == 0) exemplars.push_back({i, 1'000, 0.5, exemplar_labels});
    }
    columns.histograms = histograms;
    columns.exemplars = exemplars;
  }

  buffer::FrameColumns columns;
  std::vector<double> values;
  std::vector<uint8_t> present;
  std::vector<TimestampMs> timestamps;
  std::string histogram;
  std::vector<buffer::LabelView> exemplar_labels = {{"trace_id", "0123456789abcdef"}};
  std::vector<buffer::FrameHistogram> histograms;
  std::vector<buffer::FrameExemplar> exemplars;
};

// The layout of a target twice: as it is kept, and with texts of all series.
struct TwinLayout {
  std::shared_ptr<LayoutProjection> models = std::make_shared<LayoutProjection>();
  std::shared_ptr<LayoutProjection> texts = std::make_shared<LayoutProjection>();
};

TwinLayout ProjectTwice(const LabelMap& target, const std::vector<buffer::DecodedChunk>& chunks) {
  const relabel::Labels external =
      relabel::Labels::From(std::vector<relabel::Label>{{"cluster", "production"}});
  const relabel::Program program;
  TwinLayout twin;
  const auto text = std::make_shared<const TargetText>(Views(target));
  for (const buffer::DecodedChunk& chunk : chunks) {
    const auto project = [&] {
      return std::make_shared<Projection>(Project(Views(target), chunk, {external, program}));
    };
    twin.texts->parts.push_back(project());
    const std::shared_ptr<Projection> part = project();
    part->MakeModel(text);
    twin.models->parts.push_back(part);
    twin.models->series_count += part->series_count();
  }
  twin.texts->series_count = twin.models->series_count;
  // As contents are named.
  twin.models->key.target = ContentIdOf(text->bytes());
  twin.models->key.content = ContentIdOf(target.at("job") + std::to_string(chunks.size()));
  twin.texts->key = twin.models->key;
  return twin;
}

bool HasModels(const LayoutProjection& layout) {
  return std::all_of(layout.parts.begin(), layout.parts.end(),
                     [](const auto& part) { return part->model() != nullptr; });
}

TEST_CASE("a frame written by its template is what it is without, for all targets that are alike",
          "[remotewrite][random]") {
  const auto seed = GENERATE(take(150, random(1U, 1'000'000'000U)));
  CAPTURE(seed);
  std::mt19937_64 rng(seed);
  const std::vector<buffer::DecodedChunk> chunks = RandomChunks(rng);
  const std::string job = RandomName(rng);
  const TwinLayout first = ProjectTwice({{"instance", "host-10"}, {"job", job}}, chunks);
  if (!HasModels(*first.models)) return;
  const auto frame = TemplateMaker(first.models->parts).Make();
  if (frame == nullptr) return;

  EntryWriter writer(nullptr);
  writer.Begin({});
  V1Writer plain;
  for (int i = 0; i < 4; ++i) {
    const std::string instance = "host-" + std::to_string(10 + rng() % 20);
    const LabelMap labels = {{"instance", instance}, {"job", job}};
    const TwinLayout twin = ProjectTwice(labels, chunks);
    // A label of this target alone may stand in a series by chance.
    const TimestampMs timestamp_ms = 1'000'000'000'000 + static_cast<TimestampMs>(rng() >> 25);
    REQUIRE(FrameTemplate::Takes(timestamp_ms));
    std::vector<double> values;
    for (const auto& part : twin.texts->parts) {
      for (size_t k = 0; k < part->series_count(); ++k) {
        if (!part->Sends(k)) continue;
        const bool is_same = !values.empty() && rng() % 3 == 0;
        const double value = is_same ? values.back() : RandomValue(rng);
        values.push_back(value);
        const proto::SampleView sample{value, timestamp_ms};
        plain.Add({part.get(), k}, {&sample, 1});
      }
    }
    REQUIRE(frame->sent().size() == values.size());
    writer.Add(*frame, values, timestamp_ms, TargetText(Views(labels)));
    if (rng() % 2 == 0 || !first.models->parts[0]->Sends(0)) continue;
    // Others come in between.
    const proto::SampleView sample{0.5, 1'000};
    writer.Add({first.models->parts[0].get(), 0}, {&sample, 1});
    plain.Add({first.texts->parts[0].get(), 0}, {&sample, 1});
  }
  CHECK((Unsnappy(writer.Finish()) == plain.bytes()));
}

TEST_CASE("a template compresses about as well as a search in each frame does", "[remotewrite]") {
  std::vector<buffer::DecodedChunk> chunks;
  for (int c = 0; c < 20; ++c) {
    buffer::ChunkBuilder builder;
    for (int i = 0; i < 25; ++i) {
      const std::string name = "node_subsystem_" + std::to_string(c) + "_kind_" +
                               std::to_string(i / 5) + "_seconds_total";
      const LabelMap labels = {{"__name__", name}, {"cpu", std::to_string(i % 5)}};
      builder.AddSeries(Views(labels), {});
    }
    chunks.push_back(*buffer::DecodedChunk::Decode(builder.Finish()->stored));
  }
  const LabelMap target = {{"instance", "10.20.30.40:9100"}, {"job", "node"}};
  const TwinLayout twin = ProjectTwice(target, chunks);
  const auto frame = TemplateMaker(twin.models->parts).Make();
  REQUIRE(frame != nullptr);
  std::mt19937_64 rng(1);
  std::vector<double> values;
  for (size_t i = 0; i < frame->sent().size(); ++i) {
    values.push_back(static_cast<double>(rng() % 1'000'000));
  }
  EntryWriter writer(nullptr);
  writer.Begin({});
  writer.Add(*frame, values, 1'700'000'000'000, TargetText(Views(target)));
  const std::string body(writer.Finish());
  const std::string raw = Unsnappy(body);
  std::string searched;
  snappy::Compress(raw.data(), raw.size(), &searched);
  CAPTURE(raw.size(), searched.size(), body.size());
  CHECK(body.size() < searched.size() + searched.size() / 10);
}

TEST_CASE("times that take more or fewer bytes have no place in a template", "[remotewrite]") {
  CHECK_FALSE(FrameTemplate::Takes(-1));
  CHECK_FALSE(FrameTemplate::Takes(0));
  CHECK_FALSE(FrameTemplate::Takes((int64_t{1} << 35) - 1));
  CHECK(FrameTemplate::Takes(int64_t{1} << 35));
  CHECK(FrameTemplate::Takes(1'700'000'000'000));
  CHECK(FrameTemplate::Takes((int64_t{1} << 42) - 1));
  CHECK_FALSE(FrameTemplate::Takes(int64_t{1} << 42));
}

TEST_CASE("requests are the same, whether there are templates for their frames or not",
          "[remotewrite][random]") {
  const auto seed = GENERATE(take(150, random(1U, 1'000'000'000U)));
  CAPTURE(seed);
  std::mt19937_64 rng(seed);
  const std::vector<buffer::DecodedChunk> chunks = RandomChunks(rng);
  buffer::FrameEncoder encoder;
  std::vector<PlannedFrame> models;
  std::vector<PlannedFrame> texts;
  TimestampMs timestamp_ms = 1'700'000'000'000;
  for (uint64_t t = 1 + rng() % 3; t > 0; --t) {
    LabelMap target = {{"instance", "host-" + std::to_string(rng() % 20)},
                       {"job", RandomName(rng)}};
    if (rng() % 3 == 0) target["zone"] = "z";
    const TwinLayout twin = ProjectTwice(target, chunks);
    const uint64_t frames = rng() % 4 == 0 ? 1 + rng() % 40 : 1;
    for (uint64_t i = 0; i < frames; ++i, timestamp_ms += 15'000) {
      const RandomFrame made(rng, twin.models->series_count, timestamp_ms);
      QueuedFrame frame;
      frame.timestamp_ms = timestamp_ms;
      frame.sample_count = twin.models->series_count;
      frame.stored = std::make_shared<const std::string>(encoder.Encode(made.columns));
      models.push_back({frame, twin.models});
      texts.push_back({frame, twin.texts});
    }
  }
  const uint64_t samples_max = rng() % 2 == 0 ? 1'000'000 : 1 + rng() % 100;
  Job job = std::move(MakeJobs(std::move(models), samples_max).front());
  Job plain = std::move(MakeJobs(std::move(texts), samples_max).front());
  for (uint64_t i = rng() % 4; i > 0; --i) {  // halves, down to some of the series
    auto halves = Split(job, job.todo.front());
    if (!halves) break;
    SplitFirst(job, *std::move(halves));
    SplitFirst(plain, *Split(plain, plain.todo.front()));
  }

  PartEncoder part_encoder({.exemplars = true, .native_histograms = true});
  REQUIRE(job.todo.size() == plain.todo.size());
  for (size_t i = 0; i < job.todo.size() && i < 5; ++i) {
    part_encoder.Encode(plain, plain.todo[i], {.compression = Compression::kZstd});
    const auto expected = plain.todo[i].body;
    const Part& part = job.todo[i];
    for (int again = 0; again <= FrameTemplates::kUsesMin; ++again) {
      part_encoder.Encode(job, job.todo[i]);
      REQUIRE((part.body == nullptr) == (expected == nullptr));
      if (expected == nullptr) break;
      REQUIRE((Unsnappy(*part.body) == Unzstd(*expected)));
      CHECK(part.counts.samples == plain.todo[i].counts.samples);
      CHECK(part.relabeled.samples == plain.todo[i].relabeled.samples);
    }
    if (expected == nullptr) continue;
    part_encoder.Encode(job, job.todo[i], {.compression = Compression::kZstd});
    CHECK((Unzstd(*job.todo[i].body) == Unzstd(*expected)));
    part_encoder.Encode(plain, plain.todo[i]);  // not everything has a model
    CHECK((Unsnappy(*plain.todo[i].body) == Unzstd(*expected)));
  }
}

}  // namespace
}  // namespace sluice::remotewrite::test
