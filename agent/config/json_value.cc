#include "agent/config/json_value.h"

#include <algorithm>
#include <iterator>
#include <string_view>

#include "base/json_text.h"

namespace sluice::agent {
namespace {

using Kind = YamlNode::Kind;

bool IsAmong(std::string_view text, std::initializer_list<std::string_view> words) {
  return std::find(words.begin(), words.end(), text) != words.end();
}

bool IsTrue(std::string_view text) {
  return IsAmong(text, {"y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"});
}

bool IsFalse(std::string_view text) {
  return IsAmong(text,
                 {"n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"});
}

size_t TakeDigits(std::string_view& text) {
  const size_t count = std::min(text.find_first_not_of("0123456789"), text.size());
  text.remove_prefix(count);
  return count;
}

bool TryTake(std::string_view& text, std::string_view any_of) {
  if (text.empty() || any_of.find(text.front()) == std::string_view::npos) return false;
  text.remove_prefix(1);
  return true;
}

// By the grammar of JSON, which is that of most numbers in YAML.
bool IsNumber(std::string_view text) {
  TryTake(text, "-");
  const bool has_leading_zero = text.starts_with('0');
  const size_t whole = TakeDigits(text);
  if (whole == 0 || (has_leading_zero && whole > 1)) return false;
  if (TryTake(text, ".") && TakeDigits(text) == 0) return false;
  if (TryTake(text, "eE")) {
    TryTake(text, "+-");
    if (TakeDigits(text) == 0) return false;
  }
  return text.empty();
}

std::string ScalarOf(const YamlNode& node) {
  if (node.quoted || node.tag == "!!str") return JsonString(node.scalar);
  if (IsTrue(node.scalar)) return "true";
  if (IsFalse(node.scalar)) return "false";
  return IsNumber(node.scalar) ? node.scalar : JsonString(node.scalar);
}

}  // namespace

std::string JsonOf(const YamlNode& node) {
  switch (node.kind) {
    case Kind::kNull:
      return "null";
    case Kind::kScalar:
      return ScalarOf(node);
    case Kind::kSequence: {
      std::string out = "[";
      for (const YamlNode& item : node.items) out += (out.size() > 1 ? "," : "") + JsonOf(item);
      return out + "]";
    }
    case Kind::kMap: {
      JsonMembers members;
      for (const auto& [key, value] : node.entries) members.emplace_back(key.scalar, JsonOf(value));
      return JsonObject(members);
    }
  }
  return "null";
}

}  // namespace sluice::agent
