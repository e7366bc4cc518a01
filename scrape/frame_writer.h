// Brings the frames of pages to the log.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "buffer/frame.h"
#include "buffer/log.h"
#include "scrape/page.h"
#include "scrape/scrape_metrics.h"

namespace sluice::scrape {

// Scrapes that end in the same moment go to the log together, which costs little more than one of
// them. One per thread. Thread-compatible.
class FrameWriter {
 public:
  // `log` must outlive it.
  FrameWriter(buffer::Log& log, ScrapeMetrics metrics) : log_(log), metrics_(std::move(metrics)) {}

  // The frames of one scrape are in the log with the next Flush(); until then a crash loses them.
  void Add(const std::shared_ptr<const buffer::TargetLabels>& target,
           std::vector<PageFrame> frames);

  // Whether there is so much that Flush() is to come before more is added.
  bool is_full() const { return waiting_bytes_ >= kWaitingBytesMax; }

  // Blocking. All that was added goes to the log in one append, or nothing of it does; either way
  // its samples are counted.
  Status Flush();

 private:
  static constexpr size_t kWaitingBytesMax = 1 << 20;

  buffer::Log& log_;
  ScrapeMetrics metrics_;
  buffer::FrameEncoder encoder_;
  std::vector<buffer::FrameAppend> waiting_;  // `stored` is set by Flush()
  std::vector<std::string> stored_;           // of these; kept for their memory
  size_t waiting_bytes_ = 0;
  FrameContent content_;
};

}  // namespace sluice::scrape
