// Brings the frames of a page to the log.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "buffer/frame.h"
#include "buffer/log.h"
#include "scrape/page.h"
#include "scrape/scrape_metrics.h"

namespace sluice::scrape {

// One per thread. Thread-compatible.
class FrameWriter {
 public:
  // `log` must outlive it.
  FrameWriter(buffer::Log& log, ScrapeMetrics metrics) : log_(log), metrics_(std::move(metrics)) {}

  // Blocking. All frames in one append, or none; either way their samples are counted.
  Status Append(const std::shared_ptr<const buffer::TargetLabels>& target,
                std::span<const PageFrame> frames);

 private:
  buffer::Log& log_;
  ScrapeMetrics metrics_;
  buffer::FrameEncoder encoder_;
  std::vector<std::string> stored_;  // kept for its memory
};

}  // namespace sluice::scrape
