#include "remotewrite/part_encoder.h"

#include <bit>

namespace sluice::remotewrite {

namespace {

bool HasSample(const buffer::DecodedFrame& frame, size_t series) {
  return frame.present.empty() || frame.present[series] != 0;
}

proto::SampleView SampleAt(const buffer::DecodedFrame& frame, size_t series) {
  proto::SampleView sample;
  sample.timestamp_ms = frame.timestamp_ms;
  if (frame.kind == buffer::FrameKind::kStale) {
    sample.value = std::bit_cast<double>(buffer::kStaleNanBits);
    return sample;
  }
  sample.value = frame.values[series];
  if (!frame.timestamps.empty() && frame.timestamps[series] != buffer::kNoTimestamp) {
    sample.timestamp_ms = frame.timestamps[series];
  }
  return sample;
}

}  // namespace

void PartEncoder::Encode(Job& job, Part& part) {
  writer_.Clear();
  part.samples = 0;
  part.shares.clear();
  for (const Slice& slice : part.slices) EncodeSlice(job, slice, part);
  for (const FrameShare& share : part.shares) part.samples += share.samples;
  part.encoded = true;
  part.body = nullptr;
  if (part.samples == 0) return;
  part.body = std::make_shared<const std::string>(compressor_.Compress(writer_.bytes()));
}

void PartEncoder::EncodeSlice(Job& job, const Slice& slice, Part& part) {
  const FrameGroup& group = job.groups[slice.group];
  const uint32_t series_count = group.layout->series_count;
  shares_.clear();
  frame_count_ = 0;
  for (uint32_t i = slice.frame_begin; i < slice.frame_end; ++i) {
    JobFrame& frame = job.frames[group.frames[i]];
    if (frame.damaged) continue;
    if (frames_.size() <= frame_count_) frames_.emplace_back();
    if (!decoder_.Decode(frame.frame.stored, series_count, frames_[frame_count_]).ok()) {
      frame.damaged = true;
      continue;
    }
    ++frame_count_;
    shares_.push_back({.frame = group.frames[i], .samples = 0, .relabeled = 0});
  }
  if (slice.all_series) {
    size_t series = 0;
    for (const auto& projection : group.layout->parts) {
      const uint32_t count = projection->series_count();
      for (uint32_t i = 0; i < count; ++i) EncodeSeries(projection->LabelsOf(i), series++);
    }
  } else {
    size_t base = 0;
    auto projection = group.layout->parts.begin();
    for (const uint32_t series : slice.series) {
      while (series - base >= (*projection)->series_count()) {
        base += (*projection)->series_count();
        ++projection;
      }
      EncodeSeries((*projection)->LabelsOf(series - base), series);
    }
  }
  part.shares.insert(part.shares.end(), shares_.begin(), shares_.end());
}

void PartEncoder::EncodeSeries(std::string_view labels, size_t series) {
  if (labels.empty()) {
    for (size_t i = 0; i < frame_count_; ++i) {
      if (HasSample(frames_[i], series)) ++shares_[i].relabeled;
    }
    return;
  }
  if (frame_count_ == 1) {  // nearly every time when there is no backlog
    if (!HasSample(frames_[0], series)) return;
    const proto::SampleView sample = SampleAt(frames_[0], series);
    writer_.AddSeries(labels, {&sample, 1});
    ++shares_[0].samples;
    return;
  }
  run_.clear();
  for (size_t i = 0; i < frame_count_; ++i) {
    if (!HasSample(frames_[i], series)) continue;
    const proto::SampleView sample = SampleAt(frames_[i], series);
    // A target may expose timestamps of its own that stand still or go back; those stay entries of
    // their own, as samples of one entry have to ascend.
    if (!run_.empty() && sample.timestamp_ms <= run_.back().timestamp_ms) Flush(labels);
    run_.push_back(sample);
    ++shares_[i].samples;
  }
  Flush(labels);
}

void PartEncoder::Flush(std::string_view labels) {
  if (!run_.empty()) writer_.AddSeries(labels, run_);
  run_.clear();
}

}  // namespace sluice::remotewrite
