// A page of 100,000 series of which some change their names from scrape to scrape, as pods come and
// go: what a scrape costs, in time and in dictionary that the log has not seen yet.
//
//   churn_bench --benchmark_repetitions=9 --benchmark_report_aggregates_only
//
// The argument is how many series change; `per_changed` is the time of the whole scrape divided by
// it. The time of a page without changes is the first line of each kind.
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
constexpr int kSeries = 100'000;
constexpr int kFamilies = 50;
constexpr int kPods = kSeries / kFamilies;
constexpr int kBodies = 8;

// Pods as they are replaced: each is one line in every family, so that its changes are scattered
// over the page.
std::string FamilyPage(int generation, int changed) {
  const int replaced = changed / kFamilies;
  std::string page;
  for (int family = 0; family < kFamilies; ++family) {
    const std::string name = "kube_pod_metric_" + std::to_string(family);
    page += "# HELP " + name + " One of the things known of a pod.\n# TYPE " + name + " gauge\n";
    for (int pod = 0; pod < kPods; ++pod) {
      const bool is_new = replaced > 0 && pod % (kPods / replaced) == 0;
      page += name + "{namespace=\"team-" + std::to_string(pod % 20) + "\",pod=\"service-" +
              std::to_string(pod) + "-" + std::to_string(is_new ? generation * 7919 : 0) +
              "\",uid=\"6f1c-40a5-" + std::to_string(pod * 31) + "\"} " +
              std::to_string(pod * 4096 + family) + "\n";
    }
  }
  return page;
}

// Pods that are replaced with all their lines beside each other.
std::string BlockPage(int generation, int changed) {
  std::string page = "# TYPE container_value gauge\n";
  for (int pod = 0; pod < kPods; ++pod) {
    const bool is_new = pod < changed / kFamilies;
    for (int i = 0; i < kFamilies; ++i) {
      page += "container_value{namespace=\"team-" + std::to_string(pod % 20) + "\",pod=\"service-" +
              std::to_string(pod) + "-" + std::to_string(is_new ? generation * 7919 : 0) +
              "\",kind=\"kind-" + std::to_string(i) + "\"} " + std::to_string(pod * 4096 + i) +
              "\n";
    }
  }
  return page;
}

// Single lines that change here and there.
std::string LinePage(int generation, int changed) {
  const int distance = changed == 0 ? kSeries : kSeries / changed;
  std::string page = "# TYPE container_value gauge\n";
  for (int i = 0; i < kSeries; ++i) {
    const bool is_new = changed > 0 && i % distance == distance / 2;
    page += "container_value{namespace=\"team-" + std::to_string(i % 20) + "\",pod=\"service-" +
            std::to_string(i) + "-" + std::to_string(is_new ? generation * 7919 : 0) +
            "\",kind=\"kind-" + std::to_string(i % 50) + "\"} " + std::to_string(i * 4096) + "\n";
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

using MakeBody = std::string (*)(int generation, int changed);

void Churn(benchmark::State& state, MakeBody make_body) {
  const auto changed = static_cast<int>(state.range(0));
  std::vector<std::string> bodies;
  for (int i = 0; i < kBodies; ++i) bodies.push_back(make_body(i + 1, changed));
  LikePages like;
  Page page(Rules(), {MakeReportChunk()}, &like);
  int64_t now_ms = 1000;
  NewChunks chunks;
  chunks.Add(ScrapeOnce(page, bodies[0], now_ms));
  chunks.count = chunks.bytes = 0;
  std::vector<PageResult> results;  // what is kept alive of a scrape, but for its freeing
  for (auto _ : state) {
    now_ms += 1000;
    const size_t next = static_cast<size_t>(now_ms / 1000 - 1) % kBodies;
    results.push_back(ScrapeOnce(page, bodies[next], now_ms));
    state.PauseTiming();
    chunks.Add(results.back());
    results.clear();
    state.ResumeTiming();
  }
  const auto scrapes = static_cast<double>(state.iterations());
  if (changed > 0) {
    state.counters["per_changed"] = benchmark::Counter(
        scrapes * changed, benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
  }
  state.counters["new_chunks"] = static_cast<double>(chunks.count) / scrapes;
  state.counters["new_KiB"] = static_cast<double>(chunks.bytes) / 1024 / scrapes;
}

void BM_ScatteredChurn(benchmark::State& state) { Churn(state, FamilyPage); }

void BM_BlockChurn(benchmark::State& state) { Churn(state, BlockPage); }

void BM_LineChurn(benchmark::State& state) { Churn(state, LinePage); }

constexpr std::array<int64_t, 4> kChanged = {0, 100, 1000, 10'000};

void SetUp(benchmark::internal::Benchmark* benchmark) {
  benchmark->Unit(benchmark::kMillisecond);
  for (const int64_t changed : kChanged) benchmark->Arg(changed);
}

BENCHMARK(BM_ScatteredChurn)->Apply(SetUp);
BENCHMARK(BM_BlockChurn)->Apply(SetUp);
BENCHMARK(BM_LineChurn)->Arg(1)->Arg(10)->Unit(benchmark::kMillisecond);

}  // namespace
