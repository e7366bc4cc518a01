#include "base/internal/http_text.h"

#include <algorithm>
#include <array>
#include <cstdint>

namespace sluice::internal {
namespace {

char LowerChar(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

constexpr bool IsAlphanumeric(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

// By byte. Each request asks of each character of its headers.
constexpr auto kIsOfToken = [] {
  std::array<bool, 256> is_of_token{};
  for (size_t i = 0; i < is_of_token.size(); ++i)
    is_of_token[i] = IsAlphanumeric(static_cast<char>(i));
  for (const char c : std::string_view("!#$%&'*+-.^_`|~"))
    is_of_token[static_cast<uint8_t>(c)] = true;
  return is_of_token;
}();

}  // namespace

std::string LowerAscii(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(), LowerChar);
  return lower;
}

bool IsLowerAscii(std::string_view text, std::string_view lower) {
  return text.size() == lower.size() &&
         std::equal(text.begin(), text.end(), lower.begin(),
                    [](char c, char low) { return LowerChar(c) == low; });
}

std::string_view TrimBlank(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r\n";
  const size_t first = text.find_first_not_of(kBlank);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlank) - first + 1);
}

bool IsHttpToken(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(),
                                      [](char c) { return kIsOfToken[static_cast<uint8_t>(c)]; });
}

bool IsHttpHeaderValue(std::string_view text) {
  constexpr size_t kNone = std::string_view::npos;
  return text.find('\r') == kNone && text.find('\n') == kNone && text.find('\0') == kNone;
}

std::string PrintableWords(std::string_view text) {
  constexpr size_t kWordsMax = 200;
  std::string words(text.substr(0, kWordsMax));
  for (char& c : words) {
    if (static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) > 0x7e) c = ' ';
  }
  return words;
}

std::string EncodeBase64(std::string_view bytes) {
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (size_t i = 0; i < bytes.size(); i += 3) {
    const std::string_view group = bytes.substr(i, 3);
    uint32_t bits = 0;
    for (size_t k = 0; k < 3; ++k) {
      bits = (bits << 8) | (k < group.size() ? static_cast<unsigned char>(group[k]) : 0U);
    }
    for (size_t k = 0; k < 4; ++k) {
      out += k <= group.size() ? kDigits[(bits >> (18 - 6 * k)) & 63] : '=';
    }
  }
  return out;
}

std::string EncodeForm(std::string_view text) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  constexpr std::string_view kPlain = "-._~";
  std::string out;
  for (const char c : text) {
    if (IsAlphanumeric(c) || kPlain.find(c) != std::string_view::npos) {
      out += c;
    } else if (c == ' ') {
      out += '+';
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out += {'%', kHex[byte >> 4], kHex[byte & 15]};
    }
  }
  return out;
}

}  // namespace sluice::internal
