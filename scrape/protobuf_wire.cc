#include "scrape/protobuf_wire.h"

#include <string>

namespace sluice::scrape {

static_assert(std::endian::native == std::endian::little, "fixed64 is read as it lies in memory");

bool ReadLongVarint(const char*& p, const char* end, uint64_t& value) {
  constexpr unsigned kBitsMax = 64;
  constexpr unsigned kBitsPerByte = 7;
  value = 0;
  for (unsigned shift = 0; shift < kBitsMax; shift += kBitsPerByte) {
    if (p == end) return false;
    const auto byte = static_cast<unsigned char>(*p++);
    value |= static_cast<uint64_t>(byte & 0x7f) << shift;
    if (byte < 0x80) return true;
  }
  return false;
}

Status WireError::ToStatus() const {
  const std::string type = std::to_string(tag & 7);
  switch (kind) {
    case Kind::kNone:
      return Status::Ok();
    case Kind::kTruncated:
      return InvalidInput("unexpected EOF");
    case Kind::kVarint:
      return InvalidInput("proto: integer overflow");
    case Kind::kTag:
      return InvalidInput("proto: illegal tag " + std::to_string(static_cast<int32_t>(tag >> 3)) +
                          " (wire type " + type + ")");
    case Kind::kWireType:
      return InvalidInput("proto: illegal wireType " + type);
    case Kind::kField:
      return InvalidInput("proto: wrong wireType = " + type + " for field " + field);
  }
  return Status::Ok();
}

// at_ is behind the tag that opens the group. Groups nest, so that only their depth counts.
bool WireReader::SkipGroup() {
  for (uint64_t depth = 1; depth != 0;) {
    if (at_ == end_) return Fail(WireError::Kind::kTruncated);
    if (!ReadTag()) return false;
    if (type_ == kStartGroup) {
      ++depth;
    } else if (type_ == kEndGroup) {
      --depth;
    } else if (!ReadPayload()) {
      return false;
    }
  }
  // Whoever knows the field by its number is to see that it is a group.
  type_ = kStartGroup;
  const char* p = start_;
  ReadVarint(p, end_, tag_);
  number_ = static_cast<uint32_t>(tag_ >> 3);
  return true;
}

bool WireReader::Fail(WireError::Kind kind, const char* field) {
  if (!error_->any()) *error_ = {.kind = kind, .field = field, .tag = tag_};
  return false;
}

bool WireReader::FailVarint(const char* p, const char* end) {
  return Fail(p == end ? WireError::Kind::kTruncated : WireError::Kind::kVarint);
}

}  // namespace sluice::scrape
