#include "buffer/chunk.h"

#include <string>
#include <string_view>
#include <vector>

#include <catch2/catch.hpp>

#include "buffer/chunk_scanner.h"
#include "buffer/layout.h"

using namespace sluice;
using namespace sluice::buffer;

namespace {

std::shared_ptr<const Chunk> TwoFamilies(ChunkBuilder& builder) {
  builder.StartFamily({.name = "up", .type = MetricType::kGauge, .help = "Is it up?", .unit = ""});
  builder.AddSeries(std::vector<LabelView>{{"__name__", "up"}}, {});
  builder.StartFamily({.name = "requests",
                       .type = MetricType::kCounter,
                       .help = "Requests seen.",
                       .unit = "requests"});
  builder.AddSeries(std::vector<LabelView>{{"__name__", "requests_total"}, {"code", "200"}}, {});
  builder.AddSeries(std::vector<LabelView>{{"__name__", "requests_total"}, {"code", "500"}},
                    std::vector<std::string_view>{"instance", "job"});
  return builder.Finish();
}

}  // namespace

TEST_CASE("a chunk decodes to the families and series it was built of", "[chunk]") {
  ChunkBuilder builder;
  const auto chunk = TwoFamilies(builder);
  CHECK(chunk->series_count == 3);
  const Result<DecodedChunk> decoded = DecodedChunk::Decode(chunk->stored);
  REQUIRE(decoded.ok());
  const DecodedChunk& content = decoded.value();
  REQUIRE(content.families.size() == 2);
  CHECK(content.families[0].name == "up");
  CHECK(content.families[1].type == MetricType::kCounter);
  CHECK(content.families[1].help == "Requests seen.");
  CHECK(content.families[1].unit == "requests");
  REQUIRE(content.series.size() == 3);
  CHECK(content.series[0].family == 0);
  CHECK(content.series[2].family == 1);
  CHECK(content.series[1].set ==
        std::vector<LabelView>{{"__name__", "requests_total"}, {"code", "200"}});
  CHECK(content.series[2].unset == std::vector<std::string_view>{"instance", "job"});
}

TEST_CASE("a chunk built of the series that a scanner finds is the same chunk", "[chunk]") {
  ChunkBuilder builder;
  const auto chunk = TwoFamilies(builder);
  ChunkScanner scanner;
  REQUIRE(scanner.Open(chunk->stored).ok());
  REQUIRE(scanner.series_count() == 3);
  CHECK(scanner.family(0).name == "up");
  CHECK(scanner.family(1).help == "Requests seen.");
  CHECK(scanner.family(2).type == MetricType::kCounter);
  for (uint32_t i = 0; i < scanner.series_count(); ++i) {
    if (i != 2) builder.StartFamily(scanner.family(i));
    builder.AddEncoded(scanner.series(i));
  }
  CHECK(builder.Finish()->stored == chunk->stored);

  builder.AddSeries(std::vector<LabelView>{{"__name__", "x"}}, {});
  REQUIRE(scanner.Open(builder.Finish()->stored).ok());
  CHECK(scanner.series_count() == 1);
  CHECK(scanner.family(0).name.empty());
}

TEST_CASE("series before any family belong to a nameless one", "[chunk]") {
  ChunkBuilder builder;
  builder.AddSeries(std::vector<LabelView>{{"__name__", "x"}}, {});
  const auto chunk = builder.Finish();
  const Result<DecodedChunk> decoded = DecodedChunk::Decode(chunk->stored);
  REQUIRE(decoded.ok());
  REQUIRE(decoded.value().families.size() == 1);
  CHECK(decoded.value().families[0].name.empty());
  CHECK(decoded.value().families[0].type == MetricType::kUnknown);
  CHECK(decoded.value().series[0].family == 0);
}

TEST_CASE("equal content has an equal id, other content another one", "[chunk]") {
  ChunkBuilder builder;
  const auto first = TwoFamilies(builder);
  const auto second = TwoFamilies(builder);
  CHECK(first->id == second->id);
  CHECK(first->stored == second->stored);
  builder.AddSeries(std::vector<LabelView>{{"__name__", "up"}}, {});
  CHECK_FALSE(builder.Finish()->id == first->id);
}

TEST_CASE("a chunk cut short anywhere is corruption", "[chunk]") {
  ChunkBuilder builder;
  const std::string stored = TwoFamilies(builder)->stored;
  for (size_t size = 0; size < stored.size(); ++size) {
    CAPTURE(size);
    // Of exactly this size, so that a read beyond it is seen by a sanitizer.
    const std::vector<char> cut(stored.begin(), stored.begin() + static_cast<ptrdiff_t>(size));
    const Result<DecodedChunk> decoded =
        DecodedChunk::Decode(std::string_view(cut.data(), cut.size()));
    REQUIRE_FALSE(decoded.ok());
    CHECK(decoded.error().code == ErrorCode::kCorruption);
    const Status scanned = ChunkScanner().Open(std::string_view(cut.data(), cut.size()));
    REQUIRE_FALSE(scanned.ok());
    CHECK(scanned.error().code == ErrorCode::kCorruption);
  }
}

TEST_CASE("plain content with lying counts is corruption", "[chunk]") {
  const auto plain = [](std::string_view content) {
    return std::string("\x01\x00", 2) + std::string(content);
  };
  const std::vector<std::string> bad = {
      plain(""),                                           // no series
      plain(std::string_view("\xff\xff\xff\x7f", 4)),      // two hundred million labels
      plain(std::string_view("\x01\xff\xff\xff\x7f", 5)),  // as many unset ones
      plain(std::string_view("\x02\x00\x00\x00", 4)),      // a label without a name
      plain(std::string_view("\x00\x00\x09\x00\x00", 5)),  // an unknown metric type
      plain(std::string_view("\x00\x00\x00\x00\x00", 5)),  // a family without series
      std::string("\x02\x00\x01\x00", 4),                  // an unknown version
      std::string("\x01\x07\x01\x00", 4),                  // an unknown method
  };
  for (const std::string& stored : bad) {
    CAPTURE(stored);
    CHECK_FALSE(DecodedChunk::Decode(stored).ok());
    ChunkScanner scanner;
    CHECK_FALSE(scanner.Open(stored).ok());
    CHECK(scanner.series_count() == 0);
  }
  CHECK(DecodedChunk::Decode(plain(std::string_view("\x01\x00", 2))).ok());
}

TEST_CASE("a layout is named by its chunks in order", "[layout]") {
  ChunkBuilder builder;
  const auto first = TwoFamilies(builder);
  builder.AddSeries(std::vector<LabelView>{{"__name__", "x"}}, {});
  const auto second = builder.Finish();
  const auto layout = Layout::Of({first, second});
  CHECK(layout->series_count == 4);
  CHECK(layout->id == Layout::Of({first, second})->id);
  CHECK_FALSE(layout->id == Layout::Of({second, first})->id);
  CHECK_FALSE(layout->id == Layout::Of({first})->id);
}

TEST_CASE("target labels decode to what they were made of", "[layout]") {
  const std::vector<LabelView> labels = {{"instance", "host:9100"}, {"job", "node"}};
  const auto target = TargetLabels::Of(labels);
  const auto decoded = TargetLabels::Decode(target->stored);
  REQUIRE(decoded.ok());
  CHECK(decoded.value() == labels);
  for (size_t size = 0; size < target->stored.size(); ++size) {
    CHECK_FALSE(TargetLabels::Decode(std::string_view(target->stored).substr(0, size)).ok());
  }
  CHECK_FALSE(TargetLabels::Decode(target->stored + "x").ok());
  CHECK(TargetLabels::Decode(TargetLabels::Of({})->stored).ok());
}
