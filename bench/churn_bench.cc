// A page of 100,000 series of which some change their names from scrape to scrape, as pods come and
// go: what a scrape costs, in time and in dictionary that the log has not seen yet.
//
//   churn_bench --benchmark_repetitions=9 --benchmark_report_aggregates_only
//
// The argument is how many series change; `per_changed` is the time of the whole scrape divided by
// it. The time of a page without changes is the first line of each kind. Chunks are made anew once
// in a while for many scrapes: so it takes some tens of scrapes.
#include <array>
#include <cstdint>
#include <cstdlib>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <benchmark/benchmark.h>

#include "scrape/page.h"

namespace {

using sluice::scrape::LikePages;
using sluice::scrape::MakeReportChunk;
using sluice::scrape::Page;
using sluice::scrape::PageResult;
using sluice::scrape::SeriesRules;

constexpr size_t kPieceBytes = 16 * 1024;
constexpr size_t kSeries = 100'000;
constexpr size_t kFamilies = 50;
constexpr size_t kPods = kSeries / kFamilies;

// A page of units, each of one or more series, that are replaced by new ones, never to come back.
class ChurningPage {
 public:
  const std::string& text() const { return text_; }

  void Add(const std::string& text) { text_ += text; }

  // Adds a line of the unit; its generation follows `before`.
  void AddLine(size_t unit, const std::string& before, const std::string& behind) {
    text_ += before;
    if (units_.size() <= unit) units_.resize(unit + 1);
    units_[unit].places.push_back(text_.size());
    text_ += Digits(0) + behind + "\n";
  }

  // So many units are other ones from now on, each time others: spread over the page, or in a row.
  void Replace(size_t count, bool in_a_row) {
    if (count == 0) return;
    const size_t distance = in_a_row ? 1 : units_.size() / count;
    for (size_t i = 0; i < count; ++i) {
      Unit& unit = units_[(first_ + i * distance) % units_.size()];
      const std::string digits = Digits(++unit.generation);
      for (const size_t place : unit.places) text_.replace(place, digits.size(), digits);
    }
    first_ = (first_ + 3 * count + 1) % units_.size();
  }

 private:
  struct Unit {
    int generation = 0;
    std::vector<size_t> places;
  };

  static std::string Digits(int generation) { return std::to_string(100'000 + generation); }

  std::string text_;
  std::vector<Unit> units_;
  size_t first_ = 0;
};

std::string Labels(size_t pod) {
  return "{namespace=\"team-" + std::to_string(pod % 20) + "\",pod=\"service-" +
         std::to_string(pod) + "-";
}

// Pods that are each one line in every family.
ChurningPage FamilyPage() {
  ChurningPage page;
  for (size_t family = 0; family < kFamilies; ++family) {
    const std::string name = "kube_pod_metric_" + std::to_string(family);
    page.Add("# HELP " + name + " One of the things known of a pod.\n# TYPE " + name + " gauge\n");
    for (size_t pod = 0; pod < kPods; ++pod) {
      page.AddLine(pod, name + Labels(pod),
                   "\",uid=\"6f1c-40a5-" + std::to_string(pod * 31) + "\"} " +
                       std::to_string(pod * 4096 + family));
    }
  }
  return page;
}

// Pods with all their lines beside each other.
ChurningPage BlockPage() {
  ChurningPage page;
  page.Add("# TYPE container_value gauge\n");
  for (size_t pod = 0; pod < kPods; ++pod) {
    for (size_t i = 0; i < kFamilies; ++i) {
      page.AddLine(pod, "container_value" + Labels(pod),
                   "\",kind=\"kind-" + std::to_string(i) + "\"} " + std::to_string(pod * 4096 + i));
    }
  }
  return page;
}

// Single lines.
ChurningPage LinePage() {
  ChurningPage page;
  page.Add("# TYPE container_value gauge\n");
  for (size_t i = 0; i < kSeries; ++i) {
    page.AddLine(i, "container_value" + Labels(i),
                 "\",kind=\"kind-" + std::to_string(i % 50) + "\"} " + std::to_string(i * 4096));
  }
  return page;
}

SeriesRules Rules() {
  SeriesRules rules;
  rules.target_labels = {{"instance", "host:8080"}, {"job", "kube-state-metrics"}};
  return rules;
}

PageResult ScrapeOnce(Page& page, const std::string& body, int64_t now_ms) {
  page.Begin(now_ms, now_ms);
  for (size_t at = 0; at < body.size(); at += kPieceBytes) {
    if (!page.Feed(std::string_view(body).substr(at, kPieceBytes)).ok()) std::abort();
  }
  auto result = page.Succeed({0.01});
  if (!result.ok()) std::abort();
  return std::move(*result);
}

// Chunks of `result` that are not in `known`, which they join.
struct NewChunks {
  std::set<std::pair<uint64_t, uint64_t>> known;
  size_t count = 0;
  size_t bytes = 0;

  void Add(const PageResult& result) {
    std::set<std::pair<uint64_t, uint64_t>> current;
    for (const auto& frame : result.frames) {
      for (const auto& chunk : frame.layout->chunks) {
        const std::pair id(chunk->id.high, chunk->id.low);
        current.insert(id);
        if (known.contains(id)) continue;
        ++count;
        bytes += chunk->stored.size();
      }
    }
    known.swap(current);
  }
};

// The first argument is how many series change, which are so many units.
void Churn(benchmark::State& state, ChurningPage body, size_t unit_series, bool in_a_row) {
  const auto changed = static_cast<size_t>(state.range(0));
  LikePages like;
  Page page(Rules(), {MakeReportChunk()}, &like);
  int64_t now_ms = 1000;
  NewChunks chunks;
  chunks.Add(ScrapeOnce(page, body.text(), now_ms));
  chunks.count = chunks.bytes = 0;
  std::vector<PageResult> results;  // what is kept alive of a scrape, but for its freeing
  for (auto _ : state) {
    state.PauseTiming();
    body.Replace(changed / unit_series, in_a_row);
    now_ms += 1000;
    state.ResumeTiming();
    results.push_back(ScrapeOnce(page, body.text(), now_ms));
    state.PauseTiming();
    chunks.Add(results.back());
    results.clear();
    state.ResumeTiming();
  }
  const auto scrapes = static_cast<double>(state.iterations());
  if (changed > 0) {
    state.counters["per_changed"] =
        benchmark::Counter(scrapes * static_cast<double>(changed),
                           benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
  }
  state.counters["new_chunks"] = static_cast<double>(chunks.count) / scrapes;
  state.counters["new_KiB"] = static_cast<double>(chunks.bytes) / 1024 / scrapes;
}

void BM_ScatteredChurn(benchmark::State& state) { Churn(state, FamilyPage(), kFamilies, false); }

void BM_BlockChurn(benchmark::State& state) { Churn(state, BlockPage(), kFamilies, true); }

void BM_LineChurn(benchmark::State& state) { Churn(state, LinePage(), 1, false); }

constexpr std::array<int64_t, 4> kChanged = {0, 100, 1000, 10'000};

void SetUp(benchmark::internal::Benchmark* benchmark) {
  benchmark->Unit(benchmark::kMillisecond);
  for (const int64_t changed : kChanged) benchmark->Arg(changed);
}

BENCHMARK(BM_ScatteredChurn)->Apply(SetUp);
BENCHMARK(BM_BlockChurn)->Apply(SetUp);
BENCHMARK(BM_LineChurn)->Arg(1)->Arg(10)->Arg(1000)->Unit(benchmark::kMillisecond);

}  // namespace
