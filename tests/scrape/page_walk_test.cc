// The walk as a reader of any format sees it: entries under keys that are no text.
#include "scrape/page_walk.h"

#include <bit>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <catch2/catch.hpp>

namespace sluice::scrape {
namespace {

constexpr TimestampMs kNow = 1'700'000'000'000;

Entry SampleEntry(std::string_view name, double value) {
  Entry entry;
  entry.kind = EntryKind::kSample;
  entry.name = name;
  entry.value = value;
  return entry;
}

Entry TypeEntry(std::string_view name, buffer::MetricType type) {
  Entry entry;
  entry.kind = EntryKind::kType;
  entry.name = name;
  entry.type = type;
  return entry;
}

// What a page remembers when this was its only body.
PageState StateAfter(PageWalk& walk) {
  REQUIRE(walk.End().ok());
  PageWalk::Outcome outcome = walk.Take();
  REQUIRE(outcome.rewritten);
  PageState state;
  state.text = std::make_shared<const PageTemplate>(std::move(outcome.text));
  std::vector<uint32_t> order(outcome.added.size());
  for (uint32_t i = 0; i < order.size(); ++i) order[i] = i;
  state.series = std::make_shared<const SeriesList>(
      RebuildSeries({}, {.order = order,
                         .families = {},
                         .added = outcome.added,
                         .known_families = outcome.known_families}));
  return state;
}

class Walks {
 public:
  explicit Walks(SeriesRules rules = {}) : rules_(std::move(rules)) {}

  PageWalk Start() { return PageWalk(state_, rules_, {kNow, kNow}); }

  void Remember(PageWalk walk) {
    PageState state = StateAfter(walk);
    state_ = std::move(state);
  }

 private:
  SeriesRules rules_;
  PageState state_;
};

TEST_CASE("entries that come as before are taken without a new template", "[page_walk]") {
  Walks walks;
  PageWalk first = walks.Start();
  REQUIRE(first.Place("\x01", TypeEntry("a", buffer::MetricType::kCounter)).ok());
  REQUIRE(first.Place("\x02", SampleEntry("a", 1)).ok());
  REQUIRE(first.Place("\x03", SampleEntry("b", 2)).ok());
  walks.Remember(std::move(first));

  PageWalk second = walks.Start();
  REQUIRE(second.Place("\x01", TypeEntry("a", buffer::MetricType::kCounter)).ok());
  REQUIRE(second.Place("\x02", SampleEntry("a", 5)).ok());
  REQUIRE(second.Place("\x03", SampleEntry("b", 6)).ok());
  REQUIRE(second.End().ok());
  const PageWalk::Outcome outcome = second.Take();
  CHECK_FALSE(outcome.rewritten);
  CHECK(outcome.samples.values == std::vector<double>{5, 6});
  CHECK(second.counts().scraped == 2);
}

TEST_CASE("an entry is known by its key wherever it stands", "[page_walk]") {
  Walks walks;
  PageWalk first = walks.Start();
  REQUIRE(first.Place("a", SampleEntry("a", 1)).ok());
  REQUIRE(first.Place("b", SampleEntry("b", 2)).ok());
  walks.Remember(std::move(first));

  PageWalk second = walks.Start();
  REQUIRE(second.Place("b", SampleEntry("b", 20)).ok());
  REQUIRE(second.Place("c", SampleEntry("c", 30)).ok());
  REQUIRE(second.Place("a", SampleEntry("a", 10)).ok());
  REQUIRE(second.End().ok());
  const PageWalk::Outcome outcome = second.Take();
  REQUIRE(outcome.rewritten);
  CHECK(outcome.added.size() == 1);
  CHECK(outcome.samples.values == std::vector<double>{10, 20, 30});
}

TEST_CASE("metadata and samples under one key are told apart", "[page_walk]") {
  Walks walks;
  PageWalk first = walks.Start();
  REQUIRE(first.Place("k", TypeEntry("a", buffer::MetricType::kGauge)).ok());
  walks.Remember(std::move(first));
  PageWalk second = walks.Start();
  REQUIRE(second.Place("k", SampleEntry("a", 1)).ok());
  REQUIRE(second.End().ok());
  CHECK(second.counts().post_relabel == 1);
  CHECK(second.Take().added.size() == 1);
}

TEST_CASE("metadata that came as expected counts for series that did not", "[page_walk]") {
  Walks walks;
  PageWalk first = walks.Start();
  REQUIRE(first.Place("t", TypeEntry("a", buffer::MetricType::kCounter)).ok());
  REQUIRE(first.Place("a", SampleEntry("a", 1)).ok());
  walks.Remember(std::move(first));
  PageWalk second = walks.Start();
  REQUIRE(second.Place("t", TypeEntry("a", buffer::MetricType::kCounter)).ok());
  REQUIRE(second.Place("n", SampleEntry("a_total", 1)).ok());
  REQUIRE(second.End().ok());
  const PageWalk::Outcome outcome = second.Take();
  REQUIRE(outcome.added.size() == 1);
  REQUIRE(outcome.added.family(0) != kNoFamily);
  CHECK(outcome.known_families.at(outcome.added.family(0)).type == buffer::MetricType::kCounter);
}

TEST_CASE("entries that change their places keep their series, be they few or many",
          "[page_walk]") {
  const size_t count = GENERATE(3U, 20U, 200U);
  std::vector<std::string> names;
  for (size_t i = 0; i < count; ++i) names.push_back("s" + std::to_string(i));
  Walks walks;
  PageWalk first = walks.Start();
  for (const std::string& name : names) REQUIRE(first.Place(name, SampleEntry(name, 0)).ok());
  walks.Remember(std::move(first));

  PageWalk second = walks.Start();
  for (size_t i = count; i > 0; --i) {
    const std::string name = "s" + std::to_string(i - 1);
    REQUIRE(second.Place(name, SampleEntry(name, static_cast<double>(i - 1))).ok());
  }
  REQUIRE(second.End().ok());
  const PageWalk::Outcome outcome = second.Take();
  CHECK(outcome.added.size() == 0);
  CHECK(second.counts().scraped == count);
  for (size_t i = 0; i < count; ++i) CHECK(outcome.samples.values[i] == static_cast<double>(i));
}

TEST_CASE("a histogram, exemplars and a start timestamp go to the slot of their sample",
          "[page_walk]") {
  Walks walks;
  PageWalk walk = walks.Start();
  proto::NativeHistogram histogram;
  histogram.count = 7;
  histogram.zero_count = 7;
  Entry entry = SampleEntry("h", 0);
  entry.histogram = &histogram;
  entry.start_timestamp_ms = kNow - 5000;
  entry.exemplars.push_back(
      {.labels = {{"trace_id", "x"}}, .value = 3, .has_timestamp = true, .timestamp_ms = kNow - 9});
  REQUIRE(walk.Place("a", SampleEntry("a", 1)).ok());
  REQUIRE(walk.Place("h", entry).ok());
  REQUIRE(walk.Place("b", SampleEntry("b", 1)).ok());
  REQUIRE(walk.End().ok());
  CHECK(walk.counts().post_relabel == 3);
  const SampleColumns samples = walk.Take().samples;
  REQUIRE(samples.histograms.size() == 1);
  CHECK(samples.histograms[0].slot == 1);
  CHECK(samples.histograms[0].bytes.size == samples.histogram_bytes.size());
  CHECK(samples.starts == std::vector<TimestampMs>{0, kNow - 5000, 0});
  CHECK_FALSE(samples.exemplars.empty());
}

TEST_CASE("a histogram is subject to the rules of timestamps", "[page_walk]") {
  Walks walks;
  PageWalk walk = walks.Start();
  proto::NativeHistogram histogram;
  Entry entry = SampleEntry("h", 0);
  entry.histogram = &histogram;
  entry.has_timestamp = true;
  entry.timestamp_ms = kNow + kAheadMsMax + 1;
  REQUIRE(walk.Place("h", entry).ok());
  CHECK(walk.counts().out_of_bounds == 1);
  entry.timestamp_ms = kNow;
  REQUIRE(walk.Place("h", entry).ok());
  entry.timestamp_ms = kNow - 1;
  REQUIRE(walk.Place("h", entry).ok());
  CHECK(walk.counts().out_of_order == 1);
  REQUIRE(walk.End().ok());
  const SampleColumns samples = walk.Take().samples;
  CHECK(samples.histograms.empty());
  REQUIRE(samples.extras.size() == 1);
  CHECK(samples.extras[0].histogram.has_value());
}

TEST_CASE("stale markers of known series are exempt from the sample limit", "[page_walk]") {
  SeriesRules rules;
  rules.sample_limit = 2;
  Walks walks(rules);
  const double stale = std::bit_cast<double>(buffer::kStaleNanBits);
  PageWalk first = walks.Start();
  REQUIRE(first.Place("a", SampleEntry("a", 1)).ok());
  REQUIRE(first.Place("b", SampleEntry("b", 1)).ok());
  walks.Remember(std::move(first));
  PageWalk second = walks.Start();
  REQUIRE(second.Place("a", SampleEntry("a", stale)).ok());
  REQUIRE(second.Place("b", SampleEntry("b", 1)).ok());
  REQUIRE(second.Place("c", SampleEntry("c", 1)).ok());
  CHECK(second.End().ok());
  PageWalk third = walks.Start();
  REQUIRE(third.Place("a", SampleEntry("a", 1)).ok());
  REQUIRE(third.Place("b", SampleEntry("b", 1)).ok());
  REQUIRE(third.Place("c", SampleEntry("c", stale)).ok());
  CHECK_FALSE(third.End().ok());
}

}  // namespace
}  // namespace sluice::scrape
