#include "agent/config/decoder.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <set>

#include "base/base64.h"
#include "base/duration.h"
#include "base/utf8.h"

namespace sluice::agent {
namespace {

using Kind = YamlNode::Kind;

constexpr std::array<std::string_view, 11> kTrueWords = {
    "y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"};
constexpr std::array<std::string_view, 11> kFalseWords = {
    "n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"};

bool IsOneOf(std::string_view word, std::span<const std::string_view> words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

std::optional<bool> BoolOf(const YamlNode& node) {
  if (node.kind != Kind::kScalar || node.quoted) return std::nullopt;
  if (IsOneOf(node.scalar, kTrueWords)) return true;
  if (IsOneOf(node.scalar, kFalseWords)) return false;
  return std::nullopt;
}

std::optional<double> NumberOf(const YamlNode& node) {
  if (node.kind != Kind::kScalar || node.quoted) return std::nullopt;
  std::string_view text = node.scalar;
  if (text.substr(0, 1) == "+") text.remove_prefix(1);
  double number = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool whole = parsed.ec == std::errc() && parsed.ptr == text.data() + text.size();
  if (!whole || !std::isfinite(number)) return std::nullopt;
  return number;
}

// Decimal, 0x, 0o, 0b; underscores may stand between digits, as in yaml.v2.
std::optional<uint64_t> UnsignedOf(const YamlNode& node) {
  if (node.kind != Kind::kScalar || node.quoted) return std::nullopt;
  std::string digits = node.scalar;
  digits.erase(std::remove(digits.begin(), digits.end(), '_'), digits.end());
  std::string_view rest = digits;
  if (rest.substr(0, 1) == "+") rest.remove_prefix(1);
  int base = 10;
  if (rest.substr(0, 2) == "0x") base = 16;
  if (rest.substr(0, 2) == "0o") base = 8;
  if (rest.substr(0, 2) == "0b") base = 2;
  if (base != 10) rest.remove_prefix(2);
  uint64_t number = 0;
  const auto parsed = std::from_chars(rest.data(), rest.data() + rest.size(), number, base);
  if (parsed.ec == std::errc() && parsed.ptr == rest.data() + rest.size() && !rest.empty()) {
    return number;
  }
  // 1e6 is a whole number too.
  const std::optional<double> real = NumberOf(node);
  constexpr double kExact = 9007199254740992.0;
  if (!real.has_value() || *real < 0 || *real > kExact || std::floor(*real) != *real) {
    return std::nullopt;
  }
  return static_cast<uint64_t>(*real);
}

std::string_view TagOf(const YamlNode& node) {
  if (node.kind == Kind::kSequence) return "!!seq";
  if (node.kind == Kind::kMap) return "!!map";
  if (node.kind == Kind::kNull) return "!!null";
  if (node.quoted) return "!!str";
  if (BoolOf(node).has_value()) return "!!bool";
  if (UnsignedOf(node).has_value()) return "!!int";
  if (const auto number = NumberOf(node); number.has_value()) {
    return std::floor(*number) == *number ? "!!int" : "!!float";
  }
  return "!!str";
}

std::string OneLine(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool control = static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
    out += control ? ' ' : c;
  }
  return out;
}

// A key as a step of a path: quoted when it would be misread.
std::string PathStep(std::string_view key) {
  const auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
  };
  const bool simple = !key.empty() && std::all_of(key.begin(), key.end(), plain);
  return simple ? std::string(key) : QuoteText(key);
}

std::string Join(const std::string& path, const std::string& step) {
  return path.empty() ? step : path + "." + step;
}

}  // namespace

std::string Decoder::Message(int line, std::string_view path, std::string_view message) const {
  std::string out = file_ + ":" + std::to_string(line) + ": ";
  if (!path.empty()) {
    out += path;
    out += ": ";
  }
  out += message;
  return OneLine(out);
}

void Decoder::Fail(int line, std::string_view path, std::string_view message) {
  Fail(InvalidInput(Message(line, path, message)));
}

void Decoder::Fail(const Error& error) {
  if (!error_.has_value()) error_ = error;
}

void Decoder::Warn(int line, std::string_view path, std::string_view message) {
  warnings_.push_back(Message(line, path, message));
}

void Value::FailType(std::string_view type) const {
  std::string message = "unmarshal errors: cannot unmarshal " + std::string(TagOf(*node_));
  if (node_->kind == Kind::kScalar) {
    constexpr size_t kShown = 10;
    const bool cut = node_->scalar.size() > kShown;
    message += " `" + (cut ? node_->scalar.substr(0, kShown - 3) + "..." : node_->scalar) + "`";
  }
  Fail(message + " into " + std::string(type));
}

bool Value::HasKind(Kind kind, std::string_view type) const {
  if (is_null() || node_->kind == kind) return true;
  Fail("unmarshal errors: cannot unmarshal <secret> into " + std::string(type));
  return false;
}

std::string Value::Text() const {
  if (is_null()) return "";
  if (node_->kind != Kind::kScalar) {
    FailType("string");
    return "";
  }
  if (node_->tag != "!!binary") return node_->scalar;
  std::optional<std::string> bytes = DecodeBase64(node_->scalar);
  if (!bytes.has_value()) Fail("!!binary value contains invalid base64 data");
  return std::move(bytes).value_or("");
}

bool Value::Bool() const {
  if (is_null()) return false;
  const std::optional<bool> value = BoolOf(*node_);
  if (!value.has_value()) FailType("bool");
  return value.value_or(false);
}

uint64_t Value::Unsigned(uint64_t max) const {
  if (is_null()) return 0;
  const std::optional<uint64_t> value = UnsignedOf(*node_);
  if (!value.has_value() || *value > max) {
    FailType(max > std::numeric_limits<uint32_t>::max() ? "uint64" : "int");
    return 0;
  }
  return *value;
}

int64_t Value::Int() const {
  if (is_null()) return 0;
  constexpr uint64_t kMax = std::numeric_limits<int64_t>::max();
  const bool is_negative = !node_->quoted && node_->scalar.substr(0, 1) == "-";
  YamlNode magnitude = *node_;
  if (is_negative) magnitude.scalar.erase(0, 1);
  const std::optional<uint64_t> value = UnsignedOf(magnitude);
  if (!value.has_value() || *value > kMax) {
    FailType("int");
    return 0;
  }
  return is_negative ? -static_cast<int64_t>(*value) : static_cast<int64_t>(*value);
}

double Value::Number() const {
  if (is_null()) return 0;
  const std::optional<double> value = NumberOf(*node_);
  if (!value.has_value()) FailType("float64");
  return value.value_or(0);
}

std::chrono::milliseconds Value::Duration() const {
  if (is_null()) return std::chrono::milliseconds(0);
  const Result<std::chrono::milliseconds> parsed = ParseDuration(Text());
  if (parsed.ok()) return *parsed;
  Fail(parsed.error().message);
  return std::chrono::milliseconds(0);
}

uint64_t Value::Size() const {
  if (is_null()) return 0;
  const Result<uint64_t> parsed = ParseSize(Text());
  if (parsed.ok()) return *parsed;
  Fail(parsed.error().message);
  return 0;
}

std::vector<Value> Value::Items(std::string_view type) const {
  std::vector<Value> items;
  if (is_null()) return items;
  if (node_->kind != Kind::kSequence) {
    FailType(type);
    return items;
  }
  for (const YamlNode& item : node_->items) {
    items.emplace_back(*decoder_, item, path_ + "[" + std::to_string(items.size()) + "]");
  }
  return items;
}

std::vector<std::string> Value::Texts() const {
  std::vector<std::string> texts;
  for (const Value& item : Items("[]string")) texts.push_back(item.Text());
  return texts;
}

std::vector<NamedValue> Value::Entries(std::string_view type) const {
  std::vector<NamedValue> entries;
  if (is_null()) return entries;
  if (node_->kind != Kind::kMap) {
    FailType(type);
    return entries;
  }
  std::set<std::string> seen;
  for (const auto& entry : node_->entries) {
    std::string name = Value(*decoder_, entry.first, path_).Text();
    if (!seen.insert(name).second) {
      decoder_->Fail(entry.first.line, path_, "key " + QuoteText(name) + " already set in map");
    }
    Value value(*decoder_, entry.second, Join(path_, PathStep(name)), entry.first.line);
    entries.emplace_back(std::move(name), std::move(value));
  }
  return entries;
}

Fields::Fields(const Value& map, std::string_view type, std::initializer_list<FieldNames> known)
    : map_(map) {
  if (map.is_null()) return;
  if (map.node().kind != Kind::kMap) {
    map.FailType(type);
    return;
  }
  std::set<std::string_view> seen;
  for (const auto& entry : map.node().entries) {
    const std::string& name = entry.first.scalar;
    const bool is_known = entry.first.kind == Kind::kScalar &&
                          std::any_of(known.begin(), known.end(), [&](const FieldNames& names) {
                            return IsOneOf(name, names);
                          });
    const std::string field = "field " + name;
    if (!is_known) {
      map.decoder().Fail(entry.first.line, map.path(),
                         field + " not found in type " + std::string(type));
    } else if (!seen.insert(name).second) {
      map.decoder().Fail(entry.first.line, map.path(),
                         field + " already set in type " + std::string(type));
    }
  }
}

std::optional<Value> Fields::Find(std::string_view name) const {
  if (map_.node().kind != Kind::kMap) return std::nullopt;
  for (const auto& entry : map_.node().entries) {
    if (entry.first.scalar == name) {
      return Value(map_.decoder(), entry.second, PathOf(name), entry.first.line);
    }
  }
  return std::nullopt;
}

std::string Fields::PathOf(std::string_view name) const {
  return Join(map_.path(), std::string(name));
}

void Fields::Read(std::string_view name, std::string& out) const {
  if (const auto value = Find(name)) out = value->Text();
}

void Fields::Read(std::string_view name, bool& out) const {
  if (const auto value = Find(name)) out = value->Bool();
}

void Fields::Read(std::string_view name, uint32_t& out) const {
  const auto value = Find(name);
  if (value) out = static_cast<uint32_t>(value->Unsigned(std::numeric_limits<int32_t>::max()));
}

void Fields::Read(std::string_view name, uint64_t& out) const {
  if (const auto value = Find(name)) out = value->Unsigned(std::numeric_limits<uint64_t>::max());
}

void Fields::Read(std::string_view name, double& out) const {
  if (const auto value = Find(name)) out = value->Number();
}

void Fields::Read(std::string_view name, std::chrono::milliseconds& out) const {
  if (const auto value = Find(name)) out = value->Duration();
}

void Fields::ReadSize(std::string_view name, uint64_t& out) const {
  if (const auto value = Find(name)) out = value->Size();
}

}  // namespace sluice::agent
