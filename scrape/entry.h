// What a page says, one thing at a time: the currency between the readers of exposition formats
// and the walk that turns a page into samples.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "buffer/chunk.h"
#include "proto/native_histogram.h"

namespace sluice::scrape {

// The formats that can be read.
enum class PageFormat : unsigned char { kPrometheusText, kOpenMetrics, kProtobuf };

enum class EntryKind {
  kNothing,  // blank line or comment
  kEnd,      // the end of the page where the format marks one: the rest of the input does not count
  kType,
  kHelp,
  kUnit,
  kSample,
};

struct ExemplarView {
  std::vector<buffer::LabelView> labels;
  double value = 0;
  bool has_timestamp = false;
  TimestampMs timestamp_ms = 0;
};

// Views point into the text of the entry or into its reader, until the reader's next call.
struct Entry {
  EntryKind kind = EntryKind::kNothing;
  std::string_view name;                                   // of the metric or of the family
  buffer::MetricType type = buffer::MetricType::kUnknown;  // kType
  std::string_view help;                                   // kHelp
  std::string_view unit;                                   // kUnit

  // kSample.
  std::vector<buffer::LabelView> labels;  // as written, in the order of the text, without the name
  size_t key_size = 0;                    // text formats: bytes of the text before the value
  double value = 0;
  // Instead of the value, unless null. Whoever takes the entry may reduce it.
  proto::NativeHistogram* histogram = nullptr;
  bool has_timestamp = false;
  TimestampMs timestamp_ms = 0;
  TimestampMs start_timestamp_ms = 0;  // when the counter started; 0 = not known
  std::vector<ExemplarView> exemplars;

  // As it was made, but for the memory.
  void Clear() {
    kind = EntryKind::kNothing;
    name = {};
    type = buffer::MetricType::kUnknown;
    help = {};
    unit = {};
    labels.clear();
    key_size = 0;
    value = 0;
    histogram = nullptr;
    has_timestamp = false;
    timestamp_ms = 0;
    start_timestamp_ms = 0;
    exemplars.clear();
  }
};

}  // namespace sluice::scrape
