#include "buffer/record.h"

#include <limits>
#include <utility>

#include "base/varint.h"

namespace sluice::buffer {
namespace {

// version, type, checksum
constexpr size_t kVersionAt = 0;
constexpr size_t kTypeAt = 1;
constexpr size_t kChecksumAt = 2;
constexpr size_t kChecksumBytes = 4;
constexpr size_t kRestAt = kChecksumAt + kChecksumBytes;

// The sequence takes part, so that a record found under another key is damaged too.
uint32_t Checksum(Sequence sequence, uint8_t type, std::string_view rest) {
  const uint64_t head = sequence << 16 | uint64_t{kRecordVersion} << 8 | type;
  return static_cast<uint32_t>((Xxh3(rest) ^ (head * 0x9e3779b97f4a7c15ULL)) >> 32);
}

void PutFixed64(std::string& out, uint64_t value) {
  for (unsigned shift = 0; shift < 64; shift += 8) out.push_back(static_cast<char>(value >> shift));
}

uint64_t ReadFixed64(ByteReader& reader) {
  const std::string_view bytes = reader.Bytes(8);
  uint64_t value = 0;
  for (size_t i = bytes.size(); i-- > 0;) {
    value = value << 8 | static_cast<unsigned char>(bytes[i]);
  }
  return value;
}

ContentId ReadContentId(ByteReader& reader) {
  ContentId id;
  id.high = ReadFixed64(reader);
  id.low = ReadFixed64(reader);
  return id;
}

// A back-distance from `sequence` to an earlier record.
Sequence ReadBack(ByteReader& reader, Sequence sequence, bool& good) {
  const uint64_t distance = reader.Varint();
  good = good && reader.ok() && distance > 0 && distance < sequence;
  return sequence - distance;
}

uint32_t ReadCount(ByteReader& reader, bool& good) {
  const uint64_t value = reader.Varint();
  good = good && reader.ok() && value <= std::numeric_limits<uint32_t>::max();
  return static_cast<uint32_t>(value);
}

}  // namespace

std::array<char, kKeyBytes> EncodeKey(Sequence sequence) {
  std::array<char, kKeyBytes> key{};
  for (size_t i = 0; i < kKeyBytes; ++i) {
    key[i] = static_cast<char>(sequence >> (8 * (kKeyBytes - 1 - i)));
  }
  return key;
}

std::optional<Sequence> DecodeKey(std::string_view key) {
  if (key.size() != kKeyBytes) return std::nullopt;
  Sequence sequence = 0;
  for (const char byte : key) sequence = sequence << 8 | static_cast<unsigned char>(byte);
  return sequence;
}

void StartRecord(std::string& out, RecordType type, uint64_t epoch_distance) {
  out.clear();
  out.push_back(static_cast<char>(kRecordVersion));
  out.push_back(static_cast<char>(type));
  out.append(kChecksumBytes, '\0');
  PutVarint(out, epoch_distance);
}

void SealRecord(std::string& record, Sequence sequence) {
  const auto type = static_cast<uint8_t>(record[kTypeAt]);
  const uint32_t checksum = Checksum(sequence, type, std::string_view(record).substr(kRestAt));
  for (size_t i = 0; i < kChecksumBytes; ++i) {
    record[kChecksumAt + i] = static_cast<char>(checksum >> (8 * i));
  }
}

Result<RecordView> OpenRecord(Sequence sequence, std::string_view value) {
  if (value.size() < kRestAt) return Corruption("record: truncated");
  if (static_cast<uint8_t>(value[kVersionAt]) != kRecordVersion) {
    return Corruption("record: unknown version");
  }
  const auto type = static_cast<uint8_t>(value[kTypeAt]);
  uint32_t stored = 0;
  for (size_t i = kChecksumBytes; i-- > 0;) {
    stored = stored << 8 | static_cast<unsigned char>(value[kChecksumAt + i]);
  }
  const std::string_view rest = value.substr(kRestAt);
  if (Checksum(sequence, type, rest) != stored) return Corruption("record: checksum mismatch");
  if (type < static_cast<uint8_t>(RecordType::kFrame) ||
      type > static_cast<uint8_t>(RecordType::kThinned)) {
    return Corruption("record: unknown type");
  }
  ByteReader reader(rest);
  const uint64_t distance = reader.Varint();
  if (!reader.ok() || distance >= sequence) return Corruption("record: malformed");
  return RecordView{.type = static_cast<RecordType>(type),
                    .epoch_start = sequence - distance,
                    .body = reader.rest()};
}

std::optional<RecordHint> PeekRecord(std::string_view value) {
  if (value.size() < kRestAt || static_cast<uint8_t>(value[kVersionAt]) != kRecordVersion) {
    return std::nullopt;
  }
  RecordHint hint;
  hint.type = static_cast<RecordType>(value[kTypeAt]);
  if (hint.type != RecordType::kFrame) return hint;
  ByteReader reader(value.substr(kRestAt));
  reader.Varint();
  hint.lane = reader.Byte();
  if (!reader.ok() || hint.lane >= kLaneCount) return std::nullopt;
  return hint;
}

void EncodeFrameRecord(std::string& out, Sequence sequence, Sequence epoch_start,
                       const FrameBody& frame) {
  StartRecord(out, RecordType::kFrame, sequence - epoch_start);
  out.push_back(static_cast<char>(frame.lane));
  PutVarint(out, sequence - frame.target_at);
  PutVarint(out, sequence - frame.layout_at);
  PutVarint(out, ZigZag(frame.timestamp_ms));
  PutVarint(out, frame.sample_count);
  out.append(frame.stored);
  SealRecord(out, sequence);
}

Result<FrameBody> DecodeFrameBody(Sequence sequence, std::string_view body) {
  ByteReader reader(body);
  FrameBody frame;
  bool good = true;
  frame.lane = reader.Byte();
  frame.target_at = ReadBack(reader, sequence, good);
  frame.layout_at = ReadBack(reader, sequence, good);
  frame.timestamp_ms = UnZigZag(reader.Varint());
  frame.sample_count = ReadCount(reader, good);
  frame.stored = reader.rest();
  if (!good || !reader.ok() || frame.lane >= kLaneCount)
    return Corruption("frame record: malformed");
  return frame;
}

void EncodeLayoutBody(std::string& out, Sequence sequence, const LayoutBody& layout) {
  PutFixed64(out, layout.id.high);
  PutFixed64(out, layout.id.low);
  PutVarint(out, layout.chunks.size());
  for (const LayoutBody::ChunkRef& chunk : layout.chunks) {
    PutFixed64(out, chunk.id.high);
    PutFixed64(out, chunk.id.low);
    PutVarint(out, sequence - chunk.at);
    PutVarint(out, chunk.series_count);
  }
}

Result<LayoutBody> DecodeLayoutBody(Sequence sequence, std::string_view body) {
  constexpr size_t kRefBytesMin = 18;
  ByteReader reader(body);
  LayoutBody layout;
  layout.id = ReadContentId(reader);
  const uint64_t count = reader.Varint();
  if (!reader.ok() || count > reader.rest().size() / kRefBytesMin) {
    return Corruption("layout record: malformed");
  }
  layout.chunks.reserve(count);
  uint64_t series_count = 0;
  bool good = true;
  for (uint64_t i = 0; i < count && good; ++i) {
    LayoutBody::ChunkRef chunk;
    chunk.id = ReadContentId(reader);
    chunk.at = ReadBack(reader, sequence, good);
    chunk.series_count = ReadCount(reader, good);
    series_count += chunk.series_count;
    layout.chunks.push_back(chunk);
  }
  good =
      good && reader.ok() && reader.empty() && series_count <= std::numeric_limits<uint32_t>::max();
  if (!good) return Corruption("layout record: malformed");
  layout.series_count = static_cast<uint32_t>(series_count);
  return layout;
}

void EncodeContentBody(std::string& out, const ContentId& id, std::string_view stored) {
  PutFixed64(out, id.high);
  PutFixed64(out, id.low);
  out.append(stored);
}

Result<ContentBody> DecodeContentBody(std::string_view body) {
  ByteReader reader(body);
  ContentBody content;
  content.id = ReadContentId(reader);
  content.stored = reader.rest();
  if (!reader.ok()) return Corruption("content record: malformed");
  return content;
}

}  // namespace sluice::buffer
