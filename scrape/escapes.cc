#include "scrape/escapes.h"

#include "base/utf8.h"

namespace sluice::scrape {
namespace {

constexpr size_t kExcerptBytesMax = 200;

}  // namespace

std::string Unescape(std::string_view text, Escapes escapes) {
  std::string plain;
  plain.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    const char next = i + 1 < text.size() ? text[i + 1] : '\0';
    const bool known = text[i] == '\\' &&
                       (next == '\\' || next == 'n' || (next == '"' && escapes == Escapes::kLabel));
    if (!known) {
      plain += text[i];
      continue;
    }
    plain += next == 'n' ? '\n' : next;
    ++i;
  }
  return plain;
}

std::string QuoteExcerpt(std::string_view text) {
  if (text.size() <= kExcerptBytesMax) return QuoteText(text);
  std::string quoted = QuoteText(text.substr(0, kExcerptBytesMax));
  quoted.insert(quoted.size() - 1, "...");
  return quoted;
}

}  // namespace sluice::scrape
