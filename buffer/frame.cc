#include "buffer/frame.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "base/varint.h"
#include "buffer/compression.h"
#include "buffer/value_column.h"

namespace sluice::buffer {
namespace {

// On disk: do not renumber.
constexpr uint8_t kFrameVersion = 1;
constexpr uint8_t kKindMask = 0x0f;
constexpr uint8_t kHasTimestamps = 0x10;
constexpr uint8_t kHasPresent = 0x20;

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

size_t BitmapBytes(size_t count) { return (count + 7) / 8; }

// The most that the columns of a frame can take before compression.
size_t BodyBytesMax(size_t series_count) {
  return BitmapBytes(series_count) + series_count * (kValueBytesMax + 10);
}

bool AllPresent(std::span<const uint8_t> present) {
  return std::find(present.begin(), present.end(), uint8_t{0}) == present.end();
}

}  // namespace

uint32_t SampleCount(const FrameColumns& columns, uint32_t series_count) {
  if (columns.kind == FrameKind::kStale || columns.present.empty()) return series_count;
  const auto absent = std::count(columns.present.begin(), columns.present.end(), uint8_t{0});
  return static_cast<uint32_t>(columns.present.size()) - static_cast<uint32_t>(absent);
}

struct FrameEncoder::Scratch {
  Compressor compressor;
  ValueColumnEncoder values;
  std::vector<double> present_values;
  std::string body;
  std::string stored;

  // Both return the part of a column that belongs to series that are present.
  std::span<const double> PickValues(const FrameColumns& columns, bool all_present);
  void AppendTimestamps(const FrameColumns& columns, bool all_present);
};

std::span<const double> FrameEncoder::Scratch::PickValues(const FrameColumns& columns,
                                                          bool all_present) {
  if (all_present) return columns.values;
  body.resize(BitmapBytes(columns.values.size()), 0);
  present_values.clear();
  for (size_t i = 0; i < columns.values.size(); ++i) {
    if (columns.present[i] == 0) continue;
    body[i / 8] = static_cast<char>(static_cast<uint8_t>(body[i / 8]) | (1U << (i % 8)));
    present_values.push_back(columns.values[i]);
  }
  return present_values;
}

void FrameEncoder::Scratch::AppendTimestamps(const FrameColumns& columns, bool all_present) {
  for (size_t i = 0; i < columns.timestamps.size(); ++i) {
    if (!all_present && columns.present[i] == 0) continue;
    PutVarint(body, TimestampCode(columns.timestamps[i], columns.timestamp_ms));
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
  auto flags = static_cast<uint8_t>(columns.kind);
  if (columns.kind == FrameKind::kSamples) {
    if (!all_present) flags |= kHasPresent;
    if (has_timestamps) flags |= kHasTimestamps;
  }
  stored.push_back(static_cast<char>(flags));
  PutVarint(stored, ZigZag(columns.timestamp_ms));
  if (columns.kind == FrameKind::kStale) return stored;

  PutVarint(stored, columns.values.size());
  scratch.body.clear();
  const std::span<const double> values = scratch.PickValues(columns, all_present);
  scratch.values.Encode(values, scratch.body);
  if (has_timestamps) scratch.AppendTimestamps(columns, all_present);
  scratch.compressor.AppendPacked(scratch.body, stored);
  return stored;
}

struct FrameDecoder::Scratch {
  Decompressor decompressor;
  std::vector<double> present_values;
  std::string body;

  bool DecodeColumns(uint8_t flags, DecodedFrame& out);
  bool DecodePresent(std::string_view& rest, DecodedFrame& out);
  bool DecodeTimestamps(std::string_view& rest, DecodedFrame& out) const;
};

bool FrameDecoder::Scratch::DecodePresent(std::string_view& rest, DecodedFrame& out) {
  const size_t count = out.values.size();
  const size_t bitmap_bytes = BitmapBytes(count);
  if (rest.size() < bitmap_bytes) return false;
  out.present.resize(count);
  size_t present_count = 0;
  for (size_t i = 0; i < count; ++i) {
    const unsigned byte = static_cast<unsigned char>(rest[i / 8]);
    const unsigned bit = (byte >> (i % 8)) & 1U;
    out.present[i] = static_cast<uint8_t>(bit);
    present_count += bit;
  }
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

FrameDecoder::FrameDecoder() : scratch_(std::make_unique<Scratch>()) {}

FrameDecoder::~FrameDecoder() = default;
FrameDecoder::FrameDecoder(FrameDecoder&&) noexcept = default;
FrameDecoder& FrameDecoder::operator=(FrameDecoder&&) noexcept = default;

Status FrameDecoder::Decode(std::string_view stored, uint32_t series_count, DecodedFrame& out) {
  out.values.clear();
  out.timestamps.clear();
  out.present.clear();
  ByteReader reader(stored);
  if (reader.Byte() != kFrameVersion) return Corruption("frame: unknown version");
  const uint8_t flags = reader.Byte();
  out.timestamp_ms = UnZigZag(reader.Varint());
  if (!reader.ok()) return Corruption("frame: truncated");
  if (flags == static_cast<uint8_t>(FrameKind::kStale)) {
    out.kind = FrameKind::kStale;
    return reader.empty() ? Status::Ok() : Corruption("frame: trailing bytes");
  }
  const bool known = (flags & kKindMask) == static_cast<uint8_t>(FrameKind::kSamples) &&
                     (flags & ~(kKindMask | kHasTimestamps | kHasPresent)) == 0;
  if (!known) return Corruption("frame: unknown kind");
  out.kind = FrameKind::kSamples;
  if (reader.Varint() != series_count || !reader.ok() || series_count > kSeriesMax) {
    return Corruption("frame: does not fit its layout");
  }
  if (!scratch_->decompressor.Unpack(reader.rest(), BodyBytesMax(series_count), scratch_->body)) {
    return Corruption("frame: cannot be decompressed");
  }
  // A value takes a byte of the body at least, present or not: a bit. So this is bounded.
  if (series_count > scratch_->body.size() * 8) return Corruption("frame: truncated");
  out.values.resize(series_count);
  if (!scratch_->DecodeColumns(flags, out)) return Corruption("frame: malformed columns");
  return {};
}

}  // namespace sluice::buffer
