// Encoding of remote write 1.0 requests, without an intermediate message: labels are encoded once
// per series and copied into each request.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "proto/wire_writing.h"

namespace sluice::proto {

// Times since when a counter counts are in remote write 2.0 alone, here and below.
struct SampleView {
  double value = 0;
  TimestampMs timestamp_ms = 0;
  TimestampMs start_ms = 0;  // 0 = none
};

// A native histogram: the message from AppendHistogram (proto/histogram_codec.h), and its time.
struct HistogramView {
  std::string_view bytes;
  TimestampMs timestamp_ms = 0;
  TimestampMs start_ms = 0;  // 0 = none
};

// Where in a sample, as RequestWriter writes it, the value begins, and its timestamp, a varint.
inline constexpr size_t kSampleValueAt = 3;
inline constexpr size_t kSampleTimestampAt = 12;

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

// What is said of a family of metrics; types are those of MetricMetadata. Borrowed.
struct MetadataView {
  uint8_t type = 0;
  std::string_view family;
  std::string_view help;
  std::string_view unit;
};

// Writes requests front to back into memory that it keeps, so that the next request neither
// allocates nor clears any. Thread-compatible.
class RequestWriter {
 public:
  void Clear() { buffer_.Clear(); }

  // Adds one TimeSeries (field 1 of WriteRequest) made of labels from AppendLabel and samples in
  // ascending order of time.
  void AddSeries(std::string_view encoded_labels, std::span<const SampleView> samples);
  void AddSeries(const SeriesContent& series);

  // The same with labels of that size, which are to be written to where BeginSeries() says, before
  // EndSeries() with the same. As many as kLabelsSlack bytes after them may be written over, too.
  static constexpr size_t kLabelsSlack = 16;
  char* BeginSeries(size_t labels_size, std::span<const SampleView> samples);
  void EndSeries(std::span<const SampleView> samples);
  char* BeginSeries(size_t labels_size, const SeriesContent& series);
  void EndSeries(const SeriesContent& series);

  // Adds one MetricMetadata (field 3).
  void AddMetadata(const MetadataView& metadata);

  // Valid until the next change.
  std::string_view bytes() const { return buffer_.bytes(); }

 private:
  char* BeginSeries(size_t labels_size, size_t rest_size);

  WireBuffer buffer_;
};

}  // namespace sluice::proto
