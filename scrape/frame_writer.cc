#include "scrape/frame_writer.h"

#include <cstdint>

namespace sluice::scrape {

Status FrameWriter::Append(const std::shared_ptr<const buffer::TargetLabels>& target,
                           std::span<const PageFrame> frames) {
  if (frames.empty()) return Status::Ok();
  if (stored_.size() < frames.size()) stored_.resize(frames.size());
  std::vector<buffer::FrameAppend> appends;
  appends.reserve(frames.size());
  FrameContent content;
  for (size_t i = 0; i < frames.size(); ++i) {
    const PageFrame& frame = frames[i];
    const buffer::FrameColumns columns = frame.Columns();
    const uint32_t count = buffer::SampleCount(columns, frame.layout->series_count);
    stored_[i] = encoder_.Encode(columns);
    appends.push_back({.target = target,
                       .layout = frame.layout,
                       .lane_hash = target->id.low,
                       .timestamp_ms = frame.timestamp_ms,
                       .sample_count = count,
                       .stored = stored_[i]});
    content.histograms += columns.histograms.size();
    content.floats += count - columns.histograms.size();
    content.exemplars += columns.exemplars.size();
  }
  Status status = log_.Append(appends);
  metrics_.CountAppend(content, status.ok());
  return status;
}

}  // namespace sluice::scrape
