#include "scrape/discovery/url_query.h"

namespace sluice::scrape {
namespace {

bool IsUnreserved(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '_' || c == '.' || c == '~';
}

std::string Escaped(std::string_view text) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    if (IsUnreserved(c)) {
      out += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out += {'%', kHex[byte >> 4], kHex[byte & 15]};
  }
  return out;
}

}  // namespace

std::string EscapedPathSegment(std::string_view text) {
  // "." and ".." would be taken for a way up.
  if (text == "." || text == "..") return text == "." ? "%2E" : "%2E%2E";
  return Escaped(text);
}

void UrlQuery::Add(std::string_view name, std::string_view value) {
  text_ += text_.empty() ? '?' : '&';
  text_ += Escaped(name) + "=" + Escaped(value);
}

}  // namespace sluice::scrape
