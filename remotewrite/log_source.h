// The log as one destination sees it.
#pragma once

#include <algorithm>
#include <string>
#include <utility>

#include "remotewrite/frame_source.h"

namespace sluice::remotewrite {

// `log` must outlive this.
class LogSource final : public FrameSource {
 public:
  // A branch stays behind the destination that it is of.
  LogSource(buffer::Log& log, std::string name) : log_(log), name_(std::move(name)) {
    if (const auto branch = buffer::ParseBranchName(name_)) leader_ = branch->destination;
  }

  Result<buffer::Sequence> Scan(
      buffer::Sequence from, uint32_t records_max,
      const std::function<bool(const buffer::FrameRecord&)>& visit) override {
    const buffer::Sequence end = log_.BeginScan(name_, from);
    if (from >= end) return from;
    const auto visit_before = [&visit, end](const buffer::FrameRecord& frame) {
      return frame.sequence < end && visit(frame);
    };
    const Result<buffer::Sequence> next = log_.Scan(from, records_max, visit_before);
    if (!next.ok()) return next;
    return std::min(*next, end);
  }

  Result<buffer::StoredLayout> LoadLayout(buffer::Sequence at) override {
    return log_.LoadLayout(at);
  }

  Result<buffer::StoredTarget> LoadTarget(buffer::Sequence at) override {
    return log_.LoadTarget(at);
  }

  Result<std::string> LoadChunk(buffer::Sequence at) override { return log_.LoadChunk(at); }

  Status Acknowledge(std::span<const buffer::FrameOutcome> outcomes,
                     std::span<const buffer::LaneAdvance> advances) override {
    return log_.Acknowledge(name_, outcomes, advances);
  }

  Result<bool> PartBacklog() override { return log_.PartBacklog(name_); }

  LaneEnds EndsFor(const buffer::DestinationProgress& progress) override {
    LaneEnds ends = FrameSource::EndsFor(progress);
    if (leader_.empty()) return ends;
    const std::optional<buffer::DestinationProgress> leader = log_.Progress(leader_);
    for (size_t i = 0; i < ends.size() && leader; ++i) {
      ends[i] = std::min(ends[i], leader->lanes[i].next);
    }
    return ends;
  }

  std::optional<buffer::DestinationProgress> Progress() override { return log_.Progress(name_); }

 private:
  buffer::Log& log_;
  std::string name_;
  std::string leader_;
};

}  // namespace sluice::remotewrite
