// Pages that change all over with every scrape: nothing of that shows but in what they cost.
#include <algorithm>
#include <bit>
#include <map>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "page_support.h"
#include "scrape/explain_series.h"
#include "scrape/key_reader.h"
#include "scrape/page.h"

namespace sluice::scrape {
namespace {

using test::SamplesOf;

constexpr size_t kFamilies = 12;
constexpr size_t kPods = 100;

// Pods that are a line in each of several families.
class Cluster {
 public:
  void Replace(size_t pod) { names_[pod] = "pod-" + std::to_string(next_++); }

  void ReplaceSome(size_t count) {
    for (size_t i = 0; i < count; ++i) Replace((first_ + i * (kPods / count)) % kPods);
    ++first_;
  }

  void Rename(size_t pod, const std::string& name) { names_[pod] = name; }

  const std::string& name(size_t pod) const { return names_[pod]; }

  std::string Text(int value) const {
    std::string text;
    for (size_t family = 0; family < kFamilies; ++family) {
      const std::string name = "metric_" + std::to_string(family);
      text += "# TYPE " + name + " gauge\n";
      for (size_t pod = 0; pod < kPods; ++pod) {
        text += name + "{pod=\"" + names_[pod] + "\"} " + std::to_string(value) + "\n";
      }
    }
    return text;
  }

  std::set<std::string> Series() const {
    std::set<std::string> series;
    for (size_t family = 0; family < kFamilies; ++family) {
      for (const std::string& name : names_) {
        series.insert("{__name__=\"metric_" + std::to_string(family) + "\", pod=\"" + name + "\"}");
      }
    }
    return series;
  }

 private:
  static std::vector<std::string> FirstNames() {
    std::vector<std::string> names;
    for (size_t pod = 0; pod < kPods; ++pod) names.push_back("first-" + std::to_string(pod));
    return names;
  }

  std::vector<std::string> names_ = FirstNames();
  int next_ = 0;
  size_t first_ = 0;
};

// What a receiver has got: series with their values, and those that ended.
struct Received {
  std::map<std::string, double> values;
  std::set<std::string> ended;
};

class Target {
 public:
  explicit Target(LikePages* like = nullptr, SeriesRules rules = {})
      : page_(std::move(rules), {MakeReportChunk()}, like) {}

  PageResult Scrape(const std::string& text) {
    Begin();
    REQUIRE(page_.Feed(text).ok());
    auto result = page_.Succeed({});
    REQUIRE(result.ok());
    return std::move(*result);
  }

  PageResult Fail() {
    Begin();
    return page_.Fail(Page::Failure::kTransfer, {});
  }

  Page& page() { return page_; }

  TimestampMs Tick() { return now_ms_ += 15'000; }

 private:
  void Begin() {
    now_ms_ += 15'000;
    page_.Begin(now_ms_, now_ms_);
  }

  Page page_;
  TimestampMs now_ms_ = 1'000'000;
};

// Without what the agent reports.
Received Receive(const PageResult& result) {
  Received received;
  for (const test::Seen& seen : SamplesOf(result.frames, {})) {
    if (!seen.series.starts_with("{__name__=\"metric_")) continue;
    if (seen.value_bits == buffer::kStaleNanBits) {
      REQUIRE(received.ended.insert(seen.series).second);
    } else {
      REQUIRE(received.values.emplace(seen.series, std::bit_cast<double>(seen.value_bits)).second);
    }
  }
  return received;
}

// Chunks that were not in what came before.
size_t CountNewChunks(const PageResult& result, std::set<const buffer::Chunk*>& known) {
  size_t count = 0;
  for (const PageFrame& frame : result.frames) {
    for (const auto& chunk : frame.layout->chunks) {
      if (known.insert(chunk.get()).second) ++count;
    }
  }
  return count;
}

TEST_CASE("a page that keeps changing all over makes chunks for what is new", "[page_churn]") {
  Cluster cluster;
  Target target;
  std::set<const buffer::Chunk*> known;
  std::vector<PageResult> kept;  // so that no chunk takes the place of another one in memory
  size_t most = 0;
  for (int scrape = 0; scrape < 12; ++scrape) {
    kept.push_back(target.Scrape(cluster.Text(scrape)));
    const size_t made = CountNewChunks(kept.back(), known);
    if (scrape >= 2) most = std::max(most, made);
    cluster.ReplaceSome(2);
  }
  CHECK(most == 1);
  CHECK(target.page().series_count() == kFamilies * kPods);
}

TEST_CASE("a page that keeps changing sends what it has and ends what it has not", "[page_churn]") {
  const uint32_t seed = std::random_device()();
  CAPTURE(seed);
  std::mt19937 random(seed);
  Cluster cluster;
  Target target;
  std::set<std::string> before;
  for (int scrape = 0; scrape < 60; ++scrape) {
    CAPTURE(scrape);
    if (random() % 12 == 0) {
      const Received failed = Receive(target.Fail());
      CHECK(failed.values.empty());
      CHECK(failed.ended == before);
      before.clear();
      continue;
    }
    const Received received = Receive(target.Scrape(cluster.Text(scrape)));
    const std::set<std::string> series = cluster.Series();
    std::set<std::string> ended;
    std::set_difference(before.begin(), before.end(), series.begin(), series.end(),
                        std::inserter(ended, ended.end()));
    CHECK(received.ended == ended);
    CHECK(received.values.size() == series.size());
    for (const std::string& one : series) CHECK(received.values.at(one) == scrape);
    before = series;
    if (random() % 8 == 0) continue;
    for (size_t i = random() % 9; i > 0; --i) cluster.Replace(random() % kPods);
    // And one that was here before, be it still or not.
    if (random() % 2 == 0) cluster.Rename(random() % kPods, "back");
    const std::string name = "first-" + std::to_string(random() % kPods);
    if (!cluster.Series().contains("{__name__=\"metric_0\", pod=\"" + name + "\"}")) {
      cluster.Rename(random() % kPods, name);
    }
    // Two of one name would be duplicates.
    size_t backs = 0;
    for (size_t pod = 0; pod < kPods; ++pod) {
      if (cluster.name(pod) == "back" && ++backs > 1) cluster.Replace(pod);
    }
  }
}

TEST_CASE("what goes away of a small page is told without new chunks", "[page_churn]") {
  const auto page_of = [](int series) {
    std::string text;
    for (int i = 0; i < series; ++i) text += "metric_0{i=\"" + std::to_string(i) + "\"} 1\n";
    return text;
  };
  Target target;
  target.Scrape(page_of(200));
  const auto before = target.page().layout();
  const PageResult result = target.Scrape(page_of(199));
  REQUIRE(result.frames.size() == 2);
  CHECK(result.frames[1].kind == buffer::FrameKind::kStale);
  CHECK(result.frames[1].layout == before);
  CHECK(Receive(result).ended == std::set<std::string>{"{__name__=\"metric_0\", i=\"199\"}"});
}

TEST_CASE("a page that has calmed down is as if it had never been another", "[page_churn]") {
  Cluster cluster;
  LikePages like;
  Target target(&like);
  for (int scrape = 0; scrape < 8; ++scrape) {
    target.Scrape(cluster.Text(scrape));
    cluster.ReplaceSome(3);
  }
  for (int scrape = 0; scrape < 6; ++scrape) {
    const Received received = Receive(target.Scrape(cluster.Text(scrape)));
    CHECK(received.values.size() == kFamilies * kPods);
    CHECK(received.ended.size() == (scrape == 0 ? 3 * kFamilies : 0));
  }
  Target fresh(&like);
  fresh.Scrape(cluster.Text(1));
  CHECK(target.page().layout()->id == fresh.page().layout()->id);
  CHECK(target.page().View().text == fresh.page().View().text);
  CHECK(target.page().memory_bytes() == fresh.page().memory_bytes());
}

TEST_CASE("a page that changes for ever stays within bounds", "[page_churn]") {
  Cluster cluster;
  Target target;
  size_t first = 0;
  for (int scrape = 0; scrape < 300; ++scrape) {
    const PageResult result = target.Scrape(cluster.Text(scrape));
    if (scrape == 1) first = target.page().memory_bytes();
    REQUIRE(result.frames.front().layout->series_count <= 2 * kFamilies * kPods);
    if (scrape > 1) REQUIRE(target.page().memory_bytes() < 2 * first);
    cluster.ReplaceSome(2);
  }
}

TEST_CASE("a target that goes away ends what its changing page had last", "[page_churn]") {
  Cluster cluster;
  Target target;
  for (int scrape = 0; scrape < 5; ++scrape) {
    cluster.ReplaceSome(5);
    target.Scrape(cluster.Text(scrape));
  }
  // Its successor has had them all, and has the first one no more.
  Target successor;
  const std::set<std::string> all = cluster.Series();
  successor.Scrape(cluster.Text(0));
  for (int scrape = 0; scrape < 3; ++scrape) {
    cluster.ReplaceSome(5);
    successor.Scrape(cluster.Text(scrape));
  }
  const std::set<std::string> left = cluster.Series();
  std::set<std::string> ended;
  std::set_difference(all.begin(), all.end(), left.begin(), left.end(),
                      std::inserter(ended, ended.end()));
  const PageResult retired = target.page().Retire(target.Tick(), &successor.page());
  CHECK(Receive(retired).ended == ended);
}

TEST_CASE("series that are gone leave their places to others below a limit", "[page_churn]") {
  SeriesRules rules;
  rules.sample_limit = kFamilies * kPods + 5;
  rules.sample_limit_policy = SampleLimitPolicy::kKeepKnown;
  Cluster cluster;
  Target target(nullptr, rules);
  target.Scrape(cluster.Text(0));
  for (int scrape = 0; scrape < 4; ++scrape) {
    cluster.Replace(static_cast<size_t>(scrape) * 10);
    const PageResult changed = target.Scrape(cluster.Text(scrape));
    // Those that went away count until the end of the scrape.
    CHECK(changed.counts.refused == kFamilies - 5);
    CHECK(target.Scrape(cluster.Text(scrape)).counts.refused == 0);
  }
}

TEST_CASE("what a changing page had before is not explained", "[page_churn]") {
  Cluster cluster;
  Target target;
  for (int scrape = 0; scrape < 5; ++scrape) {
    cluster.ReplaceSome(5);
    target.Scrape(cluster.Text(scrape));
  }
  const PageView view = target.page().View();
  REQUIRE(view.gone.size() > 3 * kFamilies);
  CHECK(view.series_count == kFamilies * kPods);
  SeriesExplainer explainer(view);
  size_t count = 0;
  while (explainer.Next()) ++count;
  CHECK(count == kFamilies * kPods + kReportSeriesCount);
}

// What is said of each series of the target, without those that are gone.
std::map<std::string, std::string> FamiliesOf(Target& target) {
  std::map<std::string, std::string> families;
  const std::vector<uint32_t> gone = target.page().View().gone;
  uint32_t slot = 0;
  for (const auto& [series, family] : test::SeriesOf(*target.page().layout(), {})) {
    if (!std::binary_search(gone.begin(), gone.end(), slot++)) families[series] = family;
  }
  return families;
}

// As FamiliesOf(), of a target that has never had another page.
std::map<std::string, std::string> FreshFamiliesOf(const std::string& text) {
  Target fresh;
  fresh.Scrape(text);
  return FamiliesOf(fresh);
}

std::string FamilyOf(Target& target, const std::string& series) {
  return FamiliesOf(target)[series];
}

TEST_CASE("new series have the family that stands above them, told in parts", "[page_churn]") {
  const auto page_of = [](int i) {
    const std::string id = "{i=\"" + std::to_string(i) + "\"} 1\n";
    return "# HELP a first\n# TYPE a gauge\na" + id + "# HELP b other\nb" + id +
           "# TYPE a counter\na{x=\"\",i=\"" + std::to_string(i) + "\",y=\"1\"} 1\n";
  };
  Target target;
  for (int i = 0; i < 4; ++i) {
    CAPTURE(i);
    const std::string text = page_of(i);
    target.Scrape(text);
    const std::string id = "i=\"" + std::to_string(i) + "\"";
    CHECK(FamilyOf(target, "{__name__=\"a\", " + id + "}") == "a|2|first");
    CHECK(FamilyOf(target, "{__name__=\"b\", " + id + "}") == "b|0|other");
    // Nothing of the first lines about `a`.
    CHECK(FamilyOf(target, "{__name__=\"a\", " + id + ", y=\"1\"}") == "a|1|");
    CHECK(FamiliesOf(target) == FreshFamiliesOf(text));
  }
}

TEST_CASE("the type that a new series is read under may be far above it", "[page_churn]") {
  const auto page_of = [](int i) {
    std::string text = "# TYPE h histogram\nh_bucket{le=\"1\"} 1\n";
    for (int k = 0; k < 50; ++k) text += "# HELP g" + std::to_string(k) + " of it\ng 1\n";
    return text + "# HELP h more\nh_bucket{i=\"" + std::to_string(i) + "\",le=\"1\"} 1\n";
  };
  Target target;
  for (int i = 0; i < 4; ++i) {
    CAPTURE(i);
    target.Scrape(page_of(i));
    const std::string id = "i=\"" + std::to_string(i) + "\"";
    CHECK(FamiliesOf(target).contains("{__name__=\"h_bucket\", " + id + ", le=\"1.0\"}"));
    CHECK(FamiliesOf(target) == FreshFamiliesOf(page_of(i)));
  }
}

TEST_CASE("a family that is replaced as a whole changes no other", "[page_churn]") {
  const auto page_of = [](const std::string& middle) {
    std::string text;
    for (const std::string& name : {std::string("metric_a"), middle, std::string("metric_z")}) {
      text += "# HELP " + name + " help of " + name + "\n# TYPE " + name + " gauge\n";
      for (int i = 0; i < 40; ++i) text += name + "{i=\"" + std::to_string(i) + "\"} 1\n";
    }
    return text;
  };
  Target target;
  target.Scrape(page_of("metric_0"));
  for (int scrape = 1; scrape < 6; ++scrape) {
    const std::string text = page_of("metric_" + std::to_string(scrape));
    const Received received = Receive(target.Scrape(text));
    CHECK(received.values.size() == 120);
    CHECK(received.ended.size() == 40);
    CHECK(FamiliesOf(target) == FreshFamiliesOf(text));
  }
}

TEST_CASE("a series whose first line goes away has the family of its next one", "[page_churn]") {
  const std::string before = "# HELP a first\n# TYPE a gauge\n";
  const std::string behind = "a{i=\"1\"} 1\n# HELP a second\na{i=\"0\"} 1\na{i=\"2\"} 1\n";
  Target target;
  for (int scrape = 0; scrape < 3; ++scrape) {
    target.Scrape(before + "a{i=\"0\"} 1\n" + behind);
    CHECK(FamilyOf(target, "{__name__=\"a\", i=\"0\"}") == "a|2|first");
    target.Scrape(before + behind);
    CHECK(FamilyOf(target, "{__name__=\"a\", i=\"0\"}") == "a|2|second");
    CHECK(FamiliesOf(target) == FreshFamiliesOf(before + behind));
  }
}

// Lines of metadata that are remembered.
std::set<std::string> ToldTo(Target& target) {
  const PageTemplate& text = *target.page().View().text;
  KeyReader keys(text);
  std::set<std::string> told;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text.mark(i).is_metadata()) told.emplace(keys.At(i));
  }
  return told;
}

TEST_CASE("metadata that is not remembered is missed when it goes away", "[page_churn]") {
  std::set<std::string> told;
  const auto page_of = [&](const std::string& first) {
    std::string text = first + " 1\n";
    for (int i = 0; i < 800; ++i) {
      const std::string name = "m" + std::to_string(i);
      const std::string help = "# HELP " + name + " " + std::string(1'900, 'h');
      if (told.empty() || told.contains(help)) text += help + "\n";
      text += name + " 1\n";
    }
    return text;
  };
  Target target;
  const std::string all = page_of("old");
  target.Scrape(all);
  told = ToldTo(target);
  REQUIRE(told.size() < 800);
  for (const std::string& text : {page_of("new"), all}) {
    target.Scrape(text);
    CHECK((FamiliesOf(target) == FreshFamiliesOf(text)));
  }
}

}  // namespace
}  // namespace sluice::scrape
