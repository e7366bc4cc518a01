// A page whose series stay, on its way from the body to a request: what it allocates is the same
// whether it has a thousand samples or ten thousand.
//
// Left out are those who are not ours: the HTTP client, the store below the log's batches, and what
// compression takes by itself, whose contexts are kept.
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "allocation_count.h"
#include "buffer/log_writer.h"
#include "remotewrite/part_encoder.h"
#include "remotewrite/projection_cache.h"
#include "scrape/page.h"

namespace sluice {
namespace {

constexpr size_t kPieceBytes = 16 << 10;

std::string Body(int series, int round) {
  std::string body;
  for (int i = 0; i < series; ++i) {
    if (i % 20 == 0) body += "# TYPE metric_" + std::to_string(i / 20) + " counter\n";
    body += "metric_" + std::to_string(i / 20) + "{device=\"device-" + std::to_string(i % 20) +
            "\"} " + std::to_string(1000 + (i * 7 + round) % 9000) + "\n";
  }
  return body;
}

// What handles a page from the scrape to the request.
class Way {
 public:
  void Take(std::string_view body) {
    const scrape::PageResult result = Scrape(body);
    for (const scrape::PageFrame& frame : result.frames) {
      const std::string_view stored = encoder_.Encode(frame.Columns());
      Append(frame, stored);
      Send(frame, stored);
    }
  }

  size_t body_bytes() const { return body_bytes_; }

 private:
  scrape::PageResult Scrape(std::string_view body) {
    now_ms_ += 15'000;
    page_.Begin(now_ms_, now_ms_);
    for (size_t at = 0; at < body.size(); at += kPieceBytes) {
      REQUIRE(page_.Feed(body.substr(at, kPieceBytes)).ok());
    }
    auto result = page_.Succeed({0.1});
    REQUIRE(result.ok());
    return std::move(*result);
  }

  void Append(const scrape::PageFrame& frame, std::string_view stored) {
    log_.Begin(state_, batch_);
    log_.AddFrame({.target = target_,
                   .layout = frame.layout,
                   .lane_hash = target_->id.low,
                   .timestamp_ms = frame.timestamp_ms,
                   .sample_count = frame.layout->series_count,
                   .stored = stored},
                  batch_);
    log_.Commit(batch_, state_);
  }

  void Send(const scrape::PageFrame& frame, std::string_view stored) {
    if (projected_ != frame.layout) Project(frame.layout);
    remotewrite::QueuedFrame queued;
    queued.timestamp_ms = frame.timestamp_ms;
    queued.sample_count = frame.layout->series_count;
    queued.stored = std::make_shared<const std::string>(stored);
    std::vector<remotewrite::PlannedFrame> planned;
    planned.push_back({std::move(queued), projection_});
    auto jobs = remotewrite::MakeJobs(std::move(planned), 1'000'000);
    REQUIRE(jobs.size() == 1);
    REQUIRE(jobs.front().todo.size() == 1);
    remotewrite::Part& part = jobs.front().todo.front();
    part_encoder_.Encode(jobs.front(), part);
    REQUIRE(part.body != nullptr);
    body_bytes_ = part.body->size();
  }

  void Project(const std::shared_ptr<const buffer::Layout>& layout) {
    auto projection = std::make_shared<remotewrite::LayoutProjection>();
    projection->series_count = layout->series_count;
    for (const auto& chunk : layout->chunks) {
      const auto decoded = buffer::DecodedChunk::Decode(chunk->stored);
      REQUIRE(decoded.ok());
      projection->parts.push_back(std::make_shared<remotewrite::Projection>(
          remotewrite::Project({}, *decoded, {external_, program_})));
    }
    projection_ = std::move(projection);
    projected_ = layout;
  }

  scrape::LikePages like_;
  scrape::Page page_{{}, {scrape::MakeReportChunk()}, &like_};
  TimestampMs now_ms_ = 1'700'000'000'000;
  buffer::FrameEncoder encoder_;
  std::shared_ptr<const buffer::TargetLabels> target_ = buffer::TargetLabels::Of({});
  buffer::LogWriter log_{{.epoch_bytes = 64 << 20, .bytes_max = 1 << 30}};
  buffer::LogState state_;
  buffer::LogBatch batch_;
  relabel::Labels external_;
  relabel::Program program_;
  std::shared_ptr<const buffer::Layout> projected_;
  std::shared_ptr<const remotewrite::LayoutProjection> projection_;
  remotewrite::PartEncoder part_encoder_{{}};
  size_t body_bytes_ = 0;
};

// Of one page when nothing is new any more.
size_t AllocationsOfAPage(int series) {
  constexpr int kWarmUp = 8;
  std::vector<std::string> bodies;
  for (int round = 0; round <= kWarmUp; ++round) bodies.push_back(Body(series, round));
  Way way;
  for (int round = 0; round < kWarmUp; ++round) way.Take(bodies[static_cast<size_t>(round)]);
  const size_t before = test::AllocationCount();
  way.Take(bodies.back());
  const size_t count = test::AllocationCount() - before;
  CHECK(way.body_bytes() > static_cast<size_t>(series) * 5);
  return count;
}

TEST_CASE("samples of a steady page are not allocated one by one", "[allocations]") {
  const size_t thousand = AllocationsOfAPage(1'000);
  const size_t ten_thousand = AllocationsOfAPage(10'000);
  CAPTURE(thousand, ten_thousand);
  CHECK(ten_thousand == thousand);
  CHECK(thousand < 100);
}

TEST_CASE("allocations are counted", "[allocations]") {
  const size_t before = test::AllocationCount();
  const auto text = std::make_unique<std::string>(100, 'x');
  CHECK(test::AllocationCount() == before + 2);
  CHECK(text->size() == 100);
}

}  // namespace
}  // namespace sluice
