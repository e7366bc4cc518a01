// Columns of a frame that few series have: native histograms, exemplars, start timestamps. Each is
// a string of bytes of its own, packed apart from the values, so that a frame without them does not
// pay for them. Drawn in FORMAT.md.
//
// Decoders return false on anything malformed; what they allocate is bounded by a small multiple of
// the bytes given to them.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "buffer/chunk.h"
#include "buffer/frame.h"
#include "buffer/value_column.h"

namespace sluice::buffer {

// Appends to `out`.
void EncodeHistograms(std::span<const FrameHistogram> histograms, std::string& out);

// Views of `out` point into `bytes`. `present` is empty or one per series.
bool DecodeHistograms(std::string_view bytes, uint32_t series_count,
                      std::span<const uint8_t> present, std::vector<FrameHistogram>& out);

// Scratch memory is kept between calls. Thread-compatible.
class ExemplarEncoder {
 public:
  // Appends to `out`.
  void Encode(std::span<const FrameExemplar> exemplars, TimestampMs frame_ms, std::string& out);

 private:
  ValueColumnEncoder encoder_;
  std::vector<double> values_;
};

// Scratch memory is kept between calls. Thread-compatible.
class ExemplarDecoder {
 public:
  // Views of `out` point into `labels`, and those of `labels` into `bytes`.
  bool Decode(std::string_view bytes, uint32_t series_count, TimestampMs frame_ms,
              std::vector<FrameExemplar>& out, std::vector<LabelView>& labels);

 private:
  std::vector<double> values_;
  std::vector<size_t> label_counts_;
};

// Appends to `out`. `present` is empty or one per series; what stands at absent series goes
// unheeded.
void EncodeStarts(std::span<const TimestampMs> starts, std::span<const uint8_t> present,
                  TimestampMs frame_ms, std::string& out);

// Into `out`, one for each of `series_count` series.
bool DecodeStarts(std::string_view bytes, uint32_t series_count, TimestampMs frame_ms,
                  std::vector<TimestampMs>& out);

}  // namespace sluice::buffer
