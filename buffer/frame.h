// Frames: one scrape of one target as columns. What is stored.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "buffer/chunk.h"

namespace sluice::buffer {

// The stale marker's bits (Prometheus value.StaleNaN); it never occurs otherwise.
inline constexpr uint64_t kStaleNanBits = 0x7ff0000000000002ULL;
// What every other NaN read from text becomes.
inline constexpr uint64_t kNormalNanBits = 0x7ff8000000000001ULL;

// Reaches the disk: do not renumber.
enum class FrameKind : uint8_t {
  kSamples = 0,  // a value for each series of the layout (but for absent ones)
  kStale = 1,    // a stale marker for each series of the layout (but for absent ones)
};

// Of a stored frame, without decoding it; nothing when it is none.
std::optional<FrameKind> PeekFrameKind(std::string_view stored);

// A native histogram sample. `bytes` is remote write's Histogram message without its timestamp
// (proto/histogram_codec.h); the time is that of the series in this frame.
struct FrameHistogram {
  uint32_t series = 0;
  std::string_view bytes;
};

// An exemplar of a series. Exemplars are no samples: SampleCount and the ledger know nothing of
// them.
struct FrameExemplar {
  uint32_t series = 0;
  TimestampMs timestamp_ms = 0;
  double value = 0;
  std::span<const LabelView> labels;  // in the order in which they were exposed
};

// Columns to store. Spans are borrowed for the call.
struct FrameColumns {
  FrameKind kind = FrameKind::kSamples;
  TimestampMs timestamp_ms = 0;
  // kSamples: one per series of the layout; what stands at absent ones, and at series with a
  // histogram, does not matter.
  std::span<const double> values = {};
  // Empty, or one per series: its own timestamp; kNoTimestamp = the frame's.
  std::span<const TimestampMs> timestamps = {};
  // Empty, or one per series: 0 = this series has no sample in this frame. The only column of
  // kStale.
  std::span<const uint8_t> present = {};
  // Ascending by series, at most one each; the series are present. Their value is read back as 0.
  std::span<const FrameHistogram> histograms = {};
  // Ascending by series; those of one series in order of time.
  std::span<const FrameExemplar> exemplars = {};
  // Empty, or one per series: 0 = none. Reads back as empty when all are 0, and as anything at
  // absent series.
  std::span<const TimestampMs> start_timestamps = {};
};

inline constexpr TimestampMs kNoTimestamp = INT64_MIN;

// As FrameColumns, owning: views point into memory that moves along with the frame and is used
// again by the next decoding.
struct DecodedFrame {
  FrameKind kind = FrameKind::kSamples;
  TimestampMs timestamp_ms = 0;
  std::vector<double> values;
  std::vector<TimestampMs> timestamps;
  std::vector<uint8_t> present;
  std::vector<FrameHistogram> histograms;
  std::vector<FrameExemplar> exemplars;
  std::vector<TimestampMs> start_timestamps;

  struct Texts {
    std::string histograms;
    std::string exemplars;
    std::vector<LabelView> labels;
  };

  std::unique_ptr<Texts> texts;  // null until it is needed
};

// What these columns may hold, uncompressed. More is stored but cannot be read back; the limits of
// a scrape keep far away from it.
inline constexpr size_t kHistogramBytesMax = 512 << 20;
inline constexpr size_t kExemplarBytesMax = 64 << 20;

// Samples that the frame holds for a layout of `series_count` series.
uint32_t SampleCount(const FrameColumns& columns, uint32_t series_count);

// Exact for every bit pattern of a double. One encoder per thread: it keeps its compression
// context and scratch memory. Thread-compatible.
class FrameEncoder {
 public:
  FrameEncoder();
  ~FrameEncoder();
  FrameEncoder(FrameEncoder&&) noexcept;
  FrameEncoder& operator=(FrameEncoder&&) noexcept;

  // The stored form (FORMAT.md), self-contained but for the layout. The view is valid until the
  // next call.
  std::string_view Encode(const FrameColumns& columns);

 private:
  struct Scratch;
  std::unique_ptr<Scratch> scratch_;
};

// One decoder per thread. Thread-compatible.
class FrameDecoder {
 public:
  FrameDecoder();
  ~FrameDecoder();
  FrameDecoder(FrameDecoder&&) noexcept;
  FrameDecoder& operator=(FrameDecoder&&) noexcept;

  // kCorruption on anything that is not a frame for `series_count` series. `out` is reused.
  Status Decode(std::string_view stored, uint32_t series_count, DecodedFrame& out);

 private:
  struct Scratch;
  std::unique_ptr<Scratch> scratch_;
};

}  // namespace sluice::buffer
