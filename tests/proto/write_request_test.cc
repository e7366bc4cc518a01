#include "proto/write_request.h"

#include <algorithm>
#include <bit>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>
#include <snappy.h>

#include "proto/body_compressor.h"
#include "proto/histogram_codec.h"
#include "random_histogram.h"
#include "remote_write.pb.h"

namespace sluice::proto {
namespace {

struct RandomSeries {
  std::vector<std::pair<std::string, std::string>> labels;
  std::vector<SampleView> samples;
};

std::string RandomText(std::mt19937_64& rng, size_t size_max) {
  std::string text(rng() % (size_max + 1), '\0');
  for (char& byte : text) byte = static_cast<char>('!' + rng() % 90);
  return text;
}

RandomSeries MakeSeries(std::mt19937_64& rng) {
  RandomSeries series;
  for (uint64_t i = rng() % 12; i > 0; --i) {
    // Lengths on both sides of the places where a length needs one more byte.
    const size_t size_max = rng() % 50 == 0 ? 40'000 : 140;
    series.labels.emplace_back(RandomText(rng, 40), RandomText(rng, size_max));
  }
  for (uint64_t i = rng() % 4 == 0 ? rng() % 40 : 1; i > 0; --i) {
    const uint64_t bits = rng() % 5 == 0 ? 0 : rng();
    const auto timestamp = static_cast<int64_t>(rng() >> (rng() % 64));
    series.samples.push_back({std::bit_cast<double>(bits), timestamp});
  }
  return series;
}

std::string Encode(const std::vector<RandomSeries>& all, RequestWriter& writer) {
  writer.Clear();
  for (const RandomSeries& series : all) {
    std::string labels;
    for (const auto& label : series.labels) AppendLabel(labels, label.first, label.second);
    writer.AddSeries(labels, series.samples);
  }
  return std::string(writer.bytes());
}

TEST_CASE("a decoder made from the schema reads back what the encoder wrote", "[proto]") {
  const auto seed = GENERATE(take(20, random(1U, 1'000'000'000U)));
  CAPTURE(seed);
  std::mt19937_64 rng(seed);
  std::vector<RandomSeries> all(rng() % 60);
  for (RandomSeries& series : all) series = MakeSeries(rng);

  prometheus::WriteRequest decoded;
  RequestWriter writer;
  const std::string first = Encode(all, writer);
  REQUIRE(decoded.ParseFromString(first));
  CHECK(Encode(all, writer) == first);  // with memory that is not new

  REQUIRE(static_cast<size_t>(decoded.timeseries_size()) == all.size());
  for (size_t i = 0; i < all.size(); ++i) {
    const prometheus::TimeSeries& series = decoded.timeseries(static_cast<int>(i));
    REQUIRE(static_cast<size_t>(series.labels_size()) == all[i].labels.size());
    for (size_t k = 0; k < all[i].labels.size(); ++k) {
      CHECK(series.labels(static_cast<int>(k)).name() == all[i].labels[k].first);
      CHECK(series.labels(static_cast<int>(k)).value() == all[i].labels[k].second);
    }
    REQUIRE(static_cast<size_t>(series.samples_size()) == all[i].samples.size());
    for (size_t k = 0; k < all[i].samples.size(); ++k) {
      const prometheus::Sample& sample = series.samples(static_cast<int>(k));
      // Bits, because NaN differs from itself and -0 equals 0.
      CHECK(std::bit_cast<uint64_t>(sample.value()) ==
            std::bit_cast<uint64_t>(all[i].samples[k].value));
      CHECK(sample.timestamp() == all[i].samples[k].timestamp_ms);
    }
  }
}

// Counts and bits, because NaN differs from itself.
void CheckExemplar(const prometheus::Exemplar& got, const RandomSeries& want) {
  REQUIRE(static_cast<size_t>(got.labels_size()) == want.labels.size());
  for (size_t k = 0; k < want.labels.size(); ++k) {
    CHECK(got.labels(static_cast<int>(k)).name() == want.labels[k].first);
    CHECK(got.labels(static_cast<int>(k)).value() == want.labels[k].second);
  }
  CHECK(std::bit_cast<uint64_t>(got.value()) == std::bit_cast<uint64_t>(want.samples.at(0).value));
  CHECK(got.timestamp() == want.samples.at(0).timestamp_ms);
}

std::string EncodeLabels(const RandomSeries& series) {
  std::string labels;
  for (const auto& label : series.labels) AppendLabel(labels, label.first, label.second);
  return labels;
}

TEST_CASE("labels that are written by others are where they belong", "[proto]") {
  const auto seed = GENERATE(take(20, random(1U, 1'000'000'000U)));
  CAPTURE(seed);
  std::mt19937_64 rng(seed);
  RequestWriter whole;
  RequestWriter in_pieces;
  for (int i = 0; i < 20; ++i) {
    const RandomSeries series = MakeSeries(rng);
    const std::string labels = EncodeLabels(series);
    whole.AddSeries(labels, series.samples);
    char* const at = in_pieces.BeginSeries(labels.size(), series.samples);
    std::copy(labels.begin(), labels.end(), at);
    std::fill_n(at + labels.size(), RequestWriter::kLabelsSlack, 'x');
    in_pieces.EndSeries(series.samples);
  }
  CHECK(in_pieces.bytes() == whole.bytes());
}

TEST_CASE("exemplars and histograms of a series read back in their fields", "[proto]") {
  const auto seed = GENERATE(take(40, random(1U, 1'000'000'000U)));
  CAPTURE(seed);
  std::mt19937_64 rng(seed);
  const RandomSeries series = MakeSeries(rng);
  std::vector<RandomSeries> exemplars;
  for (uint64_t i = rng() % 4; i > 0; --i) {
    RandomSeries exemplar = MakeSeries(rng);
    if (!exemplar.samples.empty()) exemplars.push_back(std::move(exemplar));
  }
  std::string encoded_exemplars;
  for (const RandomSeries& each : exemplars) {
    AppendExemplar(encoded_exemplars, EncodeLabels(each), each.samples[0]);
  }
  std::vector<std::string> messages;
  for (uint64_t i = rng() % 4; i > 0; --i) {
    AppendHistogram(RandomHistogram(rng), messages.emplace_back());
  }
  std::vector<HistogramView> histograms;
  for (const std::string& message : messages) {
    histograms.push_back({message, static_cast<int64_t>(rng() >> (rng() % 64))});
  }

  RequestWriter writer;
  const std::string labels = EncodeLabels(series);
  for (int i = 0; i < 2; ++i)
    writer.AddSeries({labels, series.samples, encoded_exemplars, histograms});
  prometheus::WriteRequest decoded;
  REQUIRE(decoded.ParseFromString(std::string(writer.bytes())));
  REQUIRE(decoded.timeseries_size() == 2);
  for (const prometheus::TimeSeries& got : decoded.timeseries()) {
    CHECK(static_cast<size_t>(got.labels_size()) == series.labels.size());
    CHECK(static_cast<size_t>(got.samples_size()) == series.samples.size());
    REQUIRE(static_cast<size_t>(got.exemplars_size()) == exemplars.size());
    for (size_t i = 0; i < exemplars.size(); ++i) {
      CheckExemplar(got.exemplars(static_cast<int>(i)), exemplars[i]);
    }
    REQUIRE(static_cast<size_t>(got.histograms_size()) == histograms.size());
    for (size_t i = 0; i < histograms.size(); ++i) {
      prometheus::Histogram histogram = got.histograms(static_cast<int>(i));
      CHECK(histogram.timestamp() == histograms[i].timestamp_ms);
      histogram.clear_timestamp();
      CHECK(histogram.SerializeAsString() == messages[i]);
    }
  }
}

TEST_CASE("the stale marker keeps its bits on the wire", "[proto]") {
  constexpr uint64_t kStale = 0x7ff0000000000002ULL;
  RequestWriter writer;
  const SampleView sample{std::bit_cast<double>(kStale), 1};
  writer.AddSeries("", {&sample, 1});
  prometheus::WriteRequest decoded;
  REQUIRE(decoded.ParseFromString(std::string(writer.bytes())));
  CHECK(std::bit_cast<uint64_t>(decoded.timeseries(0).samples(0).value()) == kStale);
}

TEST_CASE("a compressed request is one snappy block that gives the bytes back", "[proto]") {
  std::mt19937_64 rng(7);
  SnappyCompressor compressor;
  for (const size_t size : {size_t{300'000}, size_t{0}, size_t{1}, size_t{65'536}}) {
    const std::string raw = RandomText(rng, size);
    const std::string_view packed = compressor.Compress(raw);
    std::string unpacked;
    REQUIRE(snappy::Uncompress(packed.data(), packed.size(), &unpacked));
    CHECK(unpacked == raw);
  }
}

}  // namespace
}  // namespace sluice::proto
