#include "base/telemetry.h"

#include <atomic>
#include <optional>
#include <string>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "base/process_metrics.h"

namespace sluice {
namespace {

bool Has(const std::string& text, const std::string& line) {
  return ("\n" + text).find("\n" + line + "\n") != std::string::npos;
}

// The value of an unlabelled series.
std::optional<double> ValueOf(const std::string& text, const std::string& name) {
  const std::string prefix = "\n" + name + " ";
  const size_t at = ("\n" + text).find(prefix);
  if (at == std::string::npos) return std::nullopt;
  return std::stod(text.substr(at + prefix.size() - 1));
}

TEST_CASE("metrics are exposed in the text format, families sorted by name", "[telemetry]") {
  Telemetry telemetry;
  const Gauge gauge = telemetry.AddGauge("test_b", "B.");
  const Counter counter = telemetry.AddCounter("test_c_total", "C.", {{"job", "a"}});
  const Histogram histogram = telemetry.AddHistogram("test_a_seconds", "A.", {}, {1, 2});
  counter.Increment();
  counter.Increment(2.5);
  gauge.Set(-1);
  histogram.Observe(1.5);
  const std::string text = telemetry.ExposeText();
  CHECK(Has(text, "# HELP test_c_total C."));
  CHECK(Has(text, "# TYPE test_c_total counter"));
  CHECK(Has(text, "test_c_total{job=\"a\"} 3.5"));
  CHECK(Has(text, "test_b -1"));
  CHECK(Has(text, "test_a_seconds_bucket{le=\"1\"} 0"));
  CHECK(Has(text, "test_a_seconds_bucket{le=\"2\"} 1"));
  CHECK(Has(text, "test_a_seconds_bucket{le=\"+Inf\"} 1"));
  CHECK(Has(text, "test_a_seconds_sum 1.5"));
  CHECK(text.find("test_a_seconds") < text.find("test_b"));
  CHECK(text.find("test_b") < text.find("test_c_total"));
  CHECK(counter.value() == 3.5);
}

TEST_CASE("a default-made handle counts into nothing", "[telemetry]") {
  Counter().Increment();
  Gauge().Set(1);
  Histogram().Observe(1);
  CHECK(Counter().value() == 0);
  CHECK(Gauge().value() == 0);
}

TEST_CASE("the same name and labels give the same series", "[telemetry]") {
  Telemetry telemetry;
  const Counter first = telemetry.AddCounter("test_total", "T.", {{"a", "1"}});
  const Counter again = telemetry.AddCounter("test_total", "T.", {{"a", "1"}});
  const Counter other = telemetry.AddCounter("test_total", "T.", {{"a", "2"}});
  first.Increment();
  again.Increment();
  CHECK(first.value() == 2);
  CHECK(other.value() == 0);
}

TEST_CASE("label values from outside cannot break the exposition", "[telemetry]") {
  Telemetry telemetry;
  telemetry.AddGauge("test_g", "G.", {{"v", "a\"b\\c\nd\xff"}});
  CHECK(Has(telemetry.ExposeText(), "test_g{v=\"a\\\"b\\\\c\\nd\xef\xbf\xbd\"} 0"));
}

TEST_CASE("series are removed by the labels that they include", "[telemetry]") {
  Telemetry telemetry;
  telemetry.AddCounter("test_a_total", "A.", {{"job", "x"}, {"part", "1"}}).Increment();
  telemetry.AddCounter("test_a_total", "A.", {{"job", "y"}, {"part", "1"}});
  telemetry.AddGauge("test_b", "B.", {{"job", "x"}});
  telemetry.AddGauge("test_c", "C.");
  telemetry.RemoveSeriesWith({{"job", "x"}});
  const std::string text = telemetry.ExposeText();
  CHECK(text.find("job=\"x\"") == std::string::npos);
  CHECK(Has(text, "test_a_total{job=\"y\",part=\"1\"} 0"));
  CHECK(Has(text, "test_c 0"));
  // A family without series is not exposed, and a series that comes back starts anew.
  CHECK(text.find("test_b") == std::string::npos);
  CHECK(telemetry.AddCounter("test_a_total", "A.", {{"job", "x"}, {"part", "1"}}).value() == 0);
}

TEST_CASE("a collect callback runs before each exposition until its token goes", "[telemetry]") {
  Telemetry telemetry;
  int calls = 0;
  auto token = telemetry.OnCollect([&] {
    ++calls;
    telemetry.AddGauge("test_calls", "C.", {{"n", std::to_string(calls)}}).Set(calls);
  });
  CHECK(Has(telemetry.ExposeText(), "test_calls{n=\"1\"} 1"));
  CHECK(Has(telemetry.ExposeText(), "test_calls{n=\"2\"} 2"));
  token.reset();
  telemetry.ExposeText();
  CHECK(calls == 2);
}

TEST_CASE("a collect callback may drop its own token, or expose, without a deadlock",
          "[telemetry]") {
  Telemetry telemetry;
  int calls = 0;
  std::shared_ptr<void> token;
  token = telemetry.OnCollect([&] {
    ++calls;
    telemetry.ExposeText();
    token.reset();
  });
  telemetry.ExposeText();
  telemetry.ExposeText();
  CHECK(calls == 1);
}

TEST_CASE("dropping a token waits for the call that runs", "[telemetry]") {
  Telemetry telemetry;
  std::atomic<bool> entered = false;
  std::atomic<bool> dropping = false;
  std::atomic<bool> dropped = false;
  std::atomic<bool> dropped_amid_call = false;
  auto token = telemetry.OnCollect([&] {
    entered = true;
    while (!dropping.load()) std::this_thread::yield();
    for (int i = 0; i < 1000; ++i) std::this_thread::yield();
    dropped_amid_call = dropped.load();
  });
  std::jthread exposing([&] { telemetry.ExposeText(); });
  while (!entered.load()) std::this_thread::yield();
  dropping = true;
  token.reset();
  dropped = true;
  exposing.join();
  CHECK_FALSE(dropped_amid_call.load());
}

TEST_CASE("a token may outlive its registry", "[telemetry]") {
  std::shared_ptr<void> token;
  {
    Telemetry telemetry;
    token = telemetry.OnCollect([] {});
  }
  token.reset();
  SUCCEED();
}

TEST_CASE("many threads may count, add, remove and expose at once", "[telemetry]") {
  Telemetry telemetry;
  const Counter shared = telemetry.AddCounter("test_shared_total", "S.");
  std::vector<std::jthread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&telemetry, shared, t] {
      const MetricLabels own = {{"thread", std::to_string(t)}};
      for (int i = 0; i < 200; ++i) {
        shared.Increment();
        telemetry.AddGauge("test_own", "O.", own).Set(i);
        auto token = telemetry.OnCollect([shared] { shared.Increment(0); });
        if (i % 10 == 0) telemetry.ExposeText();
        telemetry.RemoveSeriesWith(own);
      }
    });
  }
  threads.clear();
  CHECK(shared.value() == 800);
}

TEST_CASE("process metrics have plausible values", "[telemetry]") {
  Telemetry telemetry;
  auto token = AddProcessMetrics(telemetry);
  const std::string text = telemetry.ExposeText();
  CHECK(ValueOf(text, "process_cpu_seconds_total").value_or(-1) >= 0);
  CHECK(ValueOf(text, "process_resident_memory_bytes").value_or(0) > 1'000'000);
  CHECK(ValueOf(text, "process_virtual_memory_bytes").value_or(0) >
        ValueOf(text, "process_resident_memory_bytes").value_or(0));
  CHECK(ValueOf(text, "process_max_fds").value_or(0) > 10);
  CHECK(ValueOf(text, "process_start_time_seconds").value_or(0) > 1.5e9);
  const double files = ValueOf(text, "process_open_fds").value_or(0);
  CHECK(files >= 3);
  const int one_more = dup(0);
  CHECK(ValueOf(telemetry.ExposeText(), "process_open_fds") == files + 1);
  close(one_more);
}

TEST_CASE("a program name cannot confuse the reading of /proc/PID/stat", "[telemetry]") {
  std::string text = "42 (a) b (c ) S";
  for (int field = 4; field <= 30; ++field) text += " " + std::to_string(field * 100);
  const auto stat = ParseProcessStat(text + "\n");
  REQUIRE(stat.ok());
  CHECK(stat->user_ticks == 1400);
  CHECK(stat->system_ticks == 1500);
  CHECK(stat->start_ticks == 2200);
  CHECK(stat->virtual_bytes == 2300);
  CHECK(stat->resident_pages == 2400);
  CHECK_FALSE(ParseProcessStat("").ok());
  CHECK_FALSE(ParseProcessStat("42 (a) S 1 2 3").ok());
  CHECK_FALSE(ParseProcessStat("42 (a").ok());
}

}  // namespace
}  // namespace sluice
