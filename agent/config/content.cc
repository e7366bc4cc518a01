#include "agent/config/content.h"

#include <algorithm>
#include <string>

namespace sluice::agent {
namespace {

using Kind = YamlNode::Kind;

bool IsOneOf(std::string_view text, std::string_view texts) {
  while (true) {
    const size_t bar = texts.find('|');
    if (text == texts.substr(0, bar)) return true;
    if (bar == std::string_view::npos) return false;
    texts.remove_prefix(bar + 1);
  }
}

// "0", "0.0", "0s", "0B".
bool IsZero(std::string_view text) {
  const size_t digits = text.find_first_not_of("0.");
  const std::string_view unit =
      digits == std::string_view::npos ? std::string_view() : text.substr(digits);
  const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  return text.substr(0, 1) == "0" && std::all_of(unit.begin(), unit.end(), is_letter);
}

// Of a field that has been checked to be what it should be.
bool IsFalse(const YamlNode& node) {
  if (node.quoted) return false;
  return IsOneOf(node.scalar, "false|False|FALSE|no|No|NO|off|Off|OFF|n|N");
}

bool IsEmpty(const YamlNode& node) {
  switch (node.kind) {
    case Kind::kNull:
      return true;
    case Kind::kScalar:
      return node.scalar.empty() || IsZero(node.scalar) || IsFalse(node);
    case Kind::kSequence:
      return node.items.empty();
    case Kind::kMap:
      return std::all_of(node.entries.begin(), node.entries.end(),
                         [](const auto& entry) { return IsEmpty(entry.second); });
  }
  return false;
}

}  // namespace

bool HasContent(const Value& value) { return !IsEmpty(value.node()); }

void FailUnlessEmpty(const Value& value, std::string_view name) {
  if (HasContent(value)) value.Fail("field " + std::string(name) + " is not supported yet");
}

}  // namespace sluice::agent
