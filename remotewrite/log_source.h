// The log as one destination sees it.
#pragma once

#include <string>

#include "remotewrite/frame_source.h"

namespace sluice::remotewrite {

// `log` must outlive this.
class LogSource final : public FrameSource {
 public:
  LogSource(buffer::Log& log, std::string name) : log_(log), name_(std::move(name)) {}

  Result<buffer::Sequence> Scan(
      buffer::Sequence from, uint32_t records_max,
      const std::function<bool(const buffer::FrameRecord&)>& visit) override {
    return log_.Scan(from, records_max, visit);
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

  std::optional<buffer::DestinationProgress> Progress() override { return log_.Progress(name_); }

 private:
  buffer::Log& log_;
  std::string name_;
};

}  // namespace sluice::remotewrite
