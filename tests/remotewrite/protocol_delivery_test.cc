// A delivery that speaks remote write 2.0, to receivers that do and that do not.
#include <map>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "proto/histogram_codec.h"
#include "simulation.h"

namespace sluice::remotewrite::test {
namespace {

using buffer::DropReason;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr SendOptions kEverything = {.exemplars = true, .native_histograms = true};

Simulation SpeakingV2(uint64_t seed = 1, QueueConfig queue = {}) {
  return Simulation(seed, queue, {{"cluster", "c"}}, {}, kEverything, {},
                    {.message = Message::kV2});
}

// As a receiver of 2.0 answers.
Reply Writes(const std::string& body) {
  Reply reply = Ok();
  if (!IsV2(body)) return reply;
  reply.answer.written = {.samples = 0, .histograms = 0, .exemplars = 0};
  for (const ReceivedSeries& series : DecodeRequest(body)) {
    for (const ReceivedSample& sample : series.samples) {
      ++*(sample.histogram.empty() ? reply.answer.written.samples
                                   : reply.answer.written.histograms);
    }
    *reply.answer.written.exemplars += series.exemplars.size();
  }
  return reply;
}

std::string Histogram(uint64_t count, int32_t schema = 0) {
  proto::NativeHistogram histogram;
  histogram.count = count;
  histogram.schema = schema;
  histogram.positive = {{{0, 1}}, {static_cast<int64_t>(count)}, {}};
  if (schema == proto::kCustomBucketsSchema) histogram.custom_values = {1.0};
  std::string bytes;
  proto::AppendHistogram(histogram, bytes);
  return bytes;
}

// Two families, the second without a unit, and a series without a family before them.
TestTarget TargetWithFamilies() {
  TestTarget target = MakeTarget("t", 3, {});
  buffer::ChunkBuilder builder;
  const auto add = [&](std::string_view name) {
    const std::vector<buffer::LabelView> labels = {{"__name__", name}};
    builder.AddSeries(labels, {});
  };
  add("plain");
  builder.StartFamily({"requests_seconds", buffer::MetricType::kHistogram, "How long.", "seconds"});
  add("requests_seconds");
  add("requests_custom");
  builder.StartFamily({"errors", buffer::MetricType::kCounter, "How many.", ""});
  add("errors_total");
  target.layout = buffer::Layout::Of({builder.Finish()});
  return target;
}

struct Frame {
  std::string exponential = Histogram(3);
  std::string custom = Histogram(4, proto::kCustomBucketsSchema);
  std::vector<double> values = {10, 0, 0, 40};
  std::vector<TimestampMs> starts = {0, 500, 0, 700};
  std::vector<buffer::LabelView> labels = {{"trace_id", "abc"}, {"instance", "t"}};
  std::vector<buffer::FrameHistogram> histograms = {{1, exponential}, {2, custom}};
  std::vector<buffer::FrameExemplar> exemplars = {{1, 998, 0.5, labels}, {3, 999, 0.25, {}}};

  buffer::FrameColumns Columns(TimestampMs at) const {
    return {.timestamp_ms = at,
            .values = values,
            .histograms = histograms,
            .exemplars = exemplars,
            .start_timestamps = starts};
  }
};

std::map<std::string, ReceivedSeries> ByName(const std::string& body) {
  std::map<std::string, ReceivedSeries> all;
  for (ReceivedSeries& series : DecodeRequest(body)) {
    const std::string name = series.labels["__name__"];
    all[name] = std::move(series);
  }
  return all;
}

}  // namespace

TEST_CASE("2.0 carries metadata, start times, exemplars and histograms of all kinds",
          "[remotewrite]") {
  Simulation simulation = SpeakingV2();
  std::vector<std::string> bodies;
  simulation.script = [&](const std::string& body) {
    bodies.push_back(body);
    return Writes(body);
  };
  const Frame frame;
  simulation.log.Append(TargetWithFamilies(), frame.Columns(1'000));
  REQUIRE(simulation.Drain(seconds(10)));
  REQUIRE(bodies.size() == 1);
  REQUIRE(IsV2(bodies[0]));
  auto all = ByName(bodies[0]);
  REQUIRE(all.size() == 4);

  const ReceivedSeries& plain = all["plain"];
  CHECK(plain.labels ==
        std::map<std::string, std::string>{
            {"__name__", "plain"}, {"cluster", "c"}, {"instance", "t"}, {"lane", "3"}});
  CHECK(plain.type == 0);
  CHECK(plain.help.empty());
  CHECK(plain.samples.at(0).start_ms == 0);
  const ReceivedSeries& requests = all["requests_seconds"];
  CHECK(requests.type == static_cast<int>(buffer::MetricType::kHistogram));
  CHECK(requests.help == "How long.");
  CHECK(requests.unit == "seconds");
  CHECK(requests.samples.at(0).histogram == frame.exponential);
  CHECK(requests.samples.at(0).start_ms == 500);
  REQUIRE(requests.exemplars.size() == 1);
  CHECK(requests.exemplars[0].labels ==
        std::map<std::string, std::string>{{"instance", "t"}, {"trace_id", "abc"}});
  CHECK(all["requests_custom"].samples.at(0).histogram == frame.custom);
  const ReceivedSeries& errors = all["errors_total"];
  CHECK(errors.type == static_cast<int>(buffer::MetricType::kCounter));
  CHECK(errors.help == "How many.");
  CHECK(errors.unit.empty());
  CHECK(errors.samples.at(0).start_ms == 700);
  CHECK(simulation.log.ledger().acknowledged == 4);
  CHECK(simulation.delivery().counters().unwritten.samples == 0);
}

TEST_CASE("stale markers go out in 2.0 as well", "[remotewrite]") {
  Simulation simulation = SpeakingV2();
  simulation.script = Writes;
  const TestTarget target = TargetWithFamilies();
  simulation.log.Append(target, Frame().Columns(1'000));
  simulation.log.Append(target, {.kind = buffer::FrameKind::kStale, .timestamp_ms = 2'000});
  REQUIRE(simulation.Drain(seconds(10)));
  for (const auto& [name, samples] : simulation.receiver.series()) {
    CAPTURE(name);
    CHECK(samples.at(2'000) == buffer::kStaleNanBits);
  }
}

TEST_CASE("a receiver without 2.0 gets all of it again as 1.0", "[remotewrite]") {
  // It reads 2.0 as an empty 1.0 request, or refuses it.
  const int status = GENERATE(200, 204, 415, 400);
  CAPTURE(status);
  Simulation simulation = SpeakingV2();
  uint64_t tries = 0;
  simulation.script = [&](const std::string& body) {
    if (!IsV2(body)) return Ok();
    ++tries;
    Reply reply = Fails(status);
    return reply;
  };
  const TestTarget target = TargetWithFamilies();
  for (int i = 1; i <= 20; ++i) {
    simulation.log.Append(target, Frame().Columns(i * 1'000));
    simulation.Run(seconds(1));
  }
  REQUIRE(simulation.Drain(seconds(10)));
  CHECK(tries == 1);
  // All but the histograms with custom buckets.
  CHECK(simulation.receiver.distinct_samples() == 60);
  CHECK(simulation.receiver.duplicates() == 0);
  CHECK(simulation.log.dropped(DropReason::kCustomBuckets) == 20);
  CHECK(simulation.log.LedgerCloses());
  CHECK(simulation.delivery().protocol().Current() == Encoding{});
  CHECK_FALSE(simulation.delivery().protocol().fallback_reason().empty());
}

TEST_CASE("what was encoded for 2.0 and waited for a retry is encoded anew after a fallback",
          "[remotewrite]") {
  QueueConfig queue;
  queue.min_shards = 4;
  Simulation simulation = SpeakingV2(1, queue);
  int answers = 0;
  simulation.script = [&](const std::string& body) {
    if (!IsV2(body)) return Ok();
    return ++answers <= 4 ? Fails(503) : Fails(415);
  };
  for (uint32_t lane = 0; lane < 4; ++lane) {
    simulation.log.Append(MakeTarget("t" + std::to_string(lane), lane, {{"a"}}), 1'000);
  }
  REQUIRE(simulation.Drain(minutes(2)));
  CHECK(simulation.receiver.distinct_samples() == 4);
  CHECK(simulation.log.LedgerCloses());
}

TEST_CASE("a receiver that learns 2.0 gets it within the hour", "[remotewrite]") {
  Simulation simulation = SpeakingV2();
  bool learned = false;
  uint64_t v2 = 0;
  simulation.script = [&](const std::string& body) {
    if (!IsV2(body)) return Ok();
    if (!learned) return Fails(415);
    ++v2;
    return Writes(body);
  };
  const TestTarget target = TargetWithFamilies();
  TimestampMs at = 0;
  const auto run = [&](int steps) {
    for (int i = 0; i < steps; ++i) {
      simulation.log.Append(target, Frame().Columns(at += 60'000));
      simulation.Run(minutes(1));
    }
  };
  run(10);
  learned = true;
  CHECK(v2 == 0);
  run(70);
  CHECK(v2 >= 15);
  CHECK(simulation.delivery().protocol().Current().message == Message::kV2);
  CHECK(simulation.delivery().protocol().fallback_reason().empty());
  REQUIRE(simulation.Drain(seconds(10)));
  CHECK(simulation.log.LedgerCloses());
}

TEST_CASE("what a receiver of 2.0 did not write is counted", "[remotewrite]") {
  Simulation simulation = SpeakingV2();
  simulation.script = [](const std::string& body) {
    Reply reply = Writes(body);
    reply.answer.written = {.samples = 1, .histograms = {}, .exemplars = 9};
    return reply;
  };
  simulation.log.Append(TargetWithFamilies(), Frame().Columns(1'000));
  REQUIRE(simulation.Drain(seconds(10)));
  const SendCounts& unwritten = simulation.delivery().counters().unwritten;
  CHECK(unwritten.samples == 3);
  CHECK(unwritten.histograms == 2);
  CHECK(unwritten.exemplars == 0);
  CHECK(simulation.log.ledger().acknowledged == 4);
}

TEST_CASE("a poison sample is found in 2.0 requests, too", "[remotewrite]") {
  Simulation simulation = SpeakingV2();
  simulation.script = [](const std::string& body) {
    for (const ReceivedSeries& series : DecodeRequest(body)) {
      if (series.labels.at("__name__") == "bad") return Fails(400);
    }
    return Writes(body);
  };
  TestTarget target = MakeTarget("t", 1, {{"a", "b", "c"}});
  simulation.log.Append(target, 1'000);
  REQUIRE(simulation.Drain(seconds(10)));
  SetMetrics(target, {{"a", "bad", "c"}});
  simulation.log.Append(target, 2'000);
  REQUIRE(simulation.Drain(minutes(1)));
  CHECK(simulation.log.dropped(DropReason::kRejected) == 1);
  CHECK(simulation.receiver.distinct_samples() == 5);
  CHECK(simulation.delivery().protocol().Current().message == Message::kV2);
}

TEST_CASE("a receiver that refuses everything in 2.0 is asked with a witness in 2.0",
          "[remotewrite]") {
  Simulation simulation = SpeakingV2();
  simulation.script = Writes;
  TestTarget target = MakeTarget("t", 1, {{"a", "b", "c"}});
  simulation.log.Append(target, 1'000);
  REQUIRE(simulation.Drain(seconds(10)));
  simulation.script = [](const std::string& body) {
    return DecodeRequest(body).at(0).labels.at("__name__") == "sluice_destination_probe"
               ? Writes(body)
               : Fails(422);
  };
  for (int i = 2; i < 40; ++i) simulation.log.Append(target, i * 1'000);
  REQUIRE(simulation.Drain(minutes(10)));
  CHECK(simulation.receiver.probes() > 0);
  CHECK(simulation.log.LedgerCloses());
}

TEST_CASE("symbols of targets that went away are given back", "[remotewrite]") {
  Simulation simulation = SpeakingV2();
  simulation.script = Writes;
  for (int i = 0; i < 50; ++i) {
    simulation.log.Append(MakeTarget("t" + std::to_string(i), 1, {{"a", "b"}}), 1'000 + i);
  }
  REQUIRE(simulation.Drain(seconds(10)));
  const uint64_t most = simulation.cache().memory_bytes();
  CHECK(most > 5'000);
  simulation.Run(minutes(20));
  CHECK(simulation.cache().memory_bytes() == 0);
  CHECK(simulation.cache().symbols()->memory_bytes() == 0);
}

TEST_CASE("a destination that was offered zstd compresses with it", "[remotewrite]") {
  Simulation simulation(1);
  uint64_t zstd = 0;
  simulation.script = [&](const std::string& body) {
    if (IsZstd(body)) ++zstd;
    return Ok();
  };
  const TestTarget target = MakeTarget("t", 1, {{"a"}});
  simulation.log.Append(target, 1'000);
  REQUIRE(simulation.Drain(seconds(10)));
  CHECK(zstd == 0);
  ProtocolChoice& protocol = simulation.delivery().protocol();
  REQUIRE(protocol.WantsQuestion(simulation.time().now));
  protocol.OnQuestion();
  protocol.OnQuestionAnswered(200, "1", simulation.time().now);
  simulation.log.Append(target, 2'000);
  REQUIRE(simulation.Drain(seconds(10)));
  CHECK(zstd == 1);
  CHECK(simulation.receiver.distinct_samples() == 2);
}

}  // namespace sluice::remotewrite::test
