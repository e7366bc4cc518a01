// Snappy's block format, for those who know what repeats and need nobody to search for it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace sluice::proto {

// Nothing is copied from farther away: larger distances take another kind of element, which no
// compressor writes and not every decoder in the field knows.
inline constexpr size_t kSnappyReach = 65'535;
// What one element can copy, and takes to do so.
inline constexpr size_t kSnappyCopyMax = 64;
inline constexpr size_t kSnappyCopySizeMax = 3;

// Writes an element that copies 1 to kSnappyCopyMax bytes from 1 to kSnappyReach bytes ago; gives
// its end. Writes up to four bytes, of which not all may count.
inline char* WriteSnappyCopy(char* at, size_t offset, size_t length) {
  // Lengths of 4 to 11 bytes from nearby take a byte less. Both forms are made, as it cannot be
  // foreseen which is needed.
  const bool is_near = offset < 2'048 && length - 4 < 8;
  const size_t near = 1 | (length - 4) << 2 | (offset >> 8) << 5 | (offset & 0xff) << 8;
  const size_t far = 2 | (length - 1) << 2 | offset << 8;
  const auto element = static_cast<uint32_t>(is_near ? near : far);
  std::memcpy(at, &element, sizeof(element));
  return at + (is_near ? 2 : kSnappyCopySizeMax);
}

// The same of any length, in as many elements as it takes.
void AppendSnappyCopy(std::string& out, size_t offset, size_t length);

// An element with bytes of its own; nothing of an empty one.
void AppendSnappyLiteral(std::string& out, std::string_view bytes);

// One block, made of parts that do not refer to each other. Keeps its memory. Thread-compatible.
class SnappyBlock {
 public:
  SnappyBlock() { Clear(); }

  void Clear();

  // A part that is compressed by searching for what repeats.
  void Compress(std::string_view raw);

  // Where to write elements of at most `size_max` bytes.
  char* Reserve(size_t size_max);

  // What was written ends at `at`, and stands for so many bytes.
  void EndAt(const char* at, size_t raw_size);

  // Valid until the next change. Only Clear() may follow.
  std::string_view Finish();

 private:
  std::string memory_;  // begins with room for the length
  size_t size_ = 0;     // of what is written, with that room
  size_t raw_size_ = 0;
};

}  // namespace sluice::proto
