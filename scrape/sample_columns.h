// The samples of one body, column by column and by slot, on their way into frames.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "proto/native_histogram.h"
#include "scrape/entry.h"
#include "scrape/exemplar_column.h"

namespace sluice::scrape {

// What a reader found for a series.
struct Sample {
  double value = 0;
  bool has_timestamp = false;
  TimestampMs timestamp_ms = 0;
  // Has the histogram, the exemplars and the start timestamp; null when there are none of them.
  const Entry* entry = nullptr;
};

// Encoded native histograms of one body may take this much. More fail the scrape.
inline constexpr size_t kHistogramColumnBytesMax = 256U << 20;

struct SampleColumns {
  // Of histogram_bytes.
  struct Range {
    size_t from = 0;
    size_t size = 0;
  };

  struct ExtraSample {
    uint32_t slot;
    TimestampMs timestamp_ms;
    double value;
    TimestampMs start_ms = 0;
    std::optional<Range> histogram;  // instead of the value
  };

  struct SlotHistogram {
    uint32_t slot;
    Range bytes;
  };

  std::vector<double> values;
  std::vector<uint32_t> absent;    // without an accepted sample although they are there; any order
  std::vector<uint32_t> repeated;  // of them, those whose sample came with the last scrape, too
  bool timed = false;              // these are filled:
  std::vector<TimestampMs> times;  // own ones, or kNoTimestamp
  std::vector<TimestampMs> latest;
  std::vector<ExtraSample> extras;  // further samples of series, with timestamps of their own

  std::vector<TimestampMs> starts;        // empty, or by slot; 0 = none
  std::vector<SlotHistogram> histograms;  // instead of the values; any order
  std::string histogram_bytes;            // of slots and extras
  ExemplarColumn exemplars;

  // One more slot, without a sample so far.
  void AddSlot();

  // What comes with an accepted sample of the slot beside value and time.
  void TakeMore(uint32_t slot, TimestampMs timestamp_ms, const Entry& entry);
  void TakeExtra(uint32_t slot, const Sample& sample);

  // The slot `order[i]` becomes `i`, and the slot `s` becomes `moved[s]`.
  void Rearrange(const std::vector<uint32_t>& order, const std::vector<uint32_t>& moved);

 private:
  Range AddHistogram(const proto::NativeHistogram& histogram);
};

}  // namespace sluice::scrape
