#include "buffer/frame.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "base/varint.h"
#include "buffer/compression.h"
#include "buffer/sparse_columns.h"
#include "buffer/value_column.h"

namespace sluice::buffer {
namespace {

// On disk: do not renumber.
constexpr uint8_t kFrameVersion = 1;
constexpr uint8_t kKindMask = 0x0f;
constexpr uint8_t kHasTimestamps = 0x10;
constexpr uint8_t kHasPresent = 0x20;
constexpr uint8_t kHasMoreColumns = 0x40;

// The columns beyond those, in the order in which they are stored.
constexpr uint64_t kHasExemplars = 1;
constexpr uint64_t kHasHistograms = 2;
constexpr uint64_t kHasStarts = 4;

// A timestamp as its distance from the frame's. "None" has a distance too, one that no real
// timestamp can have; it changes places with the distance 0, so that it takes one byte.
uint64_t TimestampCode(TimestampMs timestamp, TimestampMs frame) {
  const auto distance = [frame](TimestampMs t) {
    return ZigZag(static_cast<int64_t>(static_cast<uint64_t>(t) - static_cast<uint64_t>(frame)));
  };
  if (timestamp == kNoTimestamp) return 0;
  if (timestamp == frame) return distance(kNoTimestamp);
  return distance(timestamp);
}

TimestampMs TimestampOf(uint64_t code, TimestampMs frame) {
  if (code == 0) return kNoTimestamp;
  const uint64_t sum = static_cast<uint64_t>(frame) + static_cast<uint64_t>(UnZigZag(code));
  const auto timestamp = static_cast<TimestampMs>(sum);
  return timestamp == kNoTimestamp ? frame : timestamp;
}

// Far beyond any page; bounds what a damaged count can make the decoder allocate.
constexpr uint32_t kSeriesMax = 1 << 25;

// A run of start timestamps takes this at most.
constexpr size_t kStartRunBytesMax = 10 + 10;

size_t BitmapBytes(size_t count) { return (count + 7) / 8; }

void AppendBitmap(std::span<const uint8_t> present, std::string& out) {
  const size_t start = out.size();
  out.resize(start + BitmapBytes(present.size()), 0);
  for (size_t i = 0; i < present.size(); ++i) {
    if (present[i] == 0) continue;
    char& byte = out[start + i / 8];
    byte = static_cast<char>(static_cast<uint8_t>(byte) | (1U << (i % 8)));
  }
}

// Returns how many are present. There are bytes enough.
size_t ReadBitmap(std::string_view bytes, std::span<uint8_t> present) {
  size_t count = 0;
  for (size_t i = 0; i < present.size(); ++i) {
    const unsigned byte = static_cast<unsigned char>(bytes[i / 8]);
    const unsigned bit = (byte >> (i % 8)) & 1U;
    present[i] = static_cast<uint8_t>(bit);
    count += bit;
  }
  return count;
}

// The most that the columns of a frame can take before compression.
size_t BodyBytesMax(size_t series_count) {
  return BitmapBytes(series_count) + ValueColumnBytesMax(series_count) + series_count * 10;
}

uint64_t MoreColumnsOf(const FrameColumns& columns) {
  uint64_t flags = 0;
  if (columns.kind != FrameKind::kSamples) return flags;
  if (!columns.exemplars.empty()) flags |= kHasExemplars;
  if (!columns.histograms.empty()) flags |= kHasHistograms;
  const bool has_starts =
      std::any_of(columns.start_timestamps.begin(), columns.start_timestamps.end(),
                  [](TimestampMs start) { return start != 0; });
  if (has_starts) flags |= kHasStarts;
  return flags;
}

bool AllPresent(std::span<const uint8_t> present) {
  return std::find(present.begin(), present.end(), uint8_t{0}) == present.end();
}

}  // namespace

std::optional<FrameKind> PeekFrameKind(std::string_view stored) {
  if (stored.size() < 2) return std::nullopt;
  const auto kind = static_cast<uint8_t>(static_cast<uint8_t>(stored[1]) & kKindMask);
  if (kind > static_cast<uint8_t>(FrameKind::kStale)) return std::nullopt;
  return static_cast<FrameKind>(kind);
}

uint32_t SampleCount(const FrameColumns& columns, uint32_t series_count) {
  if (columns.present.empty()) return series_count;
  const auto absent = std::count(columns.present.begin(), columns.present.end(), uint8_t{0});
  return static_cast<uint32_t>(columns.present.size()) - static_cast<uint32_t>(absent);
}

struct FrameEncoder::Scratch {
  // Values alone would hardly get smaller; timestamps of their own repeat themselves, and snappy
  // takes half the time of zstd. Elsewhere zstd takes less: 0.6 times as much for exemplars, below
  // a sixth for few markers.
  Compressor compressor{Effort::kLeast};
  Compressor column_compressor{Effort::kLittle};
  ValueColumnEncoder values;
  std::vector<double> present_values;
  ExemplarEncoder exemplars;
  std::string column;
  std::string packed_column;
  std::string body;
  std::string stored;

  // Both take the part of a column that belongs to series that are present.
  std::span<const double> PickValues(const FrameColumns& columns, bool all_present);
  void AppendTimestamps(const FrameColumns& columns, bool all_present);
  // What is stored of a frame of stale markers behind its timestamp.
  void AppendMarked(std::span<const uint8_t> present);
  // Columns that need no place in the body.
  void AppendMoreColumns(const FrameColumns& columns, uint64_t flags);
  void AppendPackedColumn();
};

std::span<const double> FrameEncoder::Scratch::PickValues(const FrameColumns& columns,
                                                          bool all_present) {
  if (all_present && columns.histograms.empty()) return columns.values;
  if (!all_present) AppendBitmap(columns.present, body);
  auto histogram = columns.histograms.begin();
  present_values.clear();
  for (size_t i = 0; i < columns.values.size(); ++i) {
    const bool has_histogram = histogram != columns.histograms.end() && histogram->series == i;
    if (has_histogram) ++histogram;
    if (!all_present && columns.present[i] == 0) continue;
    present_values.push_back(has_histogram ? 0.0 : columns.values[i]);
  }
  return present_values;
}

void FrameEncoder::Scratch::AppendTimestamps(const FrameColumns& columns, bool all_present) {
  for (size_t i = 0; i < columns.timestamps.size(); ++i) {
    if (!all_present && columns.present[i] == 0) continue;
    PutVarint(body, TimestampCode(columns.timestamps[i], columns.timestamp_ms));
  }
}

void FrameEncoder::Scratch::AppendMarked(std::span<const uint8_t> present) {
  PutVarint(stored, present.size());
  body.clear();
  AppendBitmap(present, body);
  column_compressor.AppendPacked(body, stored);
}

void FrameEncoder::Scratch::AppendPackedColumn() {
  packed_column.clear();
  column_compressor.AppendPacked(column, packed_column);
  PutString(stored, packed_column);
  column.clear();
}

void FrameEncoder::Scratch::AppendMoreColumns(const FrameColumns& columns, uint64_t flags) {
  PutVarint(stored, flags);
  if ((flags & kHasExemplars) != 0) {
    exemplars.Encode(columns.exemplars, columns.timestamp_ms, column);
    AppendPackedColumn();
  }
  if ((flags & kHasHistograms) != 0) {
    EncodeHistograms(columns.histograms, column);
    AppendPackedColumn();
  }
  if ((flags & kHasStarts) != 0) {
    EncodeStarts(columns.start_timestamps, columns.present, columns.timestamp_ms, column);
    AppendPackedColumn();
  }
}

FrameEncoder::FrameEncoder() : scratch_(std::make_unique<Scratch>()) {}

FrameEncoder::~FrameEncoder() = default;
FrameEncoder::FrameEncoder(FrameEncoder&&) noexcept = default;
FrameEncoder& FrameEncoder::operator=(FrameEncoder&&) noexcept = default;

std::string_view FrameEncoder::Encode(const FrameColumns& columns) {
  Scratch& scratch = *scratch_;
  std::string& stored = scratch.stored;
  stored.clear();
  stored.push_back(static_cast<char>(kFrameVersion));
  const bool all_present = AllPresent(columns.present);
  const bool has_timestamps =
      std::any_of(columns.timestamps.begin(), columns.timestamps.end(),
                  [](TimestampMs timestamp) { return timestamp != kNoTimestamp; });
  const uint64_t more_columns = MoreColumnsOf(columns);
  auto flags = static_cast<uint8_t>(columns.kind);
  if (!all_present) flags |= kHasPresent;
  if (columns.kind == FrameKind::kSamples) {
    if (has_timestamps) flags |= kHasTimestamps;
    if (more_columns != 0) flags |= kHasMoreColumns;
  }
  stored.push_back(static_cast<char>(flags));
  PutVarint(stored, ZigZag(columns.timestamp_ms));
  if (columns.kind == FrameKind::kStale) {
    if (!all_present) scratch.AppendMarked(columns.present);
    return stored;
  }

  PutVarint(stored, columns.values.size());
  if (more_columns != 0) scratch.AppendMoreColumns(columns, more_columns);
  scratch.body.clear();
  const std::span<const double> values = scratch.PickValues(columns, all_present);
  scratch.values.Encode(values, scratch.body);
  if (has_timestamps) {
    scratch.AppendTimestamps(columns, all_present);
    scratch.compressor.AppendPacked(scratch.body, stored);
  } else {
    Compressor::AppendPlain(scratch.body, stored);
  }
  return stored;
}

namespace {

// The columns beyond the body, as they are stored; empty = none.
struct PackedColumns {
  std::string_view exemplars;
  std::string_view histograms;
  std::string_view starts;
};

// False on a column that is unknown or cut short. A packed column is never empty.
bool ReadPackedColumns(ByteReader& reader, PackedColumns& out) {
  const uint64_t flags = reader.Varint();
  if (flags == 0 || (flags & ~(kHasExemplars | kHasHistograms | kHasStarts)) != 0) return false;
  const auto read = [&](uint64_t flag, std::string_view& column) {
    if ((flags & flag) == 0) return true;
    column = reader.String();
    return !column.empty();
  };
  return read(kHasExemplars, out.exemplars) && read(kHasHistograms, out.histograms) &&
         read(kHasStarts, out.starts);
}

}  // namespace

struct FrameDecoder::Scratch {
  Decompressor decompressor;
  ExemplarDecoder exemplars;
  std::vector<double> present_values;
  std::string body;
  std::string column;

  Status DecodeBody(std::string_view packed, uint8_t flags, uint32_t series_count,
                    DecodedFrame& out);
  bool DecodeMarked(std::string_view packed, uint32_t series_count, DecodedFrame& out);
  // After the body, which says which series are present.
  bool DecodeMoreColumns(const PackedColumns& packed, uint32_t series_count, DecodedFrame& out);
  bool DecodeColumns(uint8_t flags, DecodedFrame& out);
  bool DecodePresent(std::string_view& rest, DecodedFrame& out);
  bool DecodeTimestamps(std::string_view& rest, DecodedFrame& out) const;
};

bool FrameDecoder::Scratch::DecodePresent(std::string_view& rest, DecodedFrame& out) {
  const size_t count = out.values.size();
  const size_t bitmap_bytes = BitmapBytes(count);
  if (rest.size() < bitmap_bytes) return false;
  out.present.resize(count);
  const size_t present_count = ReadBitmap(rest, out.present);
  rest.remove_prefix(bitmap_bytes);
  present_values.resize(present_count);
  if (!DecodeValueColumn(rest, present_values)) return false;
  size_t next = 0;
  for (size_t i = 0; i < count; ++i) out.values[i] = out.present[i] ? present_values[next++] : 0.0;
  return true;
}

bool FrameDecoder::Scratch::DecodeTimestamps(std::string_view& rest, DecodedFrame& out) const {
  ByteReader reader(rest);
  out.timestamps.resize(out.values.size(), kNoTimestamp);
  for (size_t i = 0; i < out.timestamps.size(); ++i) {
    if (!out.present.empty() && out.present[i] == 0) continue;
    out.timestamps[i] = TimestampOf(reader.Varint(), out.timestamp_ms);
  }
  rest = reader.rest();
  return reader.ok();
}

bool FrameDecoder::Scratch::DecodeColumns(uint8_t flags, DecodedFrame& out) {
  std::string_view rest = body;
  const bool values_good =
      (flags & kHasPresent) != 0 ? DecodePresent(rest, out) : DecodeValueColumn(rest, out.values);
  if (!values_good) return false;
  if ((flags & kHasTimestamps) != 0 && !DecodeTimestamps(rest, out)) return false;
  return rest.empty();
}

bool FrameDecoder::Scratch::DecodeMoreColumns(const PackedColumns& packed, uint32_t series_count,
                                              DecodedFrame& out) {
  if (!out.texts) out.texts = std::make_unique<DecodedFrame::Texts>();
  DecodedFrame::Texts& texts = *out.texts;
  if (!packed.exemplars.empty()) {
    texts.labels.clear();
    if (!decompressor.Unpack(packed.exemplars, kExemplarBytesMax, texts.exemplars) ||
        !exemplars.Decode(texts.exemplars, series_count, out.timestamp_ms, out.exemplars,
                          texts.labels)) {
      return false;
    }
  }
  if (!packed.histograms.empty()) {
    if (!decompressor.Unpack(packed.histograms, kHistogramBytesMax, texts.histograms) ||
        !DecodeHistograms(texts.histograms, series_count, out.present, out.histograms)) {
      return false;
    }
  }
  if (packed.starts.empty()) return true;
  return decompressor.Unpack(packed.starts, series_count * kStartRunBytesMax, column) &&
         DecodeStarts(column, series_count, out.timestamp_ms, out.start_timestamps);
}

Status FrameDecoder::Scratch::DecodeBody(std::string_view packed, uint8_t flags,
                                         uint32_t series_count, DecodedFrame& out) {
  if (!decompressor.Unpack(packed, BodyBytesMax(series_count), body)) {
    return Corruption("frame: cannot be decompressed");
  }
  // So what a damaged count can make this allocate is bounded.
  if (series_count > body.size() * kValuesPerByteMax) return Corruption("frame: truncated");
  out.values.resize(series_count);
  if (!DecodeColumns(flags, out)) return Corruption("frame: malformed columns");
  return {};
}

bool FrameDecoder::Scratch::DecodeMarked(std::string_view packed, uint32_t series_count,
                                         DecodedFrame& out) {
  const size_t bytes = BitmapBytes(series_count);
  if (!decompressor.Unpack(packed, bytes, body) || body.size() != bytes) return false;
  out.present.resize(series_count);
  ReadBitmap(body, out.present);
  return true;
}

FrameDecoder::FrameDecoder() : scratch_(std::make_unique<Scratch>()) {}

FrameDecoder::~FrameDecoder() = default;
FrameDecoder::FrameDecoder(FrameDecoder&&) noexcept = default;
FrameDecoder& FrameDecoder::operator=(FrameDecoder&&) noexcept = default;

Status FrameDecoder::Decode(std::string_view stored, uint32_t series_count, DecodedFrame& out) {
  out.values.clear();
  out.timestamps.clear();
  out.present.clear();
  out.histograms.clear();
  out.exemplars.clear();
  out.start_timestamps.clear();
  ByteReader reader(stored);
  if (reader.Byte() != kFrameVersion) return Corruption("frame: unknown version");
  const uint8_t flags = reader.Byte();
  out.timestamp_ms = UnZigZag(reader.Varint());
  if (!reader.ok()) return Corruption("frame: truncated");
  if (flags == static_cast<uint8_t>(FrameKind::kStale)) {
    out.kind = FrameKind::kStale;
    return reader.empty() ? Status::Ok() : Corruption("frame: trailing bytes");
  }
  const bool is_marked = flags == (static_cast<uint8_t>(FrameKind::kStale) | kHasPresent);
  const bool known =
      is_marked || ((flags & kKindMask) == static_cast<uint8_t>(FrameKind::kSamples) &&
                    (flags & ~(kKindMask | kHasTimestamps | kHasPresent | kHasMoreColumns)) == 0);
  if (!known) return Corruption("frame: unknown kind");
  out.kind = is_marked ? FrameKind::kStale : FrameKind::kSamples;
  if (reader.Varint() != series_count || !reader.ok() || series_count > kSeriesMax) {
    return Corruption("frame: does not fit its layout");
  }
  if (is_marked) {
    const bool good = scratch_->DecodeMarked(reader.rest(), series_count, out);
    return good ? Status::Ok() : Corruption("frame: malformed columns");
  }
  PackedColumns more;
  const bool has_more = (flags & kHasMoreColumns) != 0;
  if (has_more && !ReadPackedColumns(reader, more)) return Corruption("frame: unknown columns");
  if (Status body = scratch_->DecodeBody(reader.rest(), flags, series_count, out); !body.ok()) {
    return body;
  }
  if (has_more && !scratch_->DecodeMoreColumns(more, series_count, out)) {
    return Corruption("frame: malformed columns");
  }
  return {};
}

}  // namespace sluice::buffer
