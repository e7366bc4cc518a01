#include "scrape/layout_builder.h"

#include <algorithm>
#include <random>
#include <set>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "page_support.h"
#include "scrape/page.h"

namespace sluice::scrape {
namespace {

constexpr int kSeriesCount = 100'000;

std::vector<std::string> LargePage() {
  std::vector<std::string> lines;
  for (int i = 0; i < kSeriesCount; ++i) {
    lines.push_back("container_memory_working_set_bytes{pod=\"pod-" + std::to_string(i % 5000) +
                    "\",container=\"c" + std::to_string(i / 5000) + "\"} ");
  }
  return lines;
}

std::string TextOf(const std::vector<std::string>& lines) {
  std::string text = "# TYPE container_memory_working_set_bytes gauge\n";
  for (const std::string& line : lines) text += line + "1\n";
  return text;
}

class Scraped {
 public:
  Scraped() : page_({}, {MakeReportChunk()}) {}

  std::shared_ptr<const buffer::Layout> Scrape(const std::string& body) {
    now_ms_ += 1000;
    page_.Begin(now_ms_, now_ms_);
    REQUIRE(page_.Feed(body).ok());
    auto result = page_.Succeed({});
    REQUIRE(result.ok());
    return result->frames.front().layout;
  }

 private:
  Page page_;
  TimestampMs now_ms_ = 0;
};

size_t NewChunks(const buffer::Layout& before, const buffer::Layout& after) {
  std::set<std::pair<uint64_t, uint64_t>> known;
  for (const auto& chunk : before.chunks) known.insert({chunk->id.high, chunk->id.low});
  return static_cast<size_t>(
      std::count_if(after.chunks.begin(), after.chunks.end(), [&](const auto& chunk) {
        return known.count({chunk->id.high, chunk->id.low}) == 0;
      }));
}

TEST_CASE("one series more or less among 100,000 makes very few new chunks", "[layout]") {
  std::vector<std::string> lines = LargePage();
  Scraped target;
  const auto first = target.Scrape(TextOf(lines));
  CHECK(first->chunks.size() > kSeriesCount / kChunkSeriesMax);
  CHECK(first->chunks.size() < kSeriesCount / kChunkSeriesMin);
  std::mt19937 random(7);
  auto before = first;
  for (int i = 0; i < 6; ++i) {
    CAPTURE(i);
    const auto at = static_cast<ptrdiff_t>(random() % lines.size());
    const std::string line =
        "container_memory_working_set_bytes{pod=\"new-" + std::to_string(i) + "\"} ";
    lines.insert(lines.begin() + at, line);
    const auto added = target.Scrape(TextOf(lines));
    CHECK(added->series_count == before->series_count + 1);
    CHECK(NewChunks(*before, *added) >= 1);
    CHECK(NewChunks(*before, *added) <= 3);
    lines.erase(lines.begin() + at);
    const auto removed = target.Scrape(TextOf(lines));
    CHECK(removed->id == before->id);
    before = removed;
  }
}

TEST_CASE("a page in random order keeps its layout", "[layout]") {
  std::vector<std::string> lines = LargePage();
  lines.resize(5000);
  Scraped target;
  const auto first = target.Scrape(TextOf(lines));
  std::mt19937 random(7);
  for (int i = 0; i < 5; ++i) {
    std::shuffle(lines.begin(), lines.end(), random);
    CHECK(target.Scrape(TextOf(lines)) == first);
  }
}

TEST_CASE("chunks keep to their bounds", "[layout]") {
  Scraped target;
  const auto layout = target.Scrape(TextOf(LargePage()));
  for (size_t i = 0; i + 2 < layout->chunks.size(); ++i) {
    CHECK(layout->chunks[i]->series_count >= kChunkSeriesMin);
    CHECK(layout->chunks[i]->series_count <= kChunkSeriesMax);
  }
  CHECK(layout->chunks.back()->series_count == kReportSeriesCount);
}

TEST_CASE("like targets share their chunks", "[layout]") {
  const std::string body = TextOf(LargePage());
  SeriesRules rules;
  rules.target_labels = {{"instance", "a:1"}, {"job", "j"}};
  Page a(rules, {MakeReportChunk()});
  rules.target_labels = {{"instance", "b:1"}, {"job", "j"}};
  Page b(rules, {MakeReportChunk()});
  for (Page* page : {&a, &b}) {
    page->Begin(1000, 1000);
    REQUIRE(page->Feed(body).ok());
    REQUIRE(page->Succeed({}).ok());
  }
  CHECK(a.layout()->id == b.layout()->id);
}

TEST_CASE("the markers of series that vanished reuse whole chunks", "[layout]") {
  std::vector<std::string> lines = LargePage();
  lines.resize(2000);
  Page page({}, {MakeReportChunk()});
  page.Begin(1000, 1000);
  REQUIRE(page.Feed(TextOf(lines)).ok());
  REQUIRE(page.Succeed({}).ok());
  const auto layout = page.layout();
  page.Begin(2000, 2000);
  const PageResult failed = page.Fail(Page::Failure::kTransfer, {});
  REQUIRE(failed.frames.size() == 2);
  REQUIRE(failed.frames[1].kind == buffer::FrameKind::kStale);
  CHECK(failed.frames[1].layout->series_count == 2000);
  CHECK(NewChunks(*layout, *failed.frames[1].layout) == 0);
  CHECK(failed.frames[0].layout->chunks.size() == 1);
}

}  // namespace
}  // namespace sluice::scrape
