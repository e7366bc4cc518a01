#include "proto/write_request.h"

#include <array>
#include <cstring>

#include "proto/wire_writing.h"

namespace sluice::proto {

namespace {

// Field numbers and wire types of prometheus.WriteRequest, as tags.
constexpr char kSeriesTag = 0x0a;     // WriteRequest.timeseries
constexpr char kMetadataTag = 0x1a;   // WriteRequest.metadata
constexpr char kLabelTag = 0x0a;      // TimeSeries.labels
constexpr char kSampleTag = 0x12;     // TimeSeries.samples
constexpr char kExemplarTag = 0x1a;   // TimeSeries.exemplars
constexpr char kHistogramTag = 0x22;  // TimeSeries.histograms
constexpr char kNameTag = 0x0a;       // Label.name
constexpr char kTextTag = 0x12;       // Label.value
constexpr char kNumberTag = 0x09;     // Sample.value, 64 bits
constexpr char kTimestampTag = 0x10;  // Sample.timestamp, varint

constexpr char kExemplarValueTag = 0x11;       // Exemplar.value, 64 bits
constexpr char kExemplarTimestampTag = 0x18;   // Exemplar.timestamp, varint
constexpr char kHistogramTimestampTag = 0x78;  // Histogram.timestamp, varint

constexpr char kTypeTag = 0x08;    // MetricMetadata.type, varint
constexpr char kFamilyTag = 0x12;  // MetricMetadata.metric_family_name
constexpr char kHelpTag = 0x22;    // MetricMetadata.help
constexpr char kUnitTag = 0x2a;    // MetricMetadata.unit

// What writes samples is `inline` because GCC 12 stops inlining it into the hot path, a few percent
// of that, once histograms use it as well.
constexpr size_t kSampleSizeMax = 2 + 9 + 1 + kVarintMax;

// The value is written even when it is zero: a length that depends on the timestamp alone keeps
// the hot path short, and repeated zeros cost next to nothing once compressed.
inline size_t SampleBodySize(const SampleView& sample) {
  return 9 + 1 + VarintSize(static_cast<uint64_t>(sample.timestamp_ms));
}

inline char* WriteSample(char* at, const SampleView& sample) {
  *at++ = kSampleTag;
  *at++ = static_cast<char>(SampleBodySize(sample));
  *at++ = kNumberTag;
  at = WriteDouble(at, sample.value);
  *at++ = kTimestampTag;
  return WriteVarint(at, static_cast<uint64_t>(sample.timestamp_ms));
}

size_t HistogramBodySize(const HistogramView& histogram) {
  return histogram.bytes.size() + 1 + VarintSize(static_cast<uint64_t>(histogram.timestamp_ms));
}

size_t HistogramSize(const HistogramView& histogram) {
  const size_t size = HistogramBodySize(histogram);
  return 1 + VarintSize(size) + size;
}

char* WriteHistogram(char* at, const HistogramView& histogram) {
  *at++ = kHistogramTag;
  at = WriteVarint(at, HistogramBodySize(histogram));
  at = WriteBytes(at, histogram.bytes);
  *at++ = kHistogramTimestampTag;
  return WriteVarint(at, static_cast<uint64_t>(histogram.timestamp_ms));
}

// An empty text is left out, as is a zero.
size_t TextSize(std::string_view text) {
  return text.empty() ? 0 : 1 + VarintSize(text.size()) + text.size();
}

char* WriteText(char* at, char tag, std::string_view text) {
  if (text.empty()) return at;
  *at++ = tag;
  at = WriteVarint(at, text.size());
  return WriteBytes(at, text);
}

}  // namespace

void AppendLabel(std::string& out, std::string_view name, std::string_view value) {
  const size_t size =
      1 + VarintSize(name.size()) + name.size() + 1 + VarintSize(value.size()) + value.size();
  std::array<char, 1 + kVarintMax> head;
  const auto put = [&](char tag, uint64_t length) {
    head[0] = tag;
    const char* const end = WriteVarint(head.data() + 1, length);
    out.append(head.data(), static_cast<size_t>(end - head.data()));
  };
  put(kLabelTag, size);
  put(kNameTag, name.size());
  out.append(name);
  put(kTextTag, value.size());
  out.append(value);
}

void AppendExemplar(std::string& out, std::string_view encoded_labels, const SampleView& sample) {
  const auto timestamp = static_cast<uint64_t>(sample.timestamp_ms);
  const size_t size = encoded_labels.size() + 9 + 1 + VarintSize(timestamp);
  std::array<char, 1 + kVarintMax> head;
  head[0] = kExemplarTag;
  out.append(head.data(), WriteVarint(head.data() + 1, size));
  out.append(encoded_labels);
  std::array<char, 9 + 1 + kVarintMax> tail;
  tail[0] = kExemplarValueTag;
  std::memcpy(tail.data() + 1, &sample.value, sizeof(sample.value));
  tail[9] = kExemplarTimestampTag;
  out.append(tail.data(), WriteVarint(tail.data() + 10, timestamp));
}

void RequestWriter::AddSeries(std::string_view encoded_labels,
                              std::span<const SampleView> samples) {
  WriteBytes(BeginSeries(encoded_labels.size(), samples), encoded_labels);
  EndSeries(samples);
}

void RequestWriter::AddSeries(const SeriesContent& series) {
  WriteBytes(BeginSeries(series.encoded_labels.size(), series), series.encoded_labels);
  EndSeries(series);
}

char* RequestWriter::BeginSeries(size_t labels_size, size_t rest_size) {
  const size_t body_size = labels_size + rest_size;
  char* at = buffer_.Reserve(1 + kVarintMax + body_size + kLabelsSlack);
  *at++ = kSeriesTag;
  at = WriteVarint(at, body_size);
  buffer_.EndAt(at + labels_size);
  return at;
}

char* RequestWriter::BeginSeries(size_t labels_size, std::span<const SampleView> samples) {
  size_t rest_size = 0;
  for (const SampleView& sample : samples) rest_size += 2 + SampleBodySize(sample);
  return BeginSeries(labels_size, rest_size);
}

void RequestWriter::EndSeries(std::span<const SampleView> samples) {
  char* at = buffer_.Reserve(samples.size() * kSampleSizeMax);
  for (const SampleView& sample : samples) at = WriteSample(at, sample);
  buffer_.EndAt(at);
}

char* RequestWriter::BeginSeries(size_t labels_size, const SeriesContent& series) {
  size_t rest_size = series.encoded_exemplars.size();
  for (const SampleView& sample : series.samples) rest_size += 2 + SampleBodySize(sample);
  for (const HistogramView& histogram : series.histograms) rest_size += HistogramSize(histogram);
  return BeginSeries(labels_size, rest_size);
}

void RequestWriter::EndSeries(const SeriesContent& series) {
  EndSeries(series.samples);
  size_t size = series.encoded_exemplars.size();
  for (const HistogramView& histogram : series.histograms) size += HistogramSize(histogram);
  char* at = WriteBytes(buffer_.Reserve(size), series.encoded_exemplars);
  for (const HistogramView& histogram : series.histograms) at = WriteHistogram(at, histogram);
  buffer_.EndAt(at);
}

void RequestWriter::AddMetadata(const MetadataView& metadata) {
  const size_t size = (metadata.type == 0 ? 0 : 2) + TextSize(metadata.family) +
                      TextSize(metadata.help) + TextSize(metadata.unit);
  char* at = buffer_.Reserve(1 + kVarintMax + size);
  *at++ = kMetadataTag;
  at = WriteVarint(at, size);
  if (metadata.type != 0) {
    *at++ = kTypeTag;
    *at++ = static_cast<char>(metadata.type);
  }
  at = WriteText(at, kFamilyTag, metadata.family);
  at = WriteText(at, kHelpTag, metadata.help);
  at = WriteText(at, kUnitTag, metadata.unit);
  buffer_.EndAt(at);
}

}  // namespace sluice::proto
