// Compares bytes with the keys of a page's lines as they are kept.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "scrape/page_template.h"

namespace sluice::scrape {

// As many bytes may be read beyond a key, whatever they are.
inline constexpr size_t kKeyBytesBeyond = sizeof(uint64_t);

// Whether so many bytes are equal; some are read beyond. A call would take as long as it takes to
// compare the few that there mostly are.
inline bool EqualBytes(const char* a, const char* b, size_t size) {
  constexpr size_t kWord = sizeof(uint64_t);
  constexpr size_t kStep = 2 * kWord;
  const auto difference = [&](size_t at) {
    uint64_t x = 0;
    uint64_t y = 0;
    std::memcpy(&x, a + at, kWord);
    std::memcpy(&y, b + at, kWord);
    return x ^ y;
  };
  size_t at = 0;
  for (; at + kStep < size; at += kStep) {
    if ((difference(at) | difference(at + kWord)) != 0) return false;
  }
  const size_t left = size - at;
  if (left >= kWord) return (difference(at) | difference(size - kWord)) == 0;
  // The bytes that do not count are the upper ones.
  return difference(at) << 1U << (8 * (kWord - left) - 1) == 0;
}

// Whether the bytes at `p` are the key of `line`, that has its own bytes at `own`. `before`: the
// key of the sample before it.
inline bool HasKeyBytes(const char* p, const PageTemplate::Line& line, const char* own,
                        const char* before, const char* before_end) {
  // Where lines differ, they most likely do so in their own bytes.
  return EqualBytes(p + line.prefix, own, line.own) &&
         EqualBytes(p + line.prefix + line.own, before_end - line.suffix, line.suffix) &&
         std::memcmp(p, before, line.prefix) == 0;
}

}  // namespace sluice::scrape
