#include "buffer/recent_frames.h"

#include <limits>
#include <memory>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/buffer/log_support.h"

using namespace sluice;
using namespace sluice::buffer;
using namespace sluice::buffer::test;

namespace {

constexpr uint32_t kAll = std::numeric_limits<uint32_t>::max();

std::shared_ptr<const RecentFrame> FrameAt(Sequence sequence) {
  auto frame = std::make_shared<RecentFrame>();
  frame->sequence = sequence;
  frame->stored = std::make_shared<const std::string>(1000, 'x');
  return frame;
}

std::vector<Sequence> Found(const RecentStretch& stretch, Sequence from, Sequence end,
                            uint32_t count_max = kAll) {
  std::vector<Sequence> sequences;
  for (const auto& frame : stretch.Find(from, end, count_max)) {
    sequences.push_back(frame->sequence);
  }
  return sequences;
}

std::shared_ptr<const DecodedFrame> Values(std::vector<double> values) {
  auto decoded = std::make_shared<DecodedFrame>();
  decoded->values = std::move(values);
  return decoded;
}

using DecodedFrames = std::vector<std::shared_ptr<const DecodedFrame>>;

// What a scan gives for each frame.
DecodedFrames DecodedOf(const Log& log, Sequence from = 1) {
  DecodedFrames decoded;
  REQUIRE(log.Scan(from, kAll,
                   [&decoded](const FrameRecord& frame) {
                     decoded.push_back(frame.decoded);
                     return true;
                   })
              .ok());
  return decoded;
}

Sequence AppendOne(Log& log, TimestampMs timestamp_ms,
                   std::shared_ptr<const DecodedFrame> decoded = nullptr) {
  const TestFrame frame = MakeFrame("host:1", 5, timestamp_ms, 500);
  FrameAppend append = frame.Append();
  append.decoded = std::move(decoded);
  REQUIRE(log.Append(std::vector<FrameAppend>{append}).ok());
  return log.status().head - 1;
}

}  // namespace

TEST_CASE("recent frames cover what lies behind the first of them", "[recent_frames]") {
  RecentStretch stretch(1 << 20);
  CHECK_FALSE(stretch.Covers(1));
  stretch.Add({FrameAt(5), FrameAt(7)}, 9);
  stretch.Add({}, 11);
  stretch.Add({FrameAt(12)}, 13);
  CHECK_FALSE(stretch.Covers(4));
  CHECK(stretch.Covers(5));
  CHECK(stretch.Covers(100));
  CHECK(Found(stretch, 5, 13) == std::vector<Sequence>{5, 7, 12});
  CHECK(Found(stretch, 6, 12) == std::vector<Sequence>{7});
  CHECK(Found(stretch, 5, 13, 2) == std::vector<Sequence>{5, 7});
  CHECK(Found(stretch, 13, 13).empty());
}

TEST_CASE("the oldest of recent frames make room for new ones", "[recent_frames]") {
  const uint64_t one = FrameAt(1)->memory_bytes();
  RecentStretch stretch(3 * one);
  for (Sequence sequence = 1; sequence <= 5; ++sequence) {
    stretch.Add({FrameAt(sequence)}, sequence + 1);
    CHECK(stretch.memory_bytes() <= 3 * one);
  }
  CHECK_FALSE(stretch.Covers(2));
  CHECK(stretch.Covers(3));
  CHECK(Found(stretch, 3, 6) == std::vector<Sequence>{3, 4, 5});
}

TEST_CASE("a frame that is larger than all room is not kept", "[recent_frames]") {
  RecentStretch stretch(100);
  stretch.Add({FrameAt(1), FrameAt(2)}, 3);
  CHECK(stretch.memory_bytes() == 0);
  CHECK_FALSE(stretch.Covers(2));
  CHECK(stretch.Covers(3));
}

TEST_CASE("a reader that keeps up gets the decoded frame, and the same stored one",
          "[recent_frames]") {
  LogFixture fixture;
  fixture.options.recent_bytes_max = 1 << 20;
  Log& log = fixture.Open();
  REQUIRE(log.Attach("a").ok());
  const auto first = Values({1, 2, 3});
  const auto second = Values({4, 5});
  AppendOne(log, 1000, first);
  const Sequence without = AppendOne(log, 2000);
  AppendOne(log, 3000, second);
  const Sequence from = ReadAll(log)[0].sequence;

  CHECK(DecodedOf(log, from) == DecodedFrames{first, nullptr, second});
  CHECK(DecodedOf(log, without) == DecodedFrames{nullptr, second});
  const std::vector<ReadFrame> recent = ReadAll(log, from);
  // Its bytes may be kept beyond the visit.
  const auto is_held = [](const FrameRecord& frame) {
    return frame.held != nullptr && frame.held->data() == frame.stored.data();
  };
  CHECK(log.Scan(from, kAll, is_held).value() == log.status().head);

  fixture.options.recent_bytes_max = 0;
  Log& reopened = fixture.Open();
  const std::vector<ReadFrame> stored = ReadAll(reopened, from);
  REQUIRE(recent.size() == 3);
  REQUIRE(stored.size() == 3);
  for (size_t i = 0; i < 3; ++i) {
    CAPTURE(i);
    CHECK(recent[i].sequence == stored[i].sequence);
    CHECK(recent[i].lane == stored[i].lane);
    CHECK(recent[i].timestamp_ms == stored[i].timestamp_ms);
    CHECK(recent[i].sample_count == stored[i].sample_count);
    CHECK(recent[i].target_at == stored[i].target_at);
    CHECK(recent[i].layout_at == stored[i].layout_at);
    CHECK(recent[i].record_bytes == stored[i].record_bytes);
    CHECK(recent[i].stored == stored[i].stored);
  }
}

TEST_CASE("a reader that is behind the recent frames reads on from the store into them",
          "[recent_frames]") {
  LogFixture fixture;
  fixture.options.recent_bytes_max = 4 << 10;
  Log& log = fixture.Open();
  REQUIRE(log.Attach("a").ok());
  for (int i = 1; i <= 20; ++i) AppendOne(log, i * 1000, Values({1.0 * i}));
  const std::vector<ReadFrame> frames = ReadAll(log);
  REQUIRE(frames.size() == 20);
  CHECK(DecodedOf(log)[0] == nullptr);
  CHECK(DecodedOf(log, frames[19].sequence)[0] != nullptr);

  // Record by record, over the edge.
  std::vector<TimestampMs> times;
  Sequence next = 1;
  while (next < log.status().head) {
    const Result<Sequence> end = log.Scan(next, 1, [&times](const FrameRecord& frame) {
      times.push_back(frame.timestamp_ms);
      return true;
    });
    REQUIRE(end.ok());
    REQUIRE(*end > next);
    next = *end;
  }
  REQUIRE(times.size() == 20);
  CHECK(times.front() == 1000);
  CHECK(times.back() == 20'000);
}

TEST_CASE("a visitor that stops is asked on from the next recent frame", "[recent_frames]") {
  LogFixture fixture;
  fixture.options.recent_bytes_max = 1 << 20;
  Log& log = fixture.Open();
  REQUIRE(log.Attach("a").ok());
  const Sequence first = AppendOne(log, 1000);
  AppendOne(log, 2000);
  const Result<Sequence> next = log.Scan(first, kAll, [](const FrameRecord&) { return false; });
  REQUIRE(next.ok());
  CHECK(*next == first + 1);
  CHECK(ReadAll(log, *next).size() == 1);
}
