#include "buffer/sparse_columns.h"

#include <algorithm>
#include <cstddef>

#include "base/varint.h"

namespace sluice::buffer {
namespace {

// What an entry takes at least: a gap and a size, and for an exemplar a gap, a time and a number of
// labels, as its value may be that of the one before; a label is two sizes.
constexpr size_t kHistogramBytesMin = 2;
constexpr size_t kExemplarBytesMin = 3;
constexpr size_t kLabelBytesMin = 2;

// Times wrap around, so that each has a distance to each.
uint64_t Distance(TimestampMs from, TimestampMs to) {
  return ZigZag(static_cast<int64_t>(static_cast<uint64_t>(to) - static_cast<uint64_t>(from)));
}

TimestampMs Move(TimestampMs from, uint64_t distance) {
  return static_cast<TimestampMs>(static_cast<uint64_t>(from) +
                                  static_cast<uint64_t>(UnZigZag(distance)));
}

// Follows ascending series numbers through their gaps.
class SeriesReader {
 public:
  explicit SeriesReader(uint32_t series_count) : left_(series_count) {}

  // False when there is no such series.
  bool Advance(uint64_t gap) {
    if (gap >= left_) return false;
    left_ -= static_cast<uint32_t>(gap);
    series_ += static_cast<uint32_t>(gap);
    return true;
  }

  uint32_t series() const { return series_; }

 private:
  uint32_t series_ = 0;
  uint32_t left_;  // series from series_ on
};

void AppendLabels(std::span<const LabelView> labels, std::string& out) {
  PutVarint(out, labels.size());
  for (const LabelView& label : labels) {
    PutString(out, label.name);
    PutString(out, label.value);
  }
}

}  // namespace

void EncodeHistograms(std::span<const FrameHistogram> histograms, std::string& out) {
  PutVarint(out, histograms.size());
  uint32_t before = 0;
  for (const FrameHistogram& histogram : histograms) {
    PutVarint(out, histogram.series - before);
    before = histogram.series;
  }
  for (const FrameHistogram& histogram : histograms) PutVarint(out, histogram.bytes.size());
  for (const FrameHistogram& histogram : histograms) out.append(histogram.bytes);
}

bool DecodeHistograms(std::string_view bytes, uint32_t series_count,
                      std::span<const uint8_t> present, std::vector<FrameHistogram>& out) {
  ByteReader reader(bytes);
  const uint64_t count = reader.Varint();
  if (count > reader.rest().size() / kHistogramBytesMin) return false;
  out.resize(count);
  SeriesReader series(series_count);
  for (size_t i = 0; i < count; ++i) {
    const uint64_t gap = reader.Varint();
    if (i > 0 && gap == 0) return false;
    if (!reader.ok() || !series.Advance(gap)) return false;
    if (!present.empty() && present[series.series()] == 0) return false;
    out[i].series = series.series();
  }
  ByteReader contents = reader;
  for (size_t i = 0; i < count; ++i) contents.Varint();
  for (FrameHistogram& histogram : out) histogram.bytes = contents.Bytes(reader.Varint());
  return contents.ok() && contents.empty();
}

void ExemplarEncoder::Encode(std::span<const FrameExemplar> exemplars, TimestampMs frame_ms,
                             std::string& out) {
  PutVarint(out, exemplars.size());
  uint32_t before = 0;
  values_.clear();
  for (const FrameExemplar& exemplar : exemplars) {
    PutVarint(out, exemplar.series - before);
    before = exemplar.series;
    PutVarint(out, Distance(frame_ms, exemplar.timestamp_ms));
    AppendLabels(exemplar.labels, out);
    values_.push_back(exemplar.value);
  }
  encoder_.Encode(values_, out);
}

bool ExemplarDecoder::Decode(std::string_view bytes, uint32_t series_count, TimestampMs frame_ms,
                             std::vector<FrameExemplar>& out, std::vector<LabelView>& labels) {
  ByteReader reader(bytes);
  const uint64_t count = reader.Varint();
  if (count > reader.rest().size() / kExemplarBytesMin) return false;
  out.resize(count);
  label_counts_.clear();
  SeriesReader series(series_count);
  for (FrameExemplar& exemplar : out) {
    if (!series.Advance(reader.Varint())) return false;
    exemplar.series = series.series();
    exemplar.timestamp_ms = Move(frame_ms, reader.Varint());
    const uint64_t label_count = reader.Varint();
    if (label_count > reader.rest().size() / kLabelBytesMin) return false;
    label_counts_.push_back(label_count);
    for (uint64_t i = 0; i < label_count && reader.ok(); ++i) {
      const std::string_view name = reader.String();
      labels.push_back({.name = name, .value = reader.String()});
    }
    if (!reader.ok()) return false;
  }
  std::string_view rest = reader.rest();
  values_.resize(count);
  if (!DecodeValueColumn(rest, values_) || !rest.empty()) return false;
  // Only now that the labels do not move any more.
  const std::span<const LabelView> all = labels;
  size_t begin = 0;
  for (size_t i = 0; i < count; ++i) {
    out[i].value = values_[i];
    out[i].labels = all.subspan(begin, label_counts_[i]);
    begin += label_counts_[i];
  }
  return true;
}

// Runs of equal times: their length times two, plus one when there is a time, which then follows.
// Most targets have one time for everything, or one for each family.
void EncodeStarts(std::span<const TimestampMs> starts, std::span<const uint8_t> present,
                  TimestampMs frame_ms, std::string& out) {
  TimestampMs before = frame_ms;
  size_t i = 0;
  while (i < starts.size()) {
    const size_t begin = i;
    TimestampMs start = 0;
    bool known = false;  // absent series join whatever run there is
    for (; i < starts.size(); ++i) {
      if (!present.empty() && present[i] == 0) continue;
      if (known && starts[i] != start) break;
      start = starts[i];
      known = true;
    }
    PutVarint(out, (i - begin) * 2 + (start == 0 ? 0 : 1));
    if (start == 0) continue;
    PutVarint(out, Distance(before, start));
    before = start;
  }
}

bool DecodeStarts(std::string_view bytes, uint32_t series_count, TimestampMs frame_ms,
                  std::vector<TimestampMs>& out) {
  ByteReader reader(bytes);
  TimestampMs before = frame_ms;
  out.clear();
  while (!reader.empty()) {
    const uint64_t head = reader.Varint();
    const uint64_t length = head / 2;
    if (length == 0 || length > series_count - out.size()) return false;
    if (head % 2 == 0) {
      out.resize(out.size() + length, 0);
      continue;
    }
    before = Move(before, reader.Varint());
    out.resize(out.size() + length, before);
  }
  return reader.ok() && out.size() == series_count;
}

}  // namespace sluice::buffer
