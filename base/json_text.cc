#include "base/json_text.h"

#include <algorithm>

#include "base/utf8.h"

namespace sluice {
namespace {

void AppendEscaped(std::string& out, char c) {
  constexpr std::string_view kHex = "0123456789abcdef";
  const auto byte = static_cast<unsigned char>(c);
  out += "\\u00";
  out += kHex[byte >> 4];
  out += kHex[byte & 15];
}

}  // namespace

void AppendJsonString(std::string& out, std::string_view text) {
  out += '"';
  for (const char c : ReplaceInvalidUtf8(text)) {
    switch (c) {
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\t':
        out += "\\t";
        break;
      default:
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
          AppendEscaped(out, c);
        } else {
          out += c;
        }
    }
  }
  out += '"';
}

std::string JsonString(std::string_view text) {
  std::string out;
  AppendJsonString(out, text);
  return out;
}

std::string JsonObject(const JsonMembers& members) {
  std::string out = "{";
  for (auto member = members.begin(); member != members.end(); ++member) {
    const bool comes_again = std::any_of(std::next(member), members.end(), [&](const auto& later) {
      return later.first == member->first;
    });
    if (comes_again) continue;
    if (out.size() > 1) out += ',';
    AppendJsonString(out, member->first);
    out += ':';
    out += member->second;
  }
  return out + "}";
}

}  // namespace sluice
