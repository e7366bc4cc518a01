#include "proto/histogram_codec.h"

#include <bit>
#include <cstring>
#include <limits>
#include <vector>

#include "base/varint.h"

namespace sluice::proto {

namespace {

static_assert(std::endian::native == std::endian::little, "doubles are copied as they are");

// Fields of the Histogram message.
enum Field : uint32_t {
  kCountInt = 1,
  kCountFloat = 2,
  kSum = 3,
  kSchema = 4,
  kZeroThreshold = 5,
  kZeroCountInt = 6,
  kZeroCountFloat = 7,
  kNegativeSpans = 8,
  kNegativeDeltas = 9,
  kNegativeCounts = 10,
  kPositiveSpans = 11,
  kPositiveDeltas = 12,
  kPositiveCounts = 13,
  kResetHint = 14,
  kCustomValues = 16,
};

// Fields of the BucketSpan message.
constexpr uint32_t kSpanOffset = 1;
constexpr uint32_t kSpanLength = 2;

enum WireType : uint32_t { kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5 };

void PutTag(std::string& out, uint32_t field, WireType type) { PutVarint(out, field << 3 | type); }

void PutDouble(std::string& out, double value) {
  char bytes[sizeof(value)];
  std::memcpy(bytes, &value, sizeof(value));
  out.append(bytes, sizeof(value));
}

// A field that is left out when it has its default.
void PutUnlessZero(std::string& out, uint32_t field, double value) {
  if (std::bit_cast<uint64_t>(value) == 0) return;
  PutTag(out, field, kFixed64);
  PutDouble(out, value);
}

void PutUnlessZero(std::string& out, uint32_t field, uint64_t value) {
  if (value == 0) return;
  PutTag(out, field, kVarint);
  PutVarint(out, value);
}

size_t VarintSize(uint64_t value) {
  size_t size = 1;
  for (; value >= 0x80; value >>= 7) ++size;
  return size;
}

void PutSpans(std::string& out, uint32_t field, const std::vector<BucketSpan>& spans) {
  for (const BucketSpan& span : spans) {
    const uint64_t offset = ZigZag(span.offset);
    const size_t size = (offset == 0 ? 0 : 1 + VarintSize(offset)) +
                        (span.length == 0 ? 0 : 1 + VarintSize(span.length));
    PutTag(out, field, kBytes);
    PutVarint(out, size);
    PutUnlessZero(out, kSpanOffset, offset);
    PutUnlessZero(out, kSpanLength, uint64_t{span.length});
  }
}

void PutDeltas(std::string& out, uint32_t field, const std::vector<int64_t>& deltas) {
  if (deltas.empty()) return;
  size_t size = 0;
  for (const int64_t delta : deltas) size += VarintSize(ZigZag(delta));
  PutTag(out, field, kBytes);
  PutVarint(out, size);
  for (const int64_t delta : deltas) PutVarint(out, ZigZag(delta));
}

void PutDoubles(std::string& out, uint32_t field, const std::vector<double>& values) {
  if (values.empty()) return;
  PutTag(out, field, kBytes);
  PutVarint(out, values.size() * sizeof(double));
  for (const double value : values) PutDouble(out, value);
}

// One field of a message: a number or bytes, as its wire type says.
struct FieldView {
  uint32_t field = 0;
  uint32_t type = kVarint;
  uint64_t number = 0;
  std::string_view bytes;

  bool Is(uint32_t f, WireType t) const { return field == f && type == t; }

  double Double() const { return std::bit_cast<double>(number); }
};

uint64_t ReadFixed64(ByteReader& reader) {
  uint64_t value = 0;
  const std::string_view bytes = reader.Bytes(sizeof(value));
  if (!bytes.empty()) std::memcpy(&value, bytes.data(), sizeof(value));
  return value;
}

// False on malformed input; groups, which nobody writes, count as such.
bool ReadField(ByteReader& reader, FieldView& out) {
  const uint64_t tag = reader.Varint();
  if (tag > std::numeric_limits<uint32_t>::max() || tag < 8) return false;
  out.field = static_cast<uint32_t>(tag >> 3);
  out.type = static_cast<uint32_t>(tag & 7);
  switch (out.type) {
    case kVarint:
      out.number = reader.Varint();
      break;
    case kFixed64:
      out.number = ReadFixed64(reader);
      break;
    case kBytes:
      out.bytes = reader.String();
      break;
    case kFixed32:
      reader.Bytes(4);
      break;
    default:
      return false;
  }
  return reader.ok();
}

// Repeated numbers come packed from everybody, but a decoder has to take them one by one as well.
bool AddDeltas(const FieldView& field, std::vector<int64_t>& out) {
  if (field.type == kVarint) {
    out.push_back(UnZigZag(field.number));
    return true;
  }
  if (field.type != kBytes) return false;
  ByteReader reader(field.bytes);
  while (!reader.empty()) out.push_back(UnZigZag(reader.Varint()));
  return reader.ok();
}

bool AddDoubles(const FieldView& field, std::vector<double>& out) {
  if (field.type == kFixed64) {
    out.push_back(field.Double());
    return true;
  }
  if (field.type != kBytes || field.bytes.size() % sizeof(double) != 0) return false;
  ByteReader reader(field.bytes);
  while (!reader.empty()) out.push_back(std::bit_cast<double>(ReadFixed64(reader)));
  return true;
}

bool AddSpan(const FieldView& field, std::vector<BucketSpan>& out) {
  if (field.type != kBytes) return false;
  BucketSpan span;
  ByteReader reader(field.bytes);
  FieldView part;
  while (!reader.empty()) {
    if (!ReadField(reader, part)) return false;
    if (part.Is(kSpanOffset, kVarint)) span.offset = static_cast<int32_t>(UnZigZag(part.number));
    if (part.Is(kSpanLength, kVarint)) span.length = static_cast<uint32_t>(part.number);
  }
  out.push_back(span);
  return true;
}

// False on a field with a type that is not its own.
bool ReadScalar(const FieldView& field, NativeHistogram& out) {
  const bool is_double = field.field == kCountFloat || field.field == kSum ||
                         field.field == kZeroThreshold || field.field == kZeroCountFloat;
  if (field.type != (is_double ? kFixed64 : kVarint)) return false;
  switch (field.field) {
    case kCountInt:
      out.count = field.number;
      out.is_float = false;
      break;
    case kCountFloat:
      out.float_count = field.Double();
      out.is_float = true;
      break;
    case kSum:
      out.sum = field.Double();
      break;
    case kSchema:
      out.schema = static_cast<int32_t>(UnZigZag(field.number));
      break;
    case kZeroThreshold:
      out.zero_threshold = field.Double();
      break;
    case kZeroCountInt:
      out.zero_count = field.number;
      break;
    case kZeroCountFloat:
      out.float_zero_count = field.Double();
      break;
    default:  // kResetHint; a value of a later time is unknown to us
      out.reset_hint = static_cast<ResetHint>(
          field.number <= static_cast<uint64_t>(ResetHint::kGauge) ? field.number : 0);
  }
  return true;
}

bool ReadInto(const FieldView& field, NativeHistogram& out) {
  switch (field.field) {
    case kNegativeSpans:
      return AddSpan(field, out.negative.spans);
    case kNegativeDeltas:
      return AddDeltas(field, out.negative.deltas);
    case kNegativeCounts:
      return AddDoubles(field, out.negative.counts);
    case kPositiveSpans:
      return AddSpan(field, out.positive.spans);
    case kPositiveDeltas:
      return AddDeltas(field, out.positive.deltas);
    case kPositiveCounts:
      return AddDoubles(field, out.positive.counts);
    case kCustomValues:
      return AddDoubles(field, out.custom_values);
    default:
      return field.field > kResetHint || ReadScalar(field, out);
  }
}

}  // namespace

void AppendHistogram(const NativeHistogram& histogram, std::string& out) {
  // The counts are members of a "oneof": they are there even when they are 0.
  if (histogram.is_float) {
    PutTag(out, kCountFloat, kFixed64);
    PutDouble(out, histogram.float_count);
  } else {
    PutTag(out, kCountInt, kVarint);
    PutVarint(out, histogram.count);
  }
  PutUnlessZero(out, kSum, histogram.sum);
  PutUnlessZero(out, kSchema, ZigZag(histogram.schema));
  PutUnlessZero(out, kZeroThreshold, histogram.zero_threshold);
  if (histogram.is_float) {
    PutTag(out, kZeroCountFloat, kFixed64);
    PutDouble(out, histogram.float_zero_count);
  } else {
    PutTag(out, kZeroCountInt, kVarint);
    PutVarint(out, histogram.zero_count);
  }
  PutSpans(out, kNegativeSpans, histogram.negative.spans);
  PutDeltas(out, kNegativeDeltas, histogram.negative.deltas);
  PutDoubles(out, kNegativeCounts, histogram.negative.counts);
  PutSpans(out, kPositiveSpans, histogram.positive.spans);
  PutDeltas(out, kPositiveDeltas, histogram.positive.deltas);
  PutDoubles(out, kPositiveCounts, histogram.positive.counts);
  PutUnlessZero(out, kResetHint, static_cast<uint64_t>(histogram.reset_hint));
  PutDoubles(out, kCustomValues, histogram.custom_values);
}

Status DecodeHistogram(std::string_view bytes, NativeHistogram& out) {
  out = {};
  ByteReader reader(bytes);
  FieldView field;
  while (!reader.empty()) {
    if (!ReadField(reader, field) || !ReadInto(field, out)) {
      return Corruption("histogram: malformed message");
    }
  }
  return {};
}

std::optional<int32_t> SchemaOf(std::string_view histogram_bytes) {
  ByteReader reader(histogram_bytes);
  FieldView field;
  int32_t schema = 0;
  while (!reader.empty()) {
    if (!ReadField(reader, field)) return std::nullopt;
    if (field.Is(kSchema, kVarint)) schema = static_cast<int32_t>(UnZigZag(field.number));
  }
  return schema;
}

}  // namespace sluice::proto
