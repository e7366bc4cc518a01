#include "scrape/frame_writer.h"

#include <utility>

namespace sluice::scrape {
namespace {

// Of frames that hold nothing but values: what readers that come soon get. Else null.
std::shared_ptr<const buffer::DecodedFrame> Decoded(PageFrame& frame) {
  const bool is_plain = frame.kind == buffer::FrameKind::kSamples && frame.timestamps.empty() &&
                        frame.present.empty() && frame.histograms.empty() &&
                        frame.exemplars.empty() && frame.start_timestamps.empty();
  if (!is_plain) return nullptr;
  auto decoded = std::make_shared<buffer::DecodedFrame>();
  decoded->timestamp_ms = frame.timestamp_ms;
  decoded->values = std::move(frame.values);
  return decoded;
}

}  // namespace

void FrameWriter::Add(const std::shared_ptr<const buffer::TargetLabels>& target,
                      std::vector<PageFrame> frames) {
  for (PageFrame& frame : frames) {
    const buffer::FrameColumns columns = frame.Columns();
    const uint32_t count = buffer::SampleCount(columns, frame.layout->series_count);
    if (stored_.size() == waiting_.size()) stored_.emplace_back();
    std::string& stored = stored_[waiting_.size()];
    stored = encoder_.Encode(columns);
    waiting_bytes_ += stored.size();
    content_.histograms += columns.histograms.size();
    content_.floats += count - columns.histograms.size();
    content_.exemplars += columns.exemplars.size();
    waiting_.push_back({.target = target,
                        .layout = std::move(frame.layout),
                        .lane_hash = target->id.low,
                        .timestamp_ms = frame.timestamp_ms,
                        .sample_count = count,
                        .stored = {},
                        .decoded = Decoded(frame)});
  }
}

Status FrameWriter::Flush() {
  if (waiting_.empty()) return Status::Ok();
  for (size_t i = 0; i < waiting_.size(); ++i) waiting_[i].stored = stored_[i];
  Status status = log_.Append(waiting_);
  metrics_.CountAppend(content_, status.ok());
  waiting_.clear();
  waiting_bytes_ = 0;
  content_ = {};
  return status;
}

}  // namespace sluice::scrape
