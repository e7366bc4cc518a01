// What a scrape costs without the network: the walk of a known page, of a page never seen, and of
// a large page of which one series in a hundred changes its name each time. In the text format, and
// the same page in OpenMetrics, with and without exemplars that are others each time. And a known
// page of classic histograms, as they are and converted to native ones.
#include <array>
#include <string>
#include <utility>
#include <vector>

#include <benchmark/benchmark.h>

#include "scrape/page.h"

namespace {

using sluice::scrape::MakeReportChunk;
using sluice::scrape::Page;
using sluice::scrape::PageFormat;
using sluice::scrape::SeriesRules;

constexpr size_t kPieceBytes = 16 * 1024;
constexpr int kNodeSeries = 543;
constexpr int kLargeSeries = 100'000;

// What stands behind the value of every fourth series.
std::string Exemplar(int generation, int i) {
  return " # {trace_id=\"" + std::to_string(generation * 1'000'003 + i) +
         "0123456789abcdef\"} 0.25";
}

// About 110 bytes and values of mixed length for each series, as a node exporter prints them.
std::string NodePage(int generation, bool with_exemplars = false) {
  static const std::array<const char*, 4> kModes = {"idle", "iowait", "system", "user"};
  std::string page;
  for (int i = 0; i < kNodeSeries; ++i) {
    const std::string number = std::to_string(i / 4);
    if (i % 4 == 0) {
      page += "# HELP node_subsystem_" + number + "_seconds_total Seconds spent in each mode.\n";
      page += "# TYPE node_subsystem_" + number + "_seconds_total counter\n";
    }
    page += "node_subsystem_" + number + "_seconds_total{cpu=\"" + std::to_string(i % 16) +
            "\",device=\"nvme0n1\",mode=\"" + kModes[static_cast<size_t>(i % 4)] + "\"} ";
    switch (i % 4) {
      case 0:
        page += "0";
        if (with_exemplars) page += Exemplar(generation, i);
        break;
      case 1:
        page += std::to_string(generation * 1000 + i);
        break;
      case 2:
        page += std::to_string(generation + i) + "." + std::to_string(i % 97);
        break;
      default:
        page += "1.23456789012e+0" + std::to_string(i % 10);
        break;
    }
    page += '\n';
  }
  return page;
}

std::string LargePage(int generation) {
  std::string page = "# TYPE container_memory_bytes gauge\n";
  for (int i = 0; i < kLargeSeries; ++i) {
    const int version = i % 100 == 0 ? generation : 0;
    page += "container_memory_bytes{namespace=\"default\",pod=\"pod-" + std::to_string(i) +
            "\",version=\"" + std::to_string(version) + "\",image=\"registry/image\"} " +
            std::to_string(i * 4096) + "\n";
  }
  return page;
}

constexpr int kHistograms = 1000;
constexpr int kHistogramSeries = 14;

// Classic histograms, of which each has twelve buckets.
std::string HistogramPage(int generation) {
  std::string page = "# TYPE http_request_duration_seconds histogram\n";
  const std::string name = "http_request_duration_seconds";
  for (int i = 0; i < kHistograms; ++i) {
    const std::string labels =
        "{handler=\"/api/v1/handler-" + std::to_string(i) + "\",method=\"get\"";
    for (int bucket = 0; bucket < kHistogramSeries - 2; ++bucket) {
      const bool is_last = bucket == kHistogramSeries - 3;
      page += name + "_bucket" + labels + ",le=\"" +
              (is_last ? "+Inf" : std::to_string(bucket) + ".5") + "\"} " +
              std::to_string((bucket + 1) * generation * (i + 1)) + "\n";
    }
    page += name + "_sum" + labels + "} " + std::to_string(i * generation) + ".25\n";
    page += name + "_count" + labels + "} " +
            std::to_string((kHistogramSeries - 2) * generation * (i + 1)) + "\n";
  }
  return page;
}

SeriesRules Rules() {
  SeriesRules rules;
  rules.target_labels = {{"instance", "host:9100"}, {"job", "node"}};
  return rules;
}

void ScrapeOnce(Page& page, const std::string& body, int64_t now_ms,
                PageFormat format = PageFormat::kPrometheusText) {
  page.Begin(now_ms, now_ms);
  page.SetFormat(format);
  for (size_t at = 0; at < body.size(); at += kPieceBytes) {
    if (!page.Feed(std::string_view(body).substr(at, kPieceBytes)).ok()) std::abort();
  }
  auto result = page.Succeed({0.01});
  if (!result.ok()) std::abort();
  benchmark::DoNotOptimize(result);
}

void SetRates(benchmark::State& state, int series, size_t bytes) {
  state.SetItemsProcessed(state.iterations() * series);
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(bytes));
  state.counters["per_sample"] =
      benchmark::Counter(static_cast<double>(state.iterations() * series),
                         benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

void BM_KnownPage(benchmark::State& state) {
  Page page(Rules(), {MakeReportChunk()});
  const std::array<std::string, 2> bodies = {NodePage(1), NodePage(2)};
  int64_t now_ms = 1000;
  ScrapeOnce(page, bodies[0], now_ms);
  for (auto _ : state) {
    now_ms += 1000;
    ScrapeOnce(page, bodies[static_cast<size_t>(now_ms / 1000 % 2)], now_ms);
  }
  SetRates(state, kNodeSeries, bodies[0].size());
  state.counters["kept_bytes_per_series"] = static_cast<double>(page.memory_bytes()) / kNodeSeries;
}

BENCHMARK(BM_KnownPage);

void BM_KnownOpenMetricsPage(benchmark::State& state) {
  const bool with_exemplars = state.range(0) != 0;
  Page page(Rules(), {MakeReportChunk()});
  const std::array<std::string, 2> bodies = {NodePage(1, with_exemplars) + "# EOF\n",
                                             NodePage(2, with_exemplars) + "# EOF\n"};
  int64_t now_ms = 1000;
  ScrapeOnce(page, bodies[0], now_ms, PageFormat::kOpenMetrics);
  for (auto _ : state) {
    now_ms += 1000;
    ScrapeOnce(page, bodies[static_cast<size_t>(now_ms / 1000 % 2)], now_ms,
               PageFormat::kOpenMetrics);
  }
  SetRates(state, kNodeSeries, bodies[0].size());
  state.counters["kept_bytes_per_series"] = static_cast<double>(page.memory_bytes()) / kNodeSeries;
}

BENCHMARK(BM_KnownOpenMetricsPage)->ArgName("exemplars")->Arg(0)->Arg(1);

void BM_UnknownOpenMetricsPage(benchmark::State& state) {
  const std::string body = NodePage(1) + "# EOF\n";
  const auto report = MakeReportChunk();
  for (auto _ : state) {
    Page page(Rules(), {report});
    ScrapeOnce(page, body, 1000, PageFormat::kOpenMetrics);
  }
  SetRates(state, kNodeSeries, body.size());
}

BENCHMARK(BM_UnknownOpenMetricsPage);

void BM_UnknownPage(benchmark::State& state) {
  const std::string body = NodePage(1);
  const auto report = MakeReportChunk();
  for (auto _ : state) {
    Page page(Rules(), {report});
    ScrapeOnce(page, body, 1000);
  }
  SetRates(state, kNodeSeries, body.size());
}

BENCHMARK(BM_UnknownPage);

void BM_LargePageKnown(benchmark::State& state) {
  Page page(Rules(), {MakeReportChunk()});
  const std::string body = LargePage(1);
  int64_t now_ms = 1000;
  ScrapeOnce(page, body, now_ms);
  for (auto _ : state) ScrapeOnce(page, body, now_ms += 1000);
  SetRates(state, kLargeSeries, body.size());
  state.counters["kept_bytes_per_series"] = static_cast<double>(page.memory_bytes()) / kLargeSeries;
}

BENCHMARK(BM_LargePageKnown)->Unit(benchmark::kMillisecond);

void BM_LargePageOnePercentChurn(benchmark::State& state) {
  Page page(Rules(), {MakeReportChunk()});
  const std::array<std::string, 2> bodies = {LargePage(1), LargePage(2)};
  int64_t now_ms = 1000;
  ScrapeOnce(page, bodies[0], now_ms);
  for (auto _ : state) {
    now_ms += 1000;
    ScrapeOnce(page, bodies[static_cast<size_t>(now_ms / 1000 % 2)], now_ms);
  }
  SetRates(state, kLargeSeries, bodies[0].size());
}

BENCHMARK(BM_LargePageOnePercentChurn)->Unit(benchmark::kMillisecond);

void BM_KnownHistograms(benchmark::State& state) {
  SeriesRules rules = Rules();
  rules.histograms.to_custom_buckets = state.range(0) != 0;
  Page page(rules, {MakeReportChunk()});
  const std::array<std::string, 2> bodies = {HistogramPage(1), HistogramPage(2)};
  int64_t now_ms = 1000;
  ScrapeOnce(page, bodies[0], now_ms);
  for (auto _ : state) {
    now_ms += 1000;
    ScrapeOnce(page, bodies[static_cast<size_t>(now_ms / 1000 % 2)], now_ms);
  }
  SetRates(state, kHistograms * kHistogramSeries, bodies[0].size());
}

BENCHMARK(BM_KnownHistograms)->ArgName("converted")->Arg(0)->Arg(1)->Unit(benchmark::kMillisecond);

}  // namespace
