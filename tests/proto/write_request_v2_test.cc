#include "proto/write_request_v2.h"

#include <bit>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>
#include <zstd.h>

#include "proto/body_compressor.h"
#include "proto/histogram_codec.h"
#include "random_histogram.h"
#include "remote_write_v2.pb.h"

namespace sluice::proto {
namespace {

namespace v2 = io::prometheus::write::v2;
using TextPairs = std::vector<std::pair<std::string, std::string>>;

struct RandomExemplar {
  TextPairs labels;
  SampleView sample;
};

struct RandomSeries {
  TextPairs labels;
  std::vector<SampleView> samples;
  std::vector<std::string> messages;  // of histograms
  std::vector<HistogramView> histograms;
  std::vector<RandomExemplar> exemplars;
  uint32_t type = 0;
  std::string help;
  std::string unit;
};

// Out of few, so that many are the same; some need more bytes for their length.
std::string RandomText(std::mt19937_64& rng) {
  std::string text = "text" + std::to_string(rng() % 300);
  if (rng() % 40 == 0) text.append(rng() % 40'000, 'x');
  return text;
}

TextPairs RandomPairs(std::mt19937_64& rng, uint64_t most) {
  TextPairs pairs;
  for (uint64_t i = rng() % most; i > 0; --i) {
    pairs.emplace_back(RandomText(rng), rng() % 10 == 0 ? "" : RandomText(rng));
  }
  return pairs;
}

TimestampMs RandomTime(std::mt19937_64& rng) {
  return static_cast<TimestampMs>(rng() >> (rng() % 64));
}

SampleView RandomSample(std::mt19937_64& rng) {
  return {std::bit_cast<double>(rng() % 5 == 0 ? 0 : rng()), RandomTime(rng),
          rng() % 2 == 0 ? 0 : RandomTime(rng)};
}

RandomSeries MakeSeries(std::mt19937_64& rng) {
  RandomSeries series;
  series.labels = RandomPairs(rng, 12);
  if (rng() % 3 == 0) {
    for (uint64_t i = 1 + rng() % 3; i > 0; --i) {
      AppendHistogram(RandomHistogram(rng), series.messages.emplace_back());
    }
    for (const std::string& message : series.messages) {
      const SampleView times = RandomSample(rng);
      series.histograms.push_back({message, times.timestamp_ms, times.start_ms});
    }
  } else {
    for (uint64_t i = rng() % 4 == 0 ? 1 + rng() % 40 : 1; i > 0; --i) {
      series.samples.push_back(RandomSample(rng));
    }
  }
  for (uint64_t i = rng() % 4; i > 0; --i) {
    series.exemplars.push_back({RandomPairs(rng, 4), RandomSample(rng)});
  }
  if (rng() % 3 != 0) {
    series.type = static_cast<uint32_t>(rng() % 8);
    series.help = rng() % 2 == 0 ? "" : RandomText(rng);
    series.unit = rng() % 2 == 0 ? "" : RandomText(rng);
  }
  return series;
}

std::vector<Symbol> SymbolsOf(SymbolLease& lease, const TextPairs& pairs) {
  std::vector<Symbol> symbols;
  for (const auto& pair : pairs) {
    symbols.push_back(lease.Acquire(pair.first));
    symbols.push_back(lease.Acquire(pair.second));
  }
  return symbols;
}

std::string Encode(const std::vector<RandomSeries>& all, RequestWriterV2& writer,
                   SymbolLease& lease) {
  writer.Clear();
  for (const RandomSeries& series : all) {
    std::string exemplars;
    for (const RandomExemplar& exemplar : series.exemplars) {
      writer.AppendExemplar(exemplars, SymbolsOf(lease, exemplar.labels), exemplar.sample);
    }
    const std::vector<Symbol> labels = SymbolsOf(lease, series.labels);
    writer.AddSeries({.labels = labels,
                      .samples = series.samples,
                      .histograms = series.histograms,
                      .encoded_exemplars = exemplars,
                      .metadata = {.type = series.type,
                                   .help = lease.Acquire(series.help),
                                   .unit = lease.Acquire(series.unit)}});
  }
  return std::string(writer.bytes());
}

template <class Refs>
TextPairs PairsOf(const v2::Request& request, const Refs& refs) {
  REQUIRE(refs.size() % 2 == 0);
  TextPairs pairs;
  for (int i = 0; i < refs.size(); i += 2) {
    pairs.emplace_back(request.symbols(static_cast<int>(refs.Get(i))),
                       request.symbols(static_cast<int>(refs.Get(i + 1))));
  }
  return pairs;
}

void CheckSample(const v2::Sample& got, const SampleView& want) {
  // Bits, because NaN differs from itself and -0 equals 0.
  CHECK(std::bit_cast<uint64_t>(got.value()) == std::bit_cast<uint64_t>(want.value));
  CHECK(got.timestamp() == want.timestamp_ms);
  CHECK(got.start_timestamp() == want.start_ms);
}

void CheckSeries(const v2::Request& request, const v2::TimeSeries& got, const RandomSeries& want) {
  CHECK(PairsOf(request, got.labels_refs()) == want.labels);
  REQUIRE(static_cast<size_t>(got.samples_size()) == want.samples.size());
  for (size_t i = 0; i < want.samples.size(); ++i) {
    CheckSample(got.samples(static_cast<int>(i)), want.samples[i]);
  }
  REQUIRE(static_cast<size_t>(got.histograms_size()) == want.histograms.size());
  for (size_t i = 0; i < want.histograms.size(); ++i) {
    v2::Histogram histogram = got.histograms(static_cast<int>(i));
    CHECK(histogram.timestamp() == want.histograms[i].timestamp_ms);
    CHECK(histogram.start_timestamp() == want.histograms[i].start_ms);
    histogram.clear_timestamp();
    histogram.clear_start_timestamp();
    CHECK(histogram.SerializeAsString() == want.messages[i]);
  }
  REQUIRE(static_cast<size_t>(got.exemplars_size()) == want.exemplars.size());
  for (size_t i = 0; i < want.exemplars.size(); ++i) {
    const v2::Exemplar& exemplar = got.exemplars(static_cast<int>(i));
    CHECK(PairsOf(request, exemplar.labels_refs()) == want.exemplars[i].labels);
    CHECK(std::bit_cast<uint64_t>(exemplar.value()) ==
          std::bit_cast<uint64_t>(want.exemplars[i].sample.value));
    CHECK(exemplar.timestamp() == want.exemplars[i].sample.timestamp_ms);
  }
  CHECK(static_cast<uint32_t>(got.metadata().type()) == want.type);
  CHECK(request.symbols(static_cast<int>(got.metadata().help_ref())) == want.help);
  CHECK(request.symbols(static_cast<int>(got.metadata().unit_ref())) == want.unit);
}

}  // namespace

TEST_CASE("a decoder of 2.0 made from the schema reads back what the encoder wrote",
          "[proto][random]") {
  const auto seed = GENERATE(take(30, random(1U, 1'000'000'000U)));
  CAPTURE(seed);
  std::mt19937_64 rng(seed);
  const auto pool = std::make_shared<SymbolPool>();
  RequestWriterV2 writer(pool);
  for (int round = 0; round < 3; ++round) {  // with memory and symbols that are not new
    SymbolLease lease(pool);
    std::vector<RandomSeries> all(rng() % 60);
    for (RandomSeries& series : all) series = MakeSeries(rng);
    const std::string encoded = Encode(all, writer, lease);
    v2::Request request;
    REQUIRE(request.ParseFromString(encoded));
    REQUIRE(static_cast<size_t>(request.timeseries_size()) == all.size());
    for (size_t i = 0; i < all.size(); ++i) {
      CheckSeries(request, request.timeseries(static_cast<int>(i)), all[i]);
    }
    CHECK(Encode(all, writer, lease) == encoded);
  }
}

TEST_CASE("the table of symbols begins with the empty text and repeats none", "[proto][random]") {
  const auto seed = GENERATE(take(10, random(1U, 1'000'000'000U)));
  CAPTURE(seed);
  std::mt19937_64 rng(seed);
  const auto pool = std::make_shared<SymbolPool>();
  RequestWriterV2 writer(pool);
  SymbolLease lease(pool);
  std::vector<RandomSeries> all(rng() % 60);
  for (RandomSeries& series : all) series = MakeSeries(rng);
  v2::Request request;
  REQUIRE(request.ParseFromString(Encode(all, writer, lease)));
  REQUIRE(request.symbols_size() > 0);
  CHECK(request.symbols(0).empty());
  const std::set<std::string> distinct(request.symbols().begin(), request.symbols().end());
  CHECK(distinct.size() == static_cast<size_t>(request.symbols_size()));
}

TEST_CASE("symbols come before the first series of a request", "[proto]") {
  const auto pool = std::make_shared<SymbolPool>();
  RequestWriterV2 writer(pool);
  SymbolLease lease(pool);
  const SampleView sample{1, 2};
  for (const char* name : {"a", "b"}) {
    const std::vector<Symbol> labels = {lease.Acquire("__name__"), lease.Acquire(name)};
    writer.AddSeries({.labels = labels, .samples = {&sample, 1}});
  }
  const std::string bytes(writer.bytes());
  CHECK(bytes.rfind(std::string("\x22\x01") + "b") < bytes.find('\x2a'));
}

TEST_CASE("a zstd body is one frame that gives the bytes back", "[proto]") {
  ZstdCompressor compressor;
  for (const size_t size : {size_t{300'000}, size_t{0}, size_t{1}, size_t{65'536}}) {
    std::string raw(size, 'a');
    for (size_t i = 0; i < size; i += 3) raw[i] = static_cast<char>(i);
    const std::string_view packed = compressor.Compress(raw);
    std::string unpacked(size, '\0');
    CHECK(ZSTD_decompress(unpacked.data(), size, packed.data(), packed.size()) == size);
    CHECK(unpacked == raw);
  }
}

}  // namespace sluice::proto
