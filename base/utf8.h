// UTF-8 as Go's libraries see it: rune by rune, each invalid byte standing for U+FFFD.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace sluice {

inline constexpr char32_t kReplacementRune = 0xfffd;

struct Rune {
  char32_t code = kReplacementRune;
  size_t size = 1;     // bytes that it took
  bool valid = false;  // false: one byte that is no part of any character
};

// The first rune of `text`, which must not be empty.
Rune DecodeRune(std::string_view text);

void AppendRune(char32_t code, std::string& out);

bool IsValidUtf8(std::string_view text);

// `text` with U+FFFD for each invalid byte.
std::string ReplaceInvalidUtf8(std::string_view text);

// In double quotes, with Go's escapes: \n, \", \x01 for control characters, \xff for invalid bytes.
std::string QuoteText(std::string_view text);

}  // namespace sluice
