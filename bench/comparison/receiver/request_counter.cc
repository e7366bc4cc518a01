#include "bench/comparison/receiver/request_counter.h"

#include <algorithm>
#include <cstring>
#include <functional>

#include "base/varint.h"

namespace sluice::bench {
namespace {

constexpr uint64_t kStaleMarker = 0x7ff0000000000002;
constexpr uint64_t kVarint = 0;
constexpr uint64_t kFixed64 = 1;
constexpr uint64_t kBytes = 2;
constexpr uint64_t kFixed32 = 5;

// Reads one field after another: its number, and its bytes or its number's bits.
struct Field {
  uint64_t number = 0;
  uint64_t type = 0;
  uint64_t bits = 0;
  std::string_view bytes;
};

bool ReadField(ByteReader& reader, Field& field) {
  if (reader.empty()) return false;
  const uint64_t key = reader.Varint();
  field.number = key >> 3;
  field.type = key & 7;
  switch (field.type) {
    case kVarint:
      field.bits = reader.Varint();
      break;
    case kFixed64:
      field.bytes = reader.Bytes(8);
      if (reader.ok()) std::memcpy(&field.bits, field.bytes.data(), 8);
      break;
    case kBytes:
      field.bytes = reader.String();
      break;
    case kFixed32:
      field.bytes = reader.Bytes(4);
      break;
    default:
      reader.Bytes(~uint64_t{0});  // no such type: the rest cannot be read
  }
  return reader.ok();
}

}  // namespace

RequestCounter::Kind RequestCounter::KindOf(std::string_view name) {
  if (name == kPageSeries) return Kind::kPage;
  return name == "up" || name.starts_with("scrape_") ? Kind::kReport : Kind::kSample;
}

// Field 1 is the value and field 2 the time, in both versions.
void RequestCounter::AddSample(Kind kind, uint64_t labels_hash, std::string_view sample) {
  uint64_t value = 0;
  TimestampMs time = 0;
  ByteReader reader(sample);
  for (Field field; ReadField(reader, field);) {
    if (field.number == 1) value = field.bits;
    if (field.number == 2) time = static_cast<TimestampMs>(field.bits);
  }
  counts_.newest_ms = std::max(counts_.newest_ms, time);
  if (value == kStaleMarker) {
    ++counts_.markers;
    return;
  }
  if (kind == Kind::kReport) {
    ++counts_.reports;
    return;
  }
  ++counts_.samples;
  if (kind != Kind::kPage) return;
  ++counts_.pages;
  pages_.insert(labels_hash ^ (static_cast<uint64_t>(time) * 0x9e3779b97f4a7c15));
}

bool RequestCounter::AddSeries1(std::string_view series) {
  Kind kind = Kind::kSample;
  bool named = false;
  uint64_t hash = 0;
  ByteReader reader(series);
  for (Field field; ReadField(reader, field);) {
    if (field.number == 1 && !named) {
      ByteReader label(field.bytes);
      std::string_view name;
      std::string_view value;
      for (Field part; ReadField(label, part);) (part.number == 1 ? name : value) = part.bytes;
      if (name == "__name__") {
        named = true;
        kind = KindOf(value);
      }
    }
    if (field.number == 1 && kind == Kind::kPage) {
      hash = hash * 31 + std::hash<std::string_view>()(field.bytes);
    }
    if (field.number == 2) AddSample(kind, hash, field.bytes);
  }
  return reader.ok();
}

void RequestCounter::AddVersion1(std::string_view request) {
  ByteReader reader(request);
  bool good = true;
  for (Field field; ReadField(reader, field);) {
    if (field.number == 1 && field.type == kBytes) good = AddSeries1(field.bytes) && good;
  }
  if (!good || !reader.ok()) ++counts_.malformed;
}

bool RequestCounter::AddSeries2(std::string_view series) {
  Kind kind = Kind::kSample;
  uint64_t hash = 0;
  ByteReader reader(series);
  for (Field field; ReadField(reader, field);) {
    if (field.number == 1) {
      ByteReader references(field.bytes);
      while (!references.empty()) {
        const uint64_t name = references.Varint();
        const uint64_t value = references.Varint();
        if (name >= symbols_.size() || value >= symbols_.size()) return false;
        if (symbols_[name] == "__name__") kind = KindOf(symbols_[value]);
        if (kind == Kind::kPage) hash = hash * 31 + std::hash<std::string_view>()(symbols_[value]);
      }
    }
    if (field.number == 2) AddSample(kind, hash, field.bytes);
  }
  return reader.ok();
}

// The symbols (field 4) stand before the series (field 5) in what all senders write.
void RequestCounter::AddVersion2(std::string_view request) {
  symbols_.clear();
  ByteReader reader(request);
  bool good = true;
  for (Field field; ReadField(reader, field);) {
    if (field.number == 4) symbols_.push_back(field.bytes);
    if (field.number == 5) good = AddSeries2(field.bytes) && good;
  }
  if (!good || !reader.ok()) ++counts_.malformed;
}

void RequestCounter::Clear() {
  counts_ = {};
  pages_.clear();
}

}  // namespace sluice::bench
