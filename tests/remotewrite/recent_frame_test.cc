// Frames that the log still has in memory.
#include <bit>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "memory_log.h"
#include "receiver.h"
#include "remotewrite/part_encoder.h"

namespace sluice::remotewrite::test {
namespace {

const MonotonicTime kNow{};
const auto kNoFrame = std::make_shared<const std::string>("no frame at all");

// Plans one frame of two series. Where its stored form is none, it cannot have been decoded.
class OneFrame {
 public:
  OneFrame() {
    const TestTarget target = MakeTarget("t", 1, {{"a", "b"}});
    log_.Append(target, 1);
    planned_ = PlanFrames(log_, cache_, kNow).at(0);
    planned_.frame.stored = kNoFrame;
  }

  void Decoded(const std::shared_ptr<buffer::DecodedFrame>& decoded) {
    planned_.frame.decoded = decoded;
  }

  Job Encode() {
    std::vector<PlannedFrame> planned;
    planned.push_back(std::move(planned_));
    Job job = std::move(MakeJobs(std::move(planned), 2'000).at(0));
    encoder_.Encode(job, job.todo.front());
    return job;
  }

 private:
  MemoryLog log_;
  const relabel::Labels none_;
  const relabel::Program nothing_;
  ProjectionCache cache_{log_, {none_, nothing_}, 1 << 20};
  PlannedFrame planned_;
  PartEncoder encoder_{{}};
};

std::shared_ptr<buffer::DecodedFrame> Values(std::vector<double> values) {
  auto decoded = std::make_shared<buffer::DecodedFrame>();
  decoded->timestamp_ms = 7;
  decoded->values = std::move(values);
  return decoded;
}

TEST_CASE("a frame that is still in memory is sent as it is there", "[remotewrite]") {
  OneFrame frame;
  const auto decoded = Values({1.5, -2});
  frame.Decoded(decoded);
  const Job job = frame.Encode();
  CHECK_FALSE(job.set->frames[0].damaged);
  REQUIRE(job.todo.front().body != nullptr);
  const std::vector<ReceivedSeries> got = DecodeRequest(*job.todo.front().body);
  REQUIRE(got.size() == 2);
  CHECK(got[0].samples.at(0).bits == std::bit_cast<uint64_t>(1.5));
  CHECK(got[1].samples.at(0).bits == std::bit_cast<uint64_t>(-2.0));
  CHECK(got[0].samples.at(0).timestamp_ms == 7);
  CHECK(decoded.use_count() == 1);
}

TEST_CASE("a frame that memory has let go of is decoded from what is stored", "[remotewrite]") {
  OneFrame frame;
  frame.Decoded(Values({1.5, -2}));
  const Job job = frame.Encode();
  CHECK(job.set->frames[0].damaged);
  CHECK(job.todo.front().counts.samples == 0);
}

TEST_CASE("a frame in memory that does not fit its layout is not sent", "[remotewrite]") {
  OneFrame frame;
  const auto decoded = Values({1, 2, 3});
  frame.Decoded(decoded);
  const Job job = frame.Encode();
  CHECK(job.set->frames[0].damaged);
}

TEST_CASE("frames in memory and stored ones go into one request", "[remotewrite]") {
  const std::vector<bool> in_memory =
      GENERATE(std::vector<bool>{true, true, false}, std::vector<bool>{false, true, false},
               std::vector<bool>{true, false, true, false, false});
  MemoryLog log;
  const relabel::Labels none;
  const relabel::Program nothing;
  ProjectionCache cache(log, {none, nothing}, 1 << 20);
  const TestTarget target = MakeTarget("t", 1, {{"a", "b"}});
  for (size_t i = 0; i < in_memory.size(); ++i) log.Append(target, static_cast<TimestampMs>(i + 1));
  std::vector<PlannedFrame> planned = PlanFrames(log, cache, kNow);
  std::vector<std::shared_ptr<buffer::DecodedFrame>> recent;
  for (size_t i = 0; i < in_memory.size(); ++i) {
    if (!in_memory[i]) continue;
    recent.push_back(Values({1.5, -2}));
    recent.back()->timestamp_ms = static_cast<TimestampMs>(i + 1);
    planned[i].frame.decoded = recent.back();
    planned[i].frame.stored = kNoFrame;
  }
  Job job = std::move(MakeJobs(std::move(planned), 2'000).at(0));
  REQUIRE(job.todo.size() == 1);
  PartEncoder encoder{{}};
  encoder.Encode(job, job.todo.front());
  const std::vector<ReceivedSeries> got = DecodeRequest(*job.todo.front().body);
  REQUIRE(got.size() == 2);
  for (const ReceivedSeries& series : got) {
    REQUIRE(series.samples.size() == in_memory.size());
    for (size_t i = 0; i < in_memory.size(); ++i) {
      CHECK(series.samples[i].timestamp_ms == static_cast<TimestampMs>(i + 1));
    }
  }
}

TEST_CASE("a frame of several parts is decoded once, and let go of at their end", "[remotewrite]") {
  MemoryLog log;
  const relabel::Labels none;
  const relabel::Program nothing;
  ProjectionCache cache(log, {none, nothing}, 1 << 20);
  log.Append(MakeTarget("t", 1, {{"a", "b", "c"}}), 7);
  std::vector<PlannedFrame> planned = PlanFrames(log, cache, kNow);
  Job job = std::move(MakeJobs(std::move(planned), 1).at(0));
  REQUIRE(job.todo.size() == 3);
  PartEncoder encoder{{}};
  encoder.Encode(job, job.todo[0]);
  CHECK(DecodeRequest(*job.todo[0].body).size() == 1);
  // What is stored is not asked for any more.
  job.set->frames[0].frame.stored = kNoFrame;
  encoder.Encode(job, job.todo[1]);
  CHECK(DecodeRequest(*job.todo[1].body).size() == 1);
  CHECK_FALSE(job.set->frames[0].damaged);
  encoder.ForgetFrames(FrameSet{});
  encoder.Encode(job, job.todo[1]);
  CHECK_FALSE(job.set->frames[0].damaged);
  encoder.ForgetFrames(*job.set);
  encoder.Encode(job, job.todo[2]);
  CHECK(job.set->frames[0].damaged);
}

}  // namespace
}  // namespace sluice::remotewrite::test
