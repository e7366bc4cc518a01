#include "agent/config/yaml_text.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "base/utf8.h"

namespace sluice::agent {
namespace {

using Kind = YamlNode::Kind;

constexpr std::array<std::string_view, 12> kWords = {"null", "true", "false", "yes", "no", "on",
                                                     "off",  "y",    "n",     "~",   "<<", "="};

std::string Lower(std::string text) {
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return text;
}

// What a plain scalar could mean beside a text.
bool LooksTyped(const std::string& text) {
  if (std::find(kWords.begin(), kWords.end(), Lower(text)) != kWords.end()) return true;
  const char first = text[0];
  return (first >= '0' && first <= '9') || first == '+' || first == '-' || first == '.';
}

bool IsPlain(const std::string& text) {
  constexpr std::string_view kIndicators = "-?:,[]{}#&*!|>'\"%@`";
  if (text.empty() || kIndicators.find(text[0]) != std::string_view::npos) return false;
  if (text.front() == ' ' || text.back() == ' ' || text.back() == ':') return false;
  const auto is_odd = [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) >= 0x7f;
  };
  return text.find(": ") == std::string::npos && text.find(" #") == std::string::npos &&
         std::none_of(text.begin(), text.end(), is_odd);
}

void AppendEscape(char32_t code, std::string& out) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  const int digits = code > 0xffff ? 8 : 4;
  out += digits == 8 ? "\\U" : "\\u";
  for (int shift = 4 * (digits - 1); shift >= 0; shift -= 4) out += kDigits[(code >> shift) & 0xf];
}

// Characters that a reader might break lines at, or not see, are escaped.
bool NeedsEscape(char32_t code) {
  return code < 0x20 || (code >= 0x7f && code < 0xa1) || (code >= 0x2028 && code <= 0x2029) ||
         code == 0xfeff || (code >= 0xfffe && code <= 0xffff);
}

std::string Quoted(std::string_view text) {
  std::string out = "\"";
  while (!text.empty()) {
    const Rune rune = DecodeRune(text);
    if (rune.code == '"' || rune.code == '\\') {
      out += '\\';
      out += text[0];
    } else if (rune.code == '\n') {
      out += "\\n";
    } else if (NeedsEscape(rune.code)) {
      AppendEscape(rune.code, out);
    } else {
      out += text.substr(0, rune.size);
    }
    text.remove_prefix(rune.size);
  }
  return out + '"';
}

std::string Scalar(const YamlNode& node) {
  std::string prefix;
  if (!node.tag.empty()) {
    const bool standard = node.tag.compare(0, 2, "!!") == 0 || node.tag[0] == '!';
    prefix = standard ? node.tag + " " : "!<" + node.tag + "> ";
  }
  if (node.kind == Kind::kNull) return prefix + "null";
  const bool stays_text = !node.quoted || !LooksTyped(node.scalar);
  const bool plain = stays_text && IsPlain(node.scalar);
  // A plain scalar that is no text, such as -1, must not be quoted.
  const bool was_plain = !node.quoted && node.tag.empty() && LooksTyped(node.scalar);
  return prefix + (plain || was_plain ? node.scalar : Quoted(node.scalar));
}

bool IsNested(const YamlNode& node) {
  return (node.kind == Kind::kMap && !node.entries.empty()) ||
         (node.kind == Kind::kSequence && !node.items.empty());
}

std::string Flat(const YamlNode& node) {
  if (node.kind == Kind::kMap) return "{}";
  if (node.kind == Kind::kSequence) return "[]";
  return Scalar(node);
}

// `indent` blanks stand before each line but the first.
void Append(const YamlNode& node, size_t indent, std::string& out);

void AppendEntry(const YamlEntry& entry, size_t indent, std::string& out) {
  out += Scalar(entry.first) + ":";
  const YamlNode& value = entry.second;
  if (!IsNested(value)) {
    out += " " + Flat(value) + "\n";
    return;
  }
  // Lists stand under their key without further indent, as Prometheus writes them.
  const size_t inner = value.kind == Kind::kMap ? indent + 2 : indent;
  out += "\n" + std::string(inner, ' ');
  Append(value, inner, out);
}

void Append(const YamlNode& node, size_t indent, std::string& out) {
  const std::string blanks(indent, ' ');
  bool first = true;
  for (const YamlEntry& entry : node.entries) {
    if (!first) out += blanks;
    first = false;
    AppendEntry(entry, indent, out);
  }
  for (const YamlNode& item : node.items) {
    if (!first) out += blanks;
    first = false;
    out += "- ";
    if (IsNested(item)) {
      Append(item, indent + 2, out);
    } else {
      out += Flat(item) + "\n";
    }
  }
}

}  // namespace

std::string WriteYaml(const YamlNode& node) {
  if (!IsNested(node)) return Flat(node) + "\n";
  std::string out;
  Append(node, 0, out);
  return out;
}

}  // namespace sluice::agent
