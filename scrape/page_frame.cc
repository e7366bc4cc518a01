#include "scrape/page_frame.h"

#include <algorithm>
#include <string_view>
#include <utility>

namespace sluice::scrape {
namespace {

std::string_view Part(const std::string& bytes, SampleColumns::Range range) {
  return std::string_view(bytes).substr(range.from, range.size);
}

}  // namespace

buffer::FrameColumns PageFrame::Columns() const {
  return {.kind = kind,
          .timestamp_ms = timestamp_ms,
          .values = values,
          .timestamps = timestamps,
          .present = present,
          .histograms = histograms,
          .exemplars = exemplars,
          .start_timestamps = start_timestamps};
}

void AddRareColumns(SampleColumns& samples, PageFrame& frame) {
  if (!samples.starts.empty()) {
    frame.start_timestamps = samples.starts;
    frame.start_timestamps.resize(frame.values.size(), 0);
  }
  if (samples.histograms.empty() && samples.exemplars.empty()) return;
  auto texts = std::make_shared<PageFrame::Texts>();
  std::sort(samples.histograms.begin(), samples.histograms.end(),
            [](const auto& a, const auto& b) { return a.slot < b.slot; });
  texts->histograms = samples.histogram_bytes;
  for (const SampleColumns::SlotHistogram& histogram : samples.histograms) {
    frame.histograms.push_back({histogram.slot, Part(texts->histograms, histogram.bytes)});
  }
  samples.exemplars.Release(texts->exemplars, frame.exemplars);
  frame.texts = std::move(texts);
}

void AddRareColumns(const std::vector<SampleColumns::ExtraSample>& extras,
                    const std::string& histogram_bytes, PageFrame& frame) {
  auto texts = std::make_shared<PageFrame::Texts>();
  texts->histograms = histogram_bytes;
  for (size_t i = 0; i < extras.size(); ++i) {
    const SampleColumns::ExtraSample& extra = extras[i];
    if (extra.histogram.has_value()) {
      frame.histograms.push_back(
          {static_cast<uint32_t>(i), Part(texts->histograms, *extra.histogram)});
    }
    if (extra.start_ms == 0) continue;
    frame.start_timestamps.resize(extras.size(), 0);
    frame.start_timestamps[i] = extra.start_ms;
  }
  if (!frame.histograms.empty()) frame.texts = std::move(texts);
}

}  // namespace sluice::scrape
