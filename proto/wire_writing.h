// Protobuf's wire format, written straight into memory that is large enough.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace sluice::proto {

static_assert(std::endian::native == std::endian::little, "doubles are copied as they are");

inline constexpr size_t kVarintMax = 10;

inline size_t VarintSize(uint64_t value) {
  // A seventh of the bits, rounded up, without a division.
  return (static_cast<size_t>(std::bit_width(value | 1)) * 9 + 64) / 64;
}

inline char* WriteVarint(char* at, uint64_t value) {
  while (value >= 0x80) {
    *at++ = static_cast<char>(value | 0x80);
    value >>= 7;
  }
  *at++ = static_cast<char>(value);
  return at;
}

inline char* WriteBytes(char* at, std::string_view bytes) {
  // The data of an empty view may be null, which memcpy must not get.
  if (!bytes.empty()) std::memcpy(at, bytes.data(), bytes.size());
  return at + bytes.size();
}

inline char* WriteDouble(char* at, double value) {
  std::memcpy(at, &value, sizeof(value));
  return at + sizeof(value);
}

// Memory that is written front to back and kept, so that the next message neither allocates nor
// clears any.
class WireBuffer {
 public:
  void Clear() { size_ = 0; }

  // Where to write `size_max` bytes. Here because it is called for each series.
  char* Reserve(size_t size_max) {
    if (memory_.size() - size_ < size_max) memory_.resize(2 * memory_.size() + size_max);
    return memory_.data() + size_;
  }

  // What was written ends here.
  void EndAt(const char* at) { size_ = static_cast<size_t>(at - memory_.data()); }

  void Append(std::string_view bytes) { EndAt(WriteBytes(Reserve(bytes.size()), bytes)); }

  std::string_view bytes() const { return {memory_.data(), size_}; }

 private:
  std::string memory_;  // what stands beyond size_ has no meaning
  size_t size_ = 0;
};

}  // namespace sluice::proto
