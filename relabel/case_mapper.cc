#include "relabel/case_mapper.h"

#include <locale.h>
#include <wctype.h>

#include "base/utf8.h"

namespace sluice::relabel {
namespace {

uint8_t Byte(char c) { return static_cast<uint8_t>(c); }

locale_t AsLocale(void* locale) { return static_cast<locale_t>(locale); }

}  // namespace

CaseMapper::CaseMapper() : locale_(newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr)) {}

CaseMapper::~CaseMapper() {
  if (locale_ != nullptr) freelocale(AsLocale(locale_));
}

template <class Map>
std::string CaseMapper::MapRunes(std::string_view text, Map map) {
  std::string out;
  out.reserve(text.size());
  bool ascii = true;
  for (const char c : text) {
    ascii = ascii && Byte(c) < 0x80;
    out += static_cast<char>(map(Byte(c) < 0x80 ? Byte(c) : U' '));
  }
  if (ascii) return out;
  out.clear();
  while (!text.empty()) {
    const Rune rune = DecodeRune(text);
    text.remove_prefix(rune.size);
    AppendRune(map(rune.code), out);
  }
  return out;
}

std::string CaseMapper::Lower(std::string_view text) const {
  return MapRunes(text, [this](char32_t code) -> char32_t {
    if (code < 0x80) return code >= 'A' && code <= 'Z' ? code + 32 : code;
    if (locale_ == nullptr) return code;
    return static_cast<char32_t>(towlower_l(static_cast<wint_t>(code), AsLocale(locale_)));
  });
}

std::string CaseMapper::Upper(std::string_view text) const {
  return MapRunes(text, [this](char32_t code) -> char32_t {
    if (code < 0x80) return code >= 'a' && code <= 'z' ? code - 32 : code;
    if (locale_ == nullptr) return code;
    return static_cast<char32_t>(towupper_l(static_cast<wint_t>(code), AsLocale(locale_)));
  });
}

}  // namespace sluice::relabel
