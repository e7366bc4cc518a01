// The wire level of protocol buffers, for bytes that nobody vouches for.
//
// As strict and as lenient as the decoder in Prometheus: unknown fields and groups are skipped, a
// varint of ten bytes loses the bits that do not fit, and a known field with another wire type than
// its own fails the message.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "base/result.h"

namespace sluice::scrape {

// Reads a varint and moves `p` behind it; false when it does not end before `end` or within ten
// bytes.
bool ReadLongVarint(const char*& p, const char* end, uint64_t& value);

inline bool ReadVarint(const char*& p, const char* end, uint64_t& value) {
  if (p != end && static_cast<unsigned char>(*p) < 0x80) [[likely]] {
    value = static_cast<unsigned char>(*p++);
    return true;
  }
  return ReadLongVarint(p, end, value);
}

// What is wrong with a message; the first finding stays. One for a message and all inside it.
struct WireError {
  enum class Kind : uint8_t { kNone, kTruncated, kVarint, kTag, kWireType, kField };

  Kind kind = Kind::kNone;
  const char* field = "";  // kField: which one has the wrong wire type
  uint64_t tag = 0;        // kTag, kWireType, kField

  bool any() const { return kind != Kind::kNone; }

  Status ToStatus() const;
};

// The fields of one message, front to back. Views point into it. Thread-compatible.
class WireReader {
 public:
  WireReader(std::string_view message, WireError& error)
      : at_(message.data()), end_(at_ + message.size()), error_(&error) {}

  // Goes to the next field. False at the end, and after an error, be it of this reader or of
  // another one with the same WireError.
  bool Next() {
    if (at_ == end_ || error_->any()) return false;
    start_ = at_;
    return ReadField();
  }

  uint32_t number() const { return number_; }

  // Of the whole field, with its tag.
  std::string_view field_bytes() const { return {start_, static_cast<size_t>(at_ - start_)}; }

  // The value of the current field; zero and an error if it has another wire type. `name` is the
  // field's, for the message, and must be static.
  uint64_t Varint(const char* name) { return Is(kVarint, name) ? scalar_ : 0; }

  double Double(const char* name) {
    return Is(kFixed64, name) ? std::bit_cast<double>(scalar_) : 0;
  }

  std::string_view Bytes(const char* name) {
    return Is(kLengthDelimited, name) ? bytes_ : std::string_view();
  }

  int64_t SignedVarint(const char* name) { return UnZigZag(Varint(name)); }

  // Repeated scalars, packed or not: calls `add` for each that the current field has.
  template <class Add>
  void SignedVarints(const char* name, Add add) {
    if (type_ != kLengthDelimited) {
      const int64_t value = SignedVarint(name);
      if (!error_->any()) add(value);
      return;
    }
    const char* p = bytes_.data();
    const char* const end = p + bytes_.size();
    while (p != end) {
      uint64_t value = 0;
      if (!ReadVarint(p, end, value)) {
        FailVarint(p, end);
        return;
      }
      add(UnZigZag(value));
    }
  }

  template <class Add>
  void Doubles(const char* name, Add add) {
    if (type_ != kLengthDelimited) {
      const double value = Double(name);
      if (!error_->any()) add(value);
      return;
    }
    if (bytes_.size() % sizeof(double) != 0) {
      Fail(WireError::Kind::kTruncated);
      return;
    }
    for (size_t i = 0; i < bytes_.size(); i += sizeof(double)) {
      add(std::bit_cast<double>(Fixed64(bytes_.data() + i)));
    }
  }

 private:
  enum Type : uint8_t {
    kVarint = 0,
    kFixed64 = 1,
    kLengthDelimited = 2,
    kStartGroup = 3,
    kEndGroup = 4,
    kFixed32 = 5,
  };

  static int64_t UnZigZag(uint64_t value) {
    return static_cast<int64_t>((value >> 1) ^ (~(value & 1) + 1));
  }

  static uint64_t Fixed64(const char* p) {
    uint64_t value = 0;
    std::memcpy(&value, p, sizeof(value));
    return value;
  }

  bool Is(Type type, const char* name) {
    if (type_ == type) [[likely]]
      return true;
    Fail(WireError::Kind::kField, name);
    return false;
  }

  bool ReadField();
  bool ReadTag();
  bool ReadPayload();
  bool SkipGroup();
  bool Fail(WireError::Kind kind, const char* field = "");
  // A varint that ends at `p` too early or too late.
  bool FailVarint(const char* p, const char* end);

  const char* at_;
  const char* end_;
  const char* start_ = nullptr;
  WireError* error_;
  uint64_t tag_ = 0;
  uint32_t number_ = 0;
  Type type_ = kVarint;
  uint64_t scalar_ = 0;
  std::string_view bytes_;
};

inline bool WireReader::ReadField() {
  if (!ReadTag()) return false;
  if (type_ == kEndGroup) return Fail(WireError::Kind::kWireType);
  if (type_ == kStartGroup) [[unlikely]]
    return SkipGroup();
  return ReadPayload();
}

inline bool WireReader::ReadTag() {
  if (!ReadVarint(at_, end_, tag_)) return FailVarint(at_, end_);
  constexpr unsigned kTypeBits = 3;
  constexpr uint64_t kTypeMask = 7;
  // A number is 32 bits with a sign, whatever more the tag says.
  number_ = static_cast<uint32_t>(tag_ >> kTypeBits);
  type_ = static_cast<Type>(tag_ & kTypeMask);
  if (number_ == 0 || number_ > INT32_MAX) return Fail(WireError::Kind::kTag);
  return true;
}

inline bool WireReader::ReadPayload() {
  const auto rest = static_cast<size_t>(end_ - at_);
  switch (type_) {
    case kVarint:
      return ReadVarint(at_, end_, scalar_) || FailVarint(at_, end_);
    case kFixed64:
      if (rest < sizeof(uint64_t)) return Fail(WireError::Kind::kTruncated);
      scalar_ = Fixed64(at_);
      at_ += sizeof(uint64_t);
      return true;
    case kFixed32:
      if (rest < sizeof(uint32_t)) return Fail(WireError::Kind::kTruncated);
      at_ += sizeof(uint32_t);
      return true;
    case kLengthDelimited: {
      uint64_t size = 0;
      if (!ReadVarint(at_, end_, size)) return FailVarint(at_, end_);
      if (size > static_cast<size_t>(end_ - at_)) return Fail(WireError::Kind::kTruncated);
      bytes_ = {at_, static_cast<size_t>(size)};
      at_ += size;
      return true;
    }
    case kStartGroup:
    case kEndGroup:
      break;
  }
  return Fail(WireError::Kind::kWireType);
}

}  // namespace sluice::scrape
