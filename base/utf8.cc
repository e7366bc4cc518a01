#include "base/utf8.h"

#include <array>
#include <cstring>

namespace sluice {
namespace {

constexpr char32_t kLastRune = 0x10ffff;

uint8_t Byte(char c) { return static_cast<uint8_t>(c); }

// How many bytes in front are ASCII.
size_t AsciiSize(std::string_view text) {
  constexpr uint64_t kHighBits = 0x8080808080808080;
  size_t size = 0;
  for (; size + sizeof(uint64_t) <= text.size(); size += sizeof(uint64_t)) {
    uint64_t word = 0;
    std::memcpy(&word, text.data() + size, sizeof(word));
    if ((word & kHighBits) != 0) break;
  }
  while (size < text.size() && Byte(text[size]) < 0x80) ++size;
  return size;
}

bool IsSurrogate(char32_t code) { return code >= 0xd800 && code <= 0xdfff; }

void AppendHex(std::string_view prefix, uint32_t value, int digits, std::string& out) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  out += prefix;
  for (int i = digits - 1; i >= 0; --i) out += kDigits[(value >> (4 * i)) & 0xf];
}

// The letter of a one-letter escape, or 0.
char EscapeLetter(char32_t code) {
  switch (code) {
    case '\a':
      return 'a';
    case '\b':
      return 'b';
    case '\f':
      return 'f';
    case '\n':
      return 'n';
    case '\r':
      return 'r';
    case '\t':
      return 't';
    case '\v':
      return 'v';
    case '\\':
      return '\\';
    case '"':
      return '"';
    default:
      return 0;
  }
}

}  // namespace

Rune DecodeRune(std::string_view text) {
  const uint8_t lead = Byte(text[0]);
  if (lead < 0x80) return Rune{.code = lead, .size = 1, .valid = true};
  size_t size = 0;
  if (lead >= 0xc2 && lead <= 0xdf) size = 2;
  if (lead >= 0xe0 && lead <= 0xef) size = 3;
  if (lead >= 0xf0 && lead <= 0xf4) size = 4;
  if (size == 0 || text.size() < size) return Rune{};
  char32_t code = lead & (0xffU >> (size + 1));
  for (size_t i = 1; i < size; ++i) {
    if ((Byte(text[i]) & 0xc0) != 0x80) return Rune{};
    code = (code << 6) | (Byte(text[i]) & 0x3fU);
  }
  constexpr std::array<char32_t, 5> kLeast = {0, 0, 0x80, 0x800, 0x10000};
  if (code < kLeast.at(size) || code > kLastRune || IsSurrogate(code)) return Rune{};
  return Rune{.code = code, .size = size, .valid = true};
}

void AppendRune(char32_t code, std::string& out) {
  const auto tail = [&](int shift) { out += static_cast<char>(0x80U | ((code >> shift) & 0x3fU)); };
  if (code < 0x80) {
    out += static_cast<char>(code);
  } else if (code < 0x800) {
    out += static_cast<char>(0xc0U | (code >> 6));
    tail(0);
  } else if (code < 0x10000) {
    out += static_cast<char>(0xe0U | (code >> 12));
    tail(6);
    tail(0);
  } else {
    out += static_cast<char>(0xf0U | (code >> 18));
    tail(12);
    tail(6);
    tail(0);
  }
}

bool IsValidUtf8(std::string_view text) {
  while (true) {
    // Most texts are nothing else.
    text.remove_prefix(AsciiSize(text));
    if (text.empty()) return true;
    const Rune rune = DecodeRune(text);
    if (!rune.valid) return false;
    text.remove_prefix(rune.size);
  }
}

std::string ReplaceInvalidUtf8(std::string_view text) {
  std::string valid;
  valid.reserve(text.size());
  while (!text.empty()) {
    const Rune rune = DecodeRune(text);
    if (rune.valid) {
      valid += text.substr(0, rune.size);
    } else {
      AppendRune(kReplacementRune, valid);
    }
    text.remove_prefix(rune.size);
  }
  return valid;
}

std::string QuoteText(std::string_view text) {
  std::string out = "\"";
  while (!text.empty()) {
    const Rune rune = DecodeRune(text);
    const std::string_view bytes = text.substr(0, rune.size);
    text.remove_prefix(rune.size);
    if (!rune.valid) {
      AppendHex("\\x", Byte(bytes[0]), 2, out);
    } else if (const char letter = EscapeLetter(rune.code); letter != 0) {
      out += '\\';
      out += letter;
    } else if (rune.code < 0x20 || rune.code == 0x7f) {
      AppendHex("\\x", rune.code, 2, out);
    } else if (rune.code >= 0x80 && rune.code < 0xa0) {
      AppendHex("\\u", rune.code, 4, out);
    } else {
      out += bytes;
    }
  }
  out += '"';
  return out;
}

}  // namespace sluice
