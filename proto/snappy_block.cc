#include "proto/snappy_block.h"

#include <algorithm>
#include <array>

#include <snappy.h>

#include "proto/wire_writing.h"

namespace sluice::proto {

namespace {

constexpr size_t kShortLiteralMax = 60;
constexpr size_t kNearCopyMin = 4;

}  // namespace

void AppendSnappyCopy(std::string& out, size_t offset, size_t length) {
  std::array<char, 4> element;
  while (length > 0) {
    // So that what is left is not too short to be a near copy.
    const size_t most = length > kSnappyCopyMax && length < kSnappyCopyMax + kNearCopyMin
                            ? kSnappyCopyMax - kNearCopyMin
                            : kSnappyCopyMax;
    const size_t some = std::min(length, most);
    const char* const end = WriteSnappyCopy(element.data(), offset, some);
    out.append(element.data(), static_cast<size_t>(end - element.data()));
    length -= some;
  }
}

void AppendSnappyLiteral(std::string& out, std::string_view bytes) {
  if (bytes.empty()) return;
  size_t number = bytes.size() - 1;
  if (number < kShortLiteralMax) {
    out += static_cast<char>(number << 2);
  } else {
    std::string digits;
    for (; number > 0; number >>= 8) digits += static_cast<char>(number);
    out += static_cast<char>((kShortLiteralMax - 1 + digits.size()) << 2);
    out += digits;
  }
  out += bytes;
}

void SnappyBlock::Clear() {
  size_ = kVarintMax;
  raw_size_ = 0;
}

char* SnappyBlock::Reserve(size_t size_max) {
  const size_t needed = size_ + size_max;
  if (memory_.size() < needed) memory_.resize(std::max(needed, memory_.size() * 3 / 2));
  return memory_.data() + size_;
}

void SnappyBlock::EndAt(const char* at, size_t raw_size) {
  size_ = static_cast<size_t>(at - memory_.data());
  raw_size_ += raw_size;
}

// The library writes the length of the part before it, over what was there.
void SnappyBlock::Compress(std::string_view raw) {
  if (raw.empty()) return;
  char* const at = Reserve(snappy::MaxCompressedLength(raw.size()));
  char* const begin = at - VarintSize(raw.size());
  std::array<char, kVarintMax> before;
  std::copy(begin, at, before.begin());
  size_t size = 0;
  snappy::RawCompress(raw.data(), raw.size(), begin, &size);
  std::copy(before.begin(), before.begin() + (at - begin), begin);
  EndAt(begin + size, raw.size());
}

std::string_view SnappyBlock::Finish() {
  const size_t begin = kVarintMax - VarintSize(raw_size_);
  Reserve(0);  // of a block of nothing, there is no memory yet
  WriteVarint(memory_.data() + begin, raw_size_);
  return std::string_view(memory_).substr(begin, size_ - begin);
}

}  // namespace sluice::proto
