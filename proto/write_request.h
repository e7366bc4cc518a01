// Encoding of remote write 1.0 requests, without an intermediate message: labels are encoded once
// per series and copied into each request.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace sluice::proto {

struct SampleView {
  double value = 0;
  TimestampMs timestamp_ms = 0;
};

// A native histogram: the message from AppendHistogram (proto/histogram_codec.h), and its time.
struct HistogramView {
  std::string_view bytes;
  TimestampMs timestamp_ms = 0;
};

// Appends one label as it stands inside a TimeSeries message (field 1). Labels of a series are to
// be appended in the order of their names.
void AppendLabel(std::string& out, std::string_view name, std::string_view value);

// Appends one exemplar as it stands inside a TimeSeries message (field 3). `encoded_labels` from
// AppendLabel.
void AppendExemplar(std::string& out, std::string_view encoded_labels, const SampleView& sample);

// One TimeSeries: labels from AppendLabel, exemplars from AppendExemplar, and samples or histograms
// in ascending order of time. Borrowed.
struct SeriesContent {
  std::string_view encoded_labels;
  std::span<const SampleView> samples;
  std::string_view encoded_exemplars;
  std::span<const HistogramView> histograms;
};

// Writes requests front to back into memory that it keeps, so that the next request neither
// allocates nor clears any. Thread-compatible.
class RequestWriter {
 public:
  void Clear() { size_ = 0; }

  // Adds one TimeSeries (field 1 of WriteRequest) made of labels from AppendLabel and samples in
  // ascending order of time.
  void AddSeries(std::string_view encoded_labels, std::span<const SampleView> samples);
  void AddSeries(const SeriesContent& series);

  // Valid until the next change.
  std::string_view bytes() const { return {memory_.data(), size_}; }

 private:
  // Where to write `size_max` bytes. Here because it is called for each series.
  char* Reserve(size_t size_max) {
    if (memory_.size() - size_ < size_max) memory_.resize(2 * memory_.size() + size_max);
    return memory_.data() + size_;
  }

  std::string memory_;  // what stands beyond size_ has no meaning
  size_t size_ = 0;
};

// Snappy block format, into memory that it keeps: what compression may need is a hundred kilobytes
// and more, which would otherwise come from the system and go back with each request.
// Thread-compatible.
class SnappyCompressor {
 public:
  // Valid until the next call.
  std::string_view Compress(std::string_view raw);

 private:
  std::string memory_;
};

}  // namespace sluice::proto
