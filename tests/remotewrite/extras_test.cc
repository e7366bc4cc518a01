// What a series may have besides a float: native histograms and exemplars.
#include <map>
#include <random>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "proto/histogram_codec.h"
#include "simulation.h"

namespace sluice::remotewrite::test {
namespace {

using buffer::DropReason;
using std::chrono::milliseconds;
using std::chrono::seconds;

std::string Histogram(uint64_t count, int32_t schema = 0) {
  proto::NativeHistogram histogram;
  histogram.count = count;
  histogram.sum = 1.5;
  histogram.schema = schema;
  histogram.positive = {{{0, 1}}, {static_cast<int64_t>(count)}, {}};
  if (schema == proto::kCustomBucketsSchema) histogram.custom_values = {1.0};
  std::string bytes;
  proto::AppendHistogram(histogram, bytes);
  return bytes;
}

constexpr SendOptions kEverything = {.exemplars = true, .native_histograms = true};

// Records what arrives, in the order of its arrival.
class Recorder {
 public:
  explicit Recorder(Simulation& simulation) {
    simulation.script = [this](const std::string& body) {
      for (ReceivedSeries& series : DecodeRequest(body)) {
        entries_[series.labels["__name__"]].push_back(std::move(series));
      }
      return Ok();
    };
  }

  // The entries of a metric.
  const std::vector<ReceivedSeries>& Of(const std::string& name) { return entries_[name]; }

 private:
  std::map<std::string, std::vector<ReceivedSeries>> entries_;
};

Simulation Sending(SendOptions send, relabel::Program program = {}) {
  return Simulation(1, {}, {}, std::move(program), send);
}

// Four series; the second and the fourth are histograms, the third is absent.
struct Frame {
  explicit Frame(TimestampMs at) : timestamp_ms(at) {}

  TimestampMs timestamp_ms;
  std::string first = Histogram(3);
  std::string second = Histogram(4);
  std::vector<double> values = {10, 0, 30, 0};
  std::vector<uint8_t> present = {1, 1, 0, 1};
  std::vector<buffer::LabelView> labels = {{"trace_id", "abc"}, {"span_id", "d"}};
  std::vector<buffer::FrameHistogram> histograms = {{1, first}, {3, second}};
  std::vector<buffer::FrameExemplar> exemplars = {{0, timestamp_ms - 2, 0.5, labels},
                                                  {1, timestamp_ms - 1, 0.25, labels},
                                                  {1, timestamp_ms, 0.75, {}},
                                                  {2, timestamp_ms, 7, {}}};

  buffer::FrameColumns Columns() const {
    return {.timestamp_ms = timestamp_ms,
            .values = values,
            .present = present,
            .histograms = histograms,
            .exemplars = exemplars};
  }
};

TestTarget FourSeries() { return MakeTarget("t", 3, {{"a", "b"}, {"c", "d"}}); }

uint64_t Dropped(const Simulation& simulation, DropReason reason) {
  return simulation.log.dropped(reason);
}

}  // namespace

TEST_CASE("histograms go out as they were stored, exemplars beside the sample", "[remotewrite]") {
  Simulation simulation = Sending(kEverything);
  Recorder recorder(simulation);
  const Frame frame(1'000);
  simulation.log.Append(FourSeries(), frame.Columns());
  REQUIRE(simulation.Drain(seconds(10)));
  REQUIRE(recorder.Of("a").size() == 1);
  CHECK(recorder.Of("a")[0].samples.at(0).histogram.empty());
  REQUIRE(recorder.Of("a")[0].exemplars.size() == 1);
  const ReceivedExemplar& exemplar = recorder.Of("a")[0].exemplars[0];
  CHECK(exemplar.labels ==
        std::map<std::string, std::string>{{"span_id", "d"}, {"trace_id", "abc"}});
  CHECK(exemplar.timestamp_ms == 998);
  CHECK(exemplar.value == 0.5);
  REQUIRE(recorder.Of("b").size() == 1);
  CHECK(recorder.Of("b")[0].samples.at(0).histogram == frame.first);
  CHECK(recorder.Of("b")[0].samples.at(0).timestamp_ms == 1'000);
  CHECK(recorder.Of("b")[0].exemplars.size() == 2);
  CHECK(recorder.Of("c").empty());
  CHECK(recorder.Of("d").at(0).samples.at(0).histogram == frame.second);
  CHECK(simulation.log.ledger().acknowledged == 3);
  const DeliveryCounters& counters = simulation.delivery().counters();
  CHECK(counters.accepted.samples == 3);
  CHECK(counters.accepted.histograms == 2);
  CHECK(counters.accepted.exemplars == 3);
  CHECK(counters.unfit_exemplars == 1);  // that of the series without a sample
}

TEST_CASE("neither is sent unless it is asked for", "[remotewrite]") {
  Simulation simulation = Sending({});
  Recorder recorder(simulation);
  simulation.log.Append(FourSeries(), Frame(1'000).Columns());
  REQUIRE(simulation.Drain(seconds(10)));
  CHECK(recorder.Of("a").size() == 1);
  CHECK(recorder.Of("a").at(0).exemplars.empty());
  CHECK(recorder.Of("b").empty());
  CHECK(recorder.Of("d").empty());
  CHECK(Dropped(simulation, DropReason::kNativeHistogram) == 2);
  CHECK(simulation.log.ledger().acknowledged == 1);
  CHECK(simulation.log.LedgerCloses());
  CHECK(simulation.delivery().counters().unfit_exemplars == 0);
}

TEST_CASE("a page of histograms alone causes no request when they are not sent", "[remotewrite]") {
  Simulation simulation = Sending({.exemplars = true});
  const std::string bytes = Histogram(1);
  const std::vector<double> values = {0};
  const std::vector<buffer::FrameHistogram> histograms = {{0, bytes}};
  const std::vector<buffer::FrameExemplar> exemplars = {{0, 1, 1, {}}};
  simulation.log.Append(
      MakeTarget("t", 3, {{"a"}}),
      {.timestamp_ms = 1, .values = values, .histograms = histograms, .exemplars = exemplars});
  REQUIRE(simulation.Drain(seconds(10)));
  CHECK(simulation.requests() == 0);
  CHECK(Dropped(simulation, DropReason::kNativeHistogram) == 1);
  CHECK(simulation.delivery().counters().unfit_exemplars == 1);
}

TEST_CASE("remote write 1.0 has no place for custom buckets", "[remotewrite]") {
  Simulation simulation = Sending(kEverything);
  Recorder recorder(simulation);
  const std::string custom = Histogram(1, proto::kCustomBucketsSchema);
  const std::string other = Histogram(2);
  const std::vector<double> values = {0, 0};
  const std::vector<buffer::FrameHistogram> histograms = {{0, custom}, {1, other}};
  simulation.log.Append(MakeTarget("t", 3, {{"a", "b"}}),
                        {.timestamp_ms = 1, .values = values, .histograms = histograms});
  REQUIRE(simulation.Drain(seconds(10)));
  CHECK(recorder.Of("a").empty());
  CHECK(recorder.Of("b").size() == 1);
  CHECK(Dropped(simulation, DropReason::kCustomBuckets) == 1);
  CHECK(simulation.delivery().counters().custom_buckets == 1);
  CHECK(simulation.log.LedgerCloses());
}

TEST_CASE("what is no histogram message is booked as damaged and does no harm", "[remotewrite]") {
  Simulation simulation = Sending(kEverything);
  Recorder recorder(simulation);
  const std::vector<double> values = {1, 0};
  const std::vector<buffer::FrameHistogram> histograms = {{1, "\x08"}};
  simulation.log.Append(MakeTarget("t", 3, {{"a", "b"}}),
                        {.timestamp_ms = 1, .values = values, .histograms = histograms});
  REQUIRE(simulation.Drain(seconds(10)));
  CHECK(recorder.Of("a").size() == 1);
  CHECK(Dropped(simulation, DropReason::kDamaged) == 1);
  CHECK(simulation.log.LedgerCloses());
}

TEST_CASE("an exemplar that a receiver would refuse is left out alone", "[remotewrite]") {
  Simulation simulation = Sending(kEverything);
  Recorder recorder(simulation);
  const std::vector<double> values = {1};
  const std::vector<buffer::LabelView> broken = {{"trace_id", "\xff"}};
  const std::vector<buffer::LabelView> nameless = {{"", "x"}};
  const std::vector<buffer::FrameExemplar> exemplars = {
      {0, 1, 1, broken}, {0, 2, 1, nameless}, {0, 3, 1, {}}};
  simulation.log.Append(MakeTarget("t", 3, {{"a"}}),
                        {.timestamp_ms = 5, .values = values, .exemplars = exemplars});
  REQUIRE(simulation.Drain(seconds(10)));
  REQUIRE(recorder.Of("a").size() == 1);
  REQUIRE(recorder.Of("a")[0].exemplars.size() == 1);
  CHECK(recorder.Of("a")[0].exemplars[0].timestamp_ms == 3);
  CHECK(simulation.delivery().counters().unfit_exemplars == 2);
  CHECK(simulation.log.ledger().acknowledged == 1);
}

TEST_CASE("a dropped series takes its histograms and exemplars with it", "[remotewrite]") {
  relabel::Rule rule;
  rule.action = relabel::Action::kDrop;
  rule.source_labels = {"__name__"};
  rule.regex = "a|b";
  auto program = relabel::Program::Compile({rule});
  REQUIRE(program.ok());
  Simulation simulation = Sending(kEverything, *program);
  Recorder recorder(simulation);
  simulation.log.Append(FourSeries(), Frame(1'000).Columns());
  REQUIRE(simulation.Drain(seconds(10)));
  CHECK(recorder.Of("a").empty());
  CHECK(recorder.Of("b").empty());
  CHECK(recorder.Of("d").size() == 1);
  CHECK(Dropped(simulation, DropReason::kRelabel) == 2);
  const DeliveryCounters& counters = simulation.delivery().counters();
  CHECK(counters.relabeled.samples == 2);
  CHECK(counters.relabeled.histograms == 1);
  CHECK(counters.relabeled.exemplars == 3);
  CHECK(simulation.log.LedgerCloses());
}

TEST_CASE("in a backlog a series that turns into a histogram and back stays in order",
          "[remotewrite]") {
  Simulation simulation = Sending(kEverything);
  Recorder recorder(simulation);
  const TestTarget target = MakeTarget("t", 3, {{"a"}});
  const std::vector<double> values = {1};
  const std::string bytes = Histogram(1);
  const std::vector<buffer::FrameHistogram> histograms = {{0, bytes}};
  const std::vector<buffer::FrameExemplar> exemplars = {{0, 3, 1, {}}};
  const std::string kinds = "ffhhfhs";  // floats, histograms, a stale marker
  for (size_t i = 0; i < kinds.size(); ++i) {
    buffer::FrameColumns columns{.timestamp_ms = static_cast<TimestampMs>(i) + 1, .values = values};
    if (kinds[i] == 'h') columns.histograms = histograms;
    if (i == 2) columns.exemplars = exemplars;
    if (kinds[i] == 's') columns = {.kind = buffer::FrameKind::kStale, .timestamp_ms = 7};
    simulation.log.Append(target, columns);
  }
  REQUIRE(simulation.Drain(seconds(10)));
  CHECK(simulation.requests() == 1);
  std::string got;
  for (const ReceivedSeries& entry : recorder.Of("a")) {
    for (const ReceivedSample& sample : entry.samples) {
      CHECK(sample.timestamp_ms == static_cast<TimestampMs>(got.size()) + 1);
      const bool is_stale = sample.bits == buffer::kStaleNanBits;
      got += is_stale ? 's' : sample.histogram.empty() ? 'f' : 'h';
    }
  }
  // A stale marker is a float, as Prometheus's agent writes it.
  CHECK(got == kinds);
  REQUIRE(recorder.Of("a").size() == 5);
  CHECK(recorder.Of("a")[1].exemplars.size() == 1);
}

TEST_CASE("a histogram keeps the timestamp that its series has of its own", "[remotewrite]") {
  Simulation simulation = Sending(kEverything);
  Recorder recorder(simulation);
  const std::string bytes = Histogram(1);
  const std::vector<double> values = {0};
  const std::vector<TimestampMs> timestamps = {42};
  const std::vector<buffer::FrameHistogram> histograms = {{0, bytes}};
  simulation.log.Append(
      MakeTarget("t", 3, {{"a"}}),
      {.timestamp_ms = 100, .values = values, .timestamps = timestamps, .histograms = histograms});
  REQUIRE(simulation.Drain(seconds(10)));
  CHECK(recorder.Of("a").at(0).samples.at(0).timestamp_ms == 42);
}

TEST_CASE("a refused histogram is found and dropped alone, its exemplars with it",
          "[remotewrite]") {
  Simulation simulation = Sending(kEverything);
  simulation.script = [](const std::string& body) {
    for (const ReceivedSeries& series : DecodeRequest(body)) {
      if (series.labels.at("__name__") == "b") return Fails(400);
    }
    return Ok();
  };
  const TestTarget target = FourSeries();
  for (int i = 0; i < 3; ++i) simulation.log.Append(target, Frame(1'000 + i).Columns());
  REQUIRE(simulation.Drain(seconds(60)));
  CHECK(Dropped(simulation, DropReason::kRejected) == 3);
  CHECK(simulation.log.ledger().acknowledged == 6);
  CHECK(simulation.log.LedgerCloses());
  const DeliveryCounters& counters = simulation.delivery().counters();
  CHECK(counters.rejected.samples == 3);
  CHECK(counters.rejected.histograms == 3);
  CHECK(counters.rejected.exemplars == 6);
  CHECK(counters.accepted.histograms == 3);
  CHECK(counters.accepted.exemplars == 3);
  CHECK(counters.unfit_exemplars == 3);
}

namespace {

// What was appended, to be found again at the receiver.
struct Expected {
  uint64_t floats = 0;
  uint64_t histograms = 0;
  uint64_t custom = 0;
  uint64_t exemplars = 0;  // of samples that are sent
};

class MixedFleet {
 public:
  MixedFleet(Simulation& simulation, std::mt19937_64& rng) : simulation_(simulation), rng_(rng) {
    for (int i = 0; i < 10; ++i) {
      targets_.push_back(MakeTarget("t" + std::to_string(i),
                                    static_cast<uint32_t>(rng_() % buffer::kLaneCount),
                                    {{"a0", "a1", "a2"}, {"b0", "b1"}}));
    }
  }

  void Scrape() {
    for (const TestTarget& target : targets_) Append(target);
  }

  const Expected& expected() const { return expected_; }

 private:
  void Append(const TestTarget& target) {
    const std::vector<std::string> messages = {Histogram(rng_() % 100), Histogram(rng_() % 100, 3),
                                               Histogram(1, proto::kCustomBucketsSchema)};
    std::vector<double> values(5, 1.0);
    std::vector<uint8_t> present;
    std::vector<buffer::FrameHistogram> histograms;
    std::vector<buffer::FrameExemplar> exemplars;
    const TimestampMs now = simulation_.wall_ms();
    for (uint32_t i = 0; i < 5; ++i) {
      present.push_back(rng_() % 4 != 0);
      bool is_sent = present[i] != 0;
      const uint64_t kind = is_sent ? rng_() % 6 : 6;
      if (kind < 3) {
        histograms.push_back({i, messages[kind]});
        ++(kind == 2 ? expected_.custom : expected_.histograms);
        is_sent = kind != 2;
      } else if (is_sent) {
        ++expected_.floats;
      }
      for (uint64_t k = rng_() % 3; k > 0; --k) {
        exemplars.push_back({i, now - static_cast<TimestampMs>(k), 1, {}});
        if (is_sent) ++expected_.exemplars;
      }
    }
    simulation_.log.Append(target, {.timestamp_ms = now,
                                    .values = values,
                                    .present = present,
                                    .histograms = histograms,
                                    .exemplars = exemplars});
  }

  Simulation& simulation_;
  std::mt19937_64& rng_;
  std::vector<TestTarget> targets_;
  Expected expected_;
};

}  // namespace

TEST_CASE("whatever fails, every histogram and exemplar arrives with its series in order",
          "[remotewrite][random]") {
  const auto seed = GENERATE(take(30, random(1U, 1'000'000'000U)));
  CAPTURE(seed);
  std::mt19937_64 rng(seed);
  QueueConfig queue;
  queue.max_samples_per_send = 20;
  Simulation simulation(seed, queue, {}, {}, kEverything);
  MixedFleet fleet(simulation, rng);
  simulation.script = [&](const std::string&) {
    Reply reply;
    if (rng() % 4 == 0) {
      const int statuses[] = {0, 500, 503, 429};
      reply = Fails(statuses[rng() % 4]);
      reply.stores = rng() % 4 == 0;
    }
    reply.after = milliseconds(1 + rng() % 300);
    return reply;
  };
  for (int round = 0; round < 30; ++round) {
    fleet.Scrape();
    simulation.Run(milliseconds(1 + rng() % 3'000));
  }
  REQUIRE(simulation.Drain(seconds(3'600)));
  const Expected& expected = fleet.expected();
  const DeliveryCounters& counters = simulation.delivery().counters();
  CHECK(simulation.log.LedgerCloses());
  CHECK(simulation.log.ledger().acknowledged == expected.floats + expected.histograms);
  CHECK(Dropped(simulation, DropReason::kCustomBuckets) == expected.custom);
  CHECK(counters.accepted.samples == expected.floats + expected.histograms);
  CHECK(counters.accepted.histograms == expected.histograms);
  CHECK(counters.accepted.exemplars == expected.exemplars);
  CHECK(simulation.receiver.distinct_samples() == expected.floats + expected.histograms);
}

}  // namespace sluice::remotewrite::test
