// What a scrape in the protobuf format costs without the network, beside scrape_bench: the same
// series as its node page, known and never seen, with the time at which each counter started and
// without; and native histograms.
#include <array>
#include <bit>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include <benchmark/benchmark.h>

#include "base/varint.h"
#include "scrape/page.h"

namespace {

using sluice::PutString;
using sluice::PutVarint;
using sluice::ZigZag;
using sluice::scrape::MakeReportChunk;
using sluice::scrape::Page;
using sluice::scrape::PageFormat;
using sluice::scrape::SeriesRules;

constexpr size_t kPieceBytes = 16 * 1024;
constexpr int kNodeSeries = 543;
constexpr int kHistograms = 50;
constexpr int kBuckets = 100;

// A message that is written field by field.
class Message {
 public:
  Message& Bytes(uint32_t number, std::string_view value) {
    PutVarint(bytes_, number << 3 | 2);
    PutString(bytes_, value);
    return *this;
  }

  Message& Bytes(uint32_t number, const Message& value) { return Bytes(number, value.bytes_); }

  Message& Varint(uint32_t number, uint64_t value) {
    PutVarint(bytes_, number << 3);
    PutVarint(bytes_, value);
    return *this;
  }

  Message& Double(uint32_t number, double value) {
    PutVarint(bytes_, number << 3 | 1);
    const auto bits = std::bit_cast<uint64_t>(value);
    for (int shift = 0; shift < 64; shift += 8) {
      bytes_.push_back(static_cast<char>(bits >> shift));
    }
    return *this;
  }

  Message& Label(const std::string& name, const std::string& value) {
    return Bytes(1, Message().Bytes(1, name).Bytes(2, value));
  }

  const std::string& bytes() const { return bytes_; }

 private:
  std::string bytes_;
};

Message Family(const std::string& name, const std::string& help, uint64_t type) {
  return Message().Bytes(1, name).Bytes(2, help).Varint(3, type);
}

std::string NodePage(int generation, bool with_starts) {
  static const std::array<const char*, 4> kModes = {"idle", "iowait", "system", "user"};
  std::string page;
  Message family;
  for (int i = 0; i < kNodeSeries; ++i) {
    if (i % 4 == 0) {
      const std::string number = std::to_string(i / 4);
      if (i > 0) PutString(page, family.bytes());
      family = Family("node_subsystem_" + number + "_seconds_total", "Seconds spent in each mode.",
                      /*counter*/ 0);
    }
    Message counter = Message().Double(1, i % 4 == 0 ? 0 : generation * 1000 + i / 97.0);
    if (with_starts) counter.Bytes(3, Message().Varint(1, 1'700'000'000).Varint(2, 5'000'000));
    family.Bytes(4, Message()
                        .Label("cpu", std::to_string(i % 16))
                        .Label("device", "nvme0n1")
                        .Label("mode", kModes[static_cast<size_t>(i % 4)])
                        .Bytes(3, counter));
  }
  PutString(page, family.bytes());
  return page;
}

std::string HistogramPage(int generation) {
  Message family = Family("request_duration_seconds", "How long requests took.", /*histogram*/ 4);
  std::string deltas;
  for (int i = 0; i < kBuckets; ++i) PutVarint(deltas, ZigZag(i == 0 ? generation : i % 2 * 2 - 1));
  uint64_t count = 0;
  for (int i = 0, bucket = 0; i < kBuckets; ++i) {
    bucket += i == 0 ? generation : i % 2 * 2 - 1;
    count += static_cast<uint64_t>(bucket);
  }
  for (int i = 0; i < kHistograms; ++i) {
    const Message span = Message().Varint(1, ZigZag(-50)).Varint(2, kBuckets);
    family.Bytes(4, Message()
                        .Label("handler", "/api/v1/" + std::to_string(i))
                        .Bytes(7, Message()
                                      .Varint(1, count)
                                      .Double(2, 1.5 * generation)
                                      .Varint(5, ZigZag(3))
                                      .Bytes(12, span)
                                      .Bytes(13, deltas)));
  }
  std::string page;
  PutString(page, family.bytes());
  return page;
}

SeriesRules Rules() {
  SeriesRules rules;
  rules.target_labels = {{"instance", "host:9100"}, {"job", "node"}};
  rules.histograms.native = true;
  return rules;
}

void ScrapeOnce(Page& page, const std::string& body, int64_t now_ms) {
  page.Begin(now_ms, now_ms);
  page.SetFormat(PageFormat::kProtobuf);
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

void ScrapeKnown(benchmark::State& state, const std::array<std::string, 2>& bodies, int series) {
  Page page(Rules(), {MakeReportChunk()});
  int64_t now_ms = 1000;
  ScrapeOnce(page, bodies[0], now_ms);
  for (auto _ : state) {
    now_ms += 1000;
    ScrapeOnce(page, bodies[static_cast<size_t>(now_ms / 1000 % 2)], now_ms);
  }
  SetRates(state, series, bodies[0].size());
  state.counters["kept_bytes_per_series"] = static_cast<double>(page.memory_bytes()) / series;
}

void BM_KnownProtobufPage(benchmark::State& state) {
  const bool with_starts = state.range(0) != 0;
  ScrapeKnown(state, {NodePage(1, with_starts), NodePage(2, with_starts)}, kNodeSeries);
}

BENCHMARK(BM_KnownProtobufPage)->ArgName("starts")->Arg(0)->Arg(1);

void BM_UnknownProtobufPage(benchmark::State& state) {
  const std::string body = NodePage(1, false);
  const auto report = MakeReportChunk();
  for (auto _ : state) {
    Page page(Rules(), {report});
    ScrapeOnce(page, body, 1000);
  }
  SetRates(state, kNodeSeries, body.size());
}

BENCHMARK(BM_UnknownProtobufPage);

// 100 buckets each.
void BM_KnownNativeHistograms(benchmark::State& state) {
  ScrapeKnown(state, {HistogramPage(2), HistogramPage(3)}, kHistograms);
}

BENCHMARK(BM_KnownNativeHistograms);

}  // namespace
