// A frame as a page makes it, before it is encoded.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "buffer/frame.h"
#include "buffer/layout.h"
#include "scrape/exemplar_column.h"
#include "scrape/sample_columns.h"

namespace sluice::scrape {

// To be encoded and appended. Copies share what their views point into.
struct PageFrame {
  std::shared_ptr<const buffer::Layout> layout;
  buffer::FrameKind kind = buffer::FrameKind::kSamples;
  TimestampMs timestamp_ms = 0;
  std::vector<double> values;
  std::vector<TimestampMs> timestamps;
  std::vector<uint8_t> present;
  std::vector<buffer::FrameHistogram> histograms;
  std::vector<buffer::FrameExemplar> exemplars;
  std::vector<TimestampMs> start_timestamps;

  struct Texts {
    std::string histograms;
    ExemplarColumn::Texts exemplars;
  };

  std::shared_ptr<const Texts> texts;

  // Borrows from the frame.
  buffer::FrameColumns Columns() const;
};

// Brings histograms, exemplars and start timestamps of the slots into a frame whose values are
// there. Extra samples keep theirs.
void AddRareColumns(SampleColumns& samples, PageFrame& frame);

// The same for extra samples, one after the other, into a frame of them alone.
void AddRareColumns(const std::vector<SampleColumns::ExtraSample>& extras,
                    const std::string& histogram_bytes, PageFrame& frame);

}  // namespace sluice::scrape
