// The samples of one body, column by column and by slot, on their way into frames.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "proto/native_histogram.h"
#include "scrape/entry.h"

namespace sluice::scrape {

// What a reader found for a series.
struct Sample {
  double value = 0;
  bool has_timestamp = false;
  TimestampMs timestamp_ms = 0;
  // Has the histogram, the exemplars and the start timestamp; null when there are none of them.
  const Entry* entry = nullptr;
};

// Exemplars in the order in which they came. Thread-compatible.
class ExemplarColumn {
 public:
  struct Item {
    uint32_t slot;
    TimestampMs timestamp_ms;
    double value;
    size_t first_label;  // of labels()
    size_t label_count;
  };

  void Add(uint32_t slot, TimestampMs timestamp_ms, const ExemplarView& exemplar);

  const std::vector<Item>& items() const { return items_; }

  std::vector<Item>& items() { return items_; }

  // Into the column's own memory, until the next Add().
  buffer::LabelView label(size_t i) const;

  size_t memory_bytes() const { return text_.size() + items_.size() * sizeof(Item); }

 private:
  struct Label {
    size_t name;  // where it starts in text_; the value follows it
    uint32_t name_size;
    uint32_t value_size;
  };

  std::vector<Item> items_;
  std::vector<Label> labels_;
  std::string text_;
};

struct SampleColumns {
  static constexpr uint32_t kNoHistogram = UINT32_MAX;

  struct ExtraSample {
    uint32_t slot;
    TimestampMs timestamp_ms;
    double value;
    TimestampMs start_ms;
    uint32_t histogram;  // its index, or kNoHistogram
  };

  struct SlotHistogram {
    uint32_t slot;
    uint32_t histogram;  // its index
  };

  std::vector<double> values;
  std::vector<uint32_t> absent;    // without an accepted sample although they are there; any order
  std::vector<uint32_t> repeated;  // of them, those whose sample came with the last scrape, too
  bool timed = false;              // these are filled:
  std::vector<TimestampMs> times;  // own ones, or kNoTimestamp
  std::vector<TimestampMs> latest;
  std::vector<ExtraSample> extras;  // further samples of series, with timestamps of their own

  std::vector<TimestampMs> starts;                 // empty, or by slot; 0 = none
  std::vector<SlotHistogram> slot_histograms;      // instead of the values; any order
  std::vector<proto::NativeHistogram> histograms;  // of slots and extras
  ExemplarColumn exemplars;

  // One more slot, without a sample so far.
  void AddSlot();

  // What comes with an accepted sample of the slot beside value and time.
  void TakeMore(uint32_t slot, TimestampMs timestamp_ms, const Entry& entry);
  void TakeExtra(uint32_t slot, const Sample& sample);

  // The slot `order[i]` becomes `i`, and the slot `s` becomes `moved[s]`.
  void Rearrange(const std::vector<uint32_t>& order, const std::vector<uint32_t>& moved);

 private:
  uint32_t AddHistogram(const proto::NativeHistogram& histogram);
  void TakeExemplars(uint32_t slot, TimestampMs timestamp_ms, const Entry& entry);
};

}  // namespace sluice::scrape
