// Histograms, exemplars and start timestamps of a frame.
#include "buffer/sparse_columns.h"

#include <algorithm>
#include <bit>
#include <cstddef>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "base/varint.h"
#include "buffer/frame.h"

using namespace sluice;
using namespace sluice::buffer;

namespace {

constexpr TimestampMs kFrameMs = 1'700'000'000'000;

// Columns with the memory that they point into.
struct Page {
  struct Exemplar {
    uint32_t series = 0;
    TimestampMs timestamp_ms = 0;
    double value = 0;
    std::vector<std::pair<std::string, std::string>> labels;
    std::vector<LabelView> views;
  };

  std::vector<double> values;
  std::vector<uint8_t> present;
  std::vector<std::pair<uint32_t, std::string>> histograms;
  std::vector<Exemplar> exemplars;
  std::vector<TimestampMs> starts;
  std::vector<FrameHistogram> histogram_views;
  std::vector<FrameExemplar> exemplar_views;

  FrameColumns Columns() {
    histogram_views.clear();
    for (const auto& [series, bytes] : histograms) histogram_views.push_back({series, bytes});
    exemplar_views.clear();
    for (Exemplar& exemplar : exemplars) {
      exemplar.views.clear();
      for (const auto& [name, value] : exemplar.labels) exemplar.views.push_back({name, value});
      exemplar_views.push_back(
          {exemplar.series, exemplar.timestamp_ms, exemplar.value, exemplar.views});
    }
    return {.timestamp_ms = kFrameMs,
            .values = values,
            .present = present,
            .histograms = histogram_views,
            .exemplars = exemplar_views,
            .start_timestamps = starts};
  }
};

std::string RandomBytes(std::mt19937_64& random, size_t size_max) {
  std::string bytes(random() % (size_max + 1), '\0');
  for (char& byte : bytes) byte = static_cast<char>(random() % 4);
  return bytes;
}

TimestampMs RandomTime(std::mt19937_64& random) {
  switch (random() % 4) {
    case 0:
      return static_cast<TimestampMs>(random());
    case 1:
      return kFrameMs;
    case 2:
      return 0;
    default:
      return kFrameMs - static_cast<TimestampMs>(random() % 3);
  }
}

void AddExemplars(std::mt19937_64& random, uint32_t series, Page& page) {
  for (uint64_t i = random() % 3; i > 0; --i) {
    Page::Exemplar exemplar;
    exemplar.series = series;
    exemplar.timestamp_ms = RandomTime(random);
    exemplar.value = random() % 2 == 0 ? 1 : std::bit_cast<double>(random());
    for (uint64_t k = random() % 3; k > 0; --k) {
      exemplar.labels.emplace_back(RandomBytes(random, 5), RandomBytes(random, 200));
    }
    page.exemplars.push_back(std::move(exemplar));
  }
}

Page RandomPage(std::mt19937_64& random) {
  Page page;
  const size_t count = random() % 60;
  const bool all_present = random() % 2 == 0;
  for (uint32_t i = 0; i < count; ++i) {
    page.values.push_back(static_cast<double>(random() % 10));
    const bool is_present = all_present || random() % 4 != 0;
    if (!all_present) page.present.push_back(is_present ? 1 : 0);
    if (is_present && random() % 3 == 0) {
      page.histograms.emplace_back(i, RandomBytes(random, 300));
    }
    if (random() % 4 == 0) AddExemplars(random, i, page);
    page.starts.push_back(RandomTime(random));
  }
  if (random() % 4 == 0) page.histograms.clear();
  if (random() % 4 == 0) page.exemplars.clear();
  if (random() % 4 == 0) page.starts.clear();
  return page;
}

void CheckExemplars(const Page& page, const DecodedFrame& frame) {
  REQUIRE(frame.exemplars.size() == page.exemplars.size());
  for (size_t i = 0; i < page.exemplars.size(); ++i) {
    const FrameExemplar& exemplar = frame.exemplars[i];
    CHECK(exemplar.series == page.exemplars[i].series);
    CHECK(exemplar.timestamp_ms == page.exemplars[i].timestamp_ms);
    CHECK(std::bit_cast<uint64_t>(exemplar.value) ==
          std::bit_cast<uint64_t>(page.exemplars[i].value));
    REQUIRE(exemplar.labels.size() == page.exemplars[i].labels.size());
    for (size_t k = 0; k < exemplar.labels.size(); ++k) {
      CHECK(exemplar.labels[k].name == page.exemplars[i].labels[k].first);
      CHECK(exemplar.labels[k].value == page.exemplars[i].labels[k].second);
    }
  }
}

void CheckSame(const Page& page, const DecodedFrame& frame) {
  std::vector<double> values = page.values;
  REQUIRE(frame.histograms.size() == page.histograms.size());
  for (size_t i = 0; i < page.histograms.size(); ++i) {
    CHECK(frame.histograms[i].series == page.histograms[i].first);
    CHECK(frame.histograms[i].bytes == page.histograms[i].second);
    values[page.histograms[i].first] = 0;
  }
  CheckExemplars(page, frame);
  REQUIRE(frame.values.size() == values.size());
  const bool has_starts = std::any_of(page.starts.begin(), page.starts.end(),
                                      [](TimestampMs start) { return start != 0; });
  if (!has_starts) CHECK(frame.start_timestamps.empty());
  for (size_t i = 0; i < values.size(); ++i) {
    if (!page.present.empty() && page.present[i] == 0) continue;
    CHECK(frame.values[i] == values[i]);
    if (!frame.start_timestamps.empty()) CHECK(frame.start_timestamps[i] == page.starts[i]);
  }
}

// Every start of `stored` is corruption, as is anything after it.
void CheckCuts(std::string_view stored, uint32_t series_count) {
  FrameDecoder decoder;
  DecodedFrame frame;
  for (size_t size = 0; size < stored.size(); ++size) {
    CAPTURE(size);
    const std::vector<char> cut(stored.begin(), stored.begin() + static_cast<ptrdiff_t>(size));
    const Status status =
        decoder.Decode(std::string_view(cut.data(), cut.size()), series_count, frame);
    REQUIRE_FALSE(status.ok());
    CHECK(status.error().code == ErrorCode::kCorruption);
  }
}

Page SmallPage() {
  Page page;
  page.values = {1, 2, 3, 4};
  page.present = {1, 1, 0, 1};
  page.histograms = {{1, "first"}, {3, "second"}};
  page.exemplars = {{1, kFrameMs - 5, 0.25, {{"trace_id", "abc"}}, {}}, {1, kFrameMs, 7, {}, {}}};
  page.starts = {0, kFrameMs - 9'000, 0, kFrameMs - 9'000};
  return page;
}

}  // namespace

TEST_CASE("histograms, exemplars and start timestamps survive", "[frame]") {
  const uint64_t seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  FrameEncoder encoder;
  FrameDecoder decoder;
  DecodedFrame frame;
  for (int round = 0; round < 500; ++round) {
    CAPTURE(round);
    Page page = RandomPage(random);
    const auto count = static_cast<uint32_t>(page.values.size());
    REQUIRE(decoder.Decode(encoder.Encode(page.Columns()), count, frame).ok());
    CheckSame(page, frame);
  }
}

TEST_CASE("exemplars that have one value and no labels survive", "[frame]") {
  // Three bytes each, and a few for all of their values.
  Page page;
  page.values.assign(100, 1.0);
  for (uint32_t i = 0; i < 100; ++i) {
    page.exemplars.push_back({i, kFrameMs, 0.25, {}, {}});
  }
  FrameEncoder encoder;
  FrameDecoder decoder;
  DecodedFrame frame;
  REQUIRE(decoder.Decode(encoder.Encode(page.Columns()), 100, frame).ok());
  CheckSame(page, frame);
}

TEST_CASE("a frame without further columns has no byte for them", "[frame]") {
  FrameEncoder encoder;
  const std::vector<double> values = {1, 2};
  const std::vector<TimestampMs> no_starts = {0, 0};
  const std::string stored(
      encoder.Encode({.timestamp_ms = 1, .values = values, .start_timestamps = no_starts}));
  // version, no flags, timestamp, series, plain, a run of two exponents, mantissas
  CHECK(stored == std::string("\x01\x00\x02\x02\x00\xff\x01\x40\x02\x04", 10));
}

TEST_CASE("a stale frame has no columns whatever it is given", "[frame]") {
  FrameEncoder encoder;
  FrameDecoder decoder;
  DecodedFrame frame;
  Page page = SmallPage();
  FrameColumns columns = page.Columns();
  columns.kind = FrameKind::kStale;
  REQUIRE(decoder.Decode(encoder.Encode(columns), 4, frame).ok());
  CHECK(frame.histograms.empty());
  CHECK(frame.exemplars.empty());
  CHECK(frame.start_timestamps.empty());
}

TEST_CASE("a decoded frame keeps its columns when it is moved", "[frame]") {
  FrameEncoder encoder;
  FrameDecoder decoder;
  Page page = SmallPage();
  DecodedFrame frame;
  REQUIRE(decoder.Decode(encoder.Encode(page.Columns()), 4, frame).ok());
  const DecodedFrame moved = std::move(frame);
  CheckSame(page, moved);
}

TEST_CASE("a series with a histogram counts as one sample, an exemplar as none", "[frame]") {
  Page page = SmallPage();
  CHECK(SampleCount(page.Columns(), 4) == 3);
}

TEST_CASE("start timestamps that are all the same take a few bytes", "[frame]") {
  FrameEncoder encoder;
  const std::vector<double> values(1'000, 1.0);
  const std::vector<TimestampMs> starts(1'000, kFrameMs - 86'400'000);
  const size_t without = encoder.Encode({.timestamp_ms = kFrameMs, .values = values}).size();
  const size_t with =
      encoder.Encode({.timestamp_ms = kFrameMs, .values = values, .start_timestamps = starts})
          .size();
  CHECK(with - without <= 10);
}

TEST_CASE("a frame with further columns cut short anywhere is corruption", "[frame]") {
  FrameEncoder encoder;
  FrameDecoder decoder;
  DecodedFrame frame;
  Page page = SmallPage();
  const std::string stored(encoder.Encode(page.Columns()));
  CheckCuts(stored, 4);
  CHECK_FALSE(decoder.Decode(stored, 3, frame).ok());
  CHECK_FALSE(decoder.Decode(stored + '\0', 4, frame).ok());
  CHECK(decoder.Decode(stored, 4, frame).ok());
}

TEST_CASE("a frame with damaged bytes in its columns never does harm", "[frame]") {
  const uint64_t seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  FrameEncoder encoder;
  FrameDecoder decoder;
  DecodedFrame frame;
  Page page = SmallPage();
  const std::string stored(encoder.Encode(page.Columns()));
  size_t refused = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::string damaged = stored;
    for (uint64_t i = 1 + random() % 3; i > 0; --i) {
      damaged[random() % damaged.size()] = static_cast<char>(random());
    }
    if (!decoder.Decode(damaged, 4, frame).ok()) {
      ++refused;
      continue;
    }
    for (const FrameHistogram& histogram : frame.histograms) CHECK(histogram.series < 4);
    for (const FrameExemplar& exemplar : frame.exemplars) CHECK(exemplar.series < 4);
    CHECK((frame.start_timestamps.empty() || frame.start_timestamps.size() == 4));
  }
  CHECK(refused > 0);
}

TEST_CASE("columns that are unknown or empty are corruption", "[frame]") {
  FrameDecoder decoder;
  DecodedFrame frame;
  const auto decode = [&](std::string_view more) {
    std::string stored("\x01\x40\x02\x01", 4);  // version, flags, timestamp, one series
    stored.append(more);
    stored.append(std::string("\x00\x00\x02", 3));  // plain, exponent 0, mantissa 1
    return decoder.Decode(stored, 1, frame).ok();
  };
  CHECK_FALSE(decode(std::string("\x02\x03\x00\x00\x00", 5)));  // a byte too many in the column
  CHECK(decode(std::string("\x02\x02\x00\x00", 4)));            // histograms: none, which is legal
  CHECK_FALSE(decode(std::string("\x00", 1)));                  // no flag
  CHECK_FALSE(decode(std::string("\x08\x02\x00\x00", 4)));      // a flag of a later version
  CHECK_FALSE(decode(std::string("\x02\x00", 2)));              // not packed
  CHECK_FALSE(decode(std::string("\x02\x02\x07\x00", 4)));      // packed by an unknown method
}

TEST_CASE("histograms of series that are absent, repeated or not there are corruption", "[frame]") {
  std::vector<FrameHistogram> out;
  const std::vector<uint8_t> present = {1, 0, 1};
  const auto decode = [&](std::initializer_list<FrameHistogram> histograms) {
    std::string bytes;
    EncodeHistograms(std::vector<FrameHistogram>(histograms), bytes);
    return DecodeHistograms(bytes, 3, present, out);
  };
  CHECK(decode({{0, "a"}, {2, "b"}}));
  CHECK_FALSE(decode({{1, "a"}}));
  CHECK_FALSE(decode({{3, "a"}}));
  CHECK_FALSE(decode({{0, "a"}, {0, "b"}}));
  CHECK_FALSE(decode({{2, "a"}, {0, "b"}}));
}

TEST_CASE("counts that the bytes cannot hold are refused before memory is taken", "[frame]") {
  constexpr uint32_t kSeries = 1 << 24;
  std::string count;
  PutVarint(count, uint64_t{1} << 60);
  std::vector<FrameHistogram> histograms;
  CHECK_FALSE(DecodeHistograms(count + "abc", kSeries, {}, histograms));
  CHECK(histograms.capacity() < 100);
  std::vector<FrameExemplar> exemplars;
  std::vector<LabelView> labels;
  ExemplarDecoder decoder;
  CHECK_FALSE(decoder.Decode(count + "abcdefgh", kSeries, 0, exemplars, labels));
  CHECK_FALSE(decoder.Decode(std::string("\x01\x00\x00", 3) + count + "abc", kSeries, 0, exemplars,
                             labels));
  CHECK(exemplars.capacity() < 100);
  CHECK(labels.capacity() < 100);
}

TEST_CASE("runs of start timestamps cover the series exactly", "[frame]") {
  std::vector<TimestampMs> out;
  CHECK(DecodeStarts(std::string("\x04", 1), 2, 0, out));
  CHECK(out == std::vector<TimestampMs>{0, 0});
  CHECK(DecodeStarts(std::string("\x03\x0a\x02", 3), 2, 100, out));
  CHECK(out == std::vector<TimestampMs>{105, 0});
  CHECK_FALSE(DecodeStarts(std::string("\x02", 1), 2, 0, out));      // too few
  CHECK_FALSE(DecodeStarts(std::string("\x06", 1), 2, 0, out));      // too many
  CHECK_FALSE(DecodeStarts(std::string("\x00\x04", 2), 2, 0, out));  // an empty run
  CHECK_FALSE(DecodeStarts(std::string("\x05", 1), 2, 0, out));      // its time is missing
}
