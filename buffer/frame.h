// Frames: one scrape of one target as columns. What is stored.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace sluice::buffer {

// The stale marker's bits (Prometheus value.StaleNaN); it never occurs otherwise.
inline constexpr uint64_t kStaleNanBits = 0x7ff0000000000002ULL;
// What every other NaN read from text becomes.
inline constexpr uint64_t kNormalNanBits = 0x7ff8000000000001ULL;

// Reaches the disk: do not renumber.
enum class FrameKind : uint8_t {
  kSamples = 0,  // a value for each series of the layout (but for absent ones)
  kStale = 1,    // a stale marker for each series of the layout; no columns
};

// Columns to store. Spans are borrowed for the call.
struct FrameColumns {
  FrameKind kind = FrameKind::kSamples;
  TimestampMs timestamp_ms = 0;
  // kSamples: one per series of the layout; what stands at absent ones does not matter.
  std::span<const double> values = {};
  // Empty, or one per series: its own timestamp; kNoTimestamp = the frame's.
  std::span<const TimestampMs> timestamps = {};
  // Empty, or one per series: 0 = this series has no sample in this frame.
  std::span<const uint8_t> present = {};
};

inline constexpr TimestampMs kNoTimestamp = INT64_MIN;

// As FrameColumns, owning.
struct DecodedFrame {
  FrameKind kind = FrameKind::kSamples;
  TimestampMs timestamp_ms = 0;
  std::vector<double> values;
  std::vector<TimestampMs> timestamps;
  std::vector<uint8_t> present;
};

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
