#include "relabel/rule.h"

#include <algorithm>
#include <array>
#include <initializer_list>
#include <utility>

#include "base/utf8.h"
#include "relabel/labels.h"

namespace sluice::relabel {
namespace {

constexpr std::array<std::pair<Action, std::string_view>, 11> kActions = {{
    {Action::kReplace, "replace"},
    {Action::kKeep, "keep"},
    {Action::kDrop, "drop"},
    {Action::kKeepEqual, "keepequal"},
    {Action::kDropEqual, "dropequal"},
    {Action::kHashMod, "hashmod"},
    {Action::kLabelMap, "labelmap"},
    {Action::kLabelDrop, "labeldrop"},
    {Action::kLabelKeep, "labelkeep"},
    {Action::kLowercase, "lowercase"},
    {Action::kUppercase, "uppercase"},
}};

constexpr std::string_view kDefaultSeparator = ";";
constexpr std::string_view kDefaultReplacement = "$1";

using ActionSet = std::initializer_list<Action>;

constexpr ActionSet kNeedTarget = {Action::kReplace,   Action::kHashMod,   Action::kLowercase,
                                   Action::kUppercase, Action::kKeepEqual, Action::kDropEqual};
constexpr ActionSet kPlainTarget = {Action::kLowercase, Action::kUppercase, Action::kKeepEqual,
                                    Action::kDropEqual, Action::kHashMod};
constexpr ActionSet kNoReplacement = {Action::kLowercase, Action::kUppercase, Action::kKeepEqual,
                                      Action::kDropEqual};

bool IsOneOf(Action action, ActionSet actions) {
  return std::find(actions.begin(), actions.end(), action) != actions.end();
}

bool IsNameStart(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }

bool IsWord(char c) { return IsNameStart(c) || (c >= '0' && c <= '9'); }

size_t WordLength(std::string_view text) {
  const auto end = std::find_if_not(text.begin(), text.end(), IsWord);
  return static_cast<size_t>(end - text.begin());
}

// The length of a `$name` or `${name}` at the front of `text`, 0 when there is none.
size_t ReferenceLength(std::string_view text) {
  if (text.substr(0, 2) != "${") {
    const size_t length = WordLength(text.substr(1));
    return length == 0 ? 0 : 1 + length;
  }
  const size_t length = WordLength(text.substr(2));
  const bool closed = text.substr(2 + length, 1) == "}";
  return length == 0 || !closed ? 0 : length + 3;
}

// A label name of the legacy scheme in which references may stand anywhere. A digit needs a letter
// or a reference somewhere before it.
bool IsLegacyNameTemplate(std::string_view text) {
  if (text.empty()) return false;
  bool started = false;
  while (!text.empty()) {
    size_t length = 0;
    if (text[0] == '$') {
      length = ReferenceLength(text);
    } else if (started ? IsWord(text[0]) : IsNameStart(text[0])) {
      length = 1;
    }
    if (length == 0) return false;
    started = true;
    text.remove_prefix(length);
  }
  return true;
}

bool IsName(std::string_view text, NameScheme scheme) {
  return scheme == NameScheme::kUtf8 ? IsUtf8LabelName(text) : IsLegacyLabelName(text);
}

// UTF-8 names may hold `$` themselves, so that only the legacy scheme can tell a bad template.
bool IsNameTemplate(std::string_view text, NameScheme scheme) {
  return scheme == NameScheme::kUtf8 ? IsUtf8LabelName(text) : IsLegacyNameTemplate(text);
}

Error InvalidField(std::string_view value, std::string_view field, std::string_view action) {
  return InvalidInput(QuoteText(value) + " is invalid '" + std::string(field) + "' for " +
                      std::string(action) + " action");
}

Status ValidateNames(const Rule& rule, NameScheme scheme) {
  const std::string_view action = ActionName(rule.action);
  const bool is_template = rule.target_label.find('$') != std::string::npos;
  if (rule.action == Action::kReplace) {
    const bool good =
        is_template ? IsNameTemplate(rule.target_label, scheme) : IsName(rule.target_label, scheme);
    if (!good) return InvalidField(rule.target_label, "target_label", action);
  }
  if (IsOneOf(rule.action, kPlainTarget) && !IsName(rule.target_label, scheme)) {
    return InvalidField(rule.target_label, "target_label", action);
  }
  if (rule.action == Action::kLabelMap && !IsNameTemplate(rule.replacement, scheme)) {
    return InvalidField(rule.replacement, "replacement", action);
  }
  return Status::Ok();
}

Status ValidateUnusedFields(const Rule& rule) {
  const std::string action(ActionName(rule.action));
  const bool defaults = rule.modulus == 0 && rule.separator == kDefaultSeparator &&
                        rule.replacement == kDefaultReplacement;
  if (IsOneOf(rule.action, {Action::kKeepEqual, Action::kDropEqual}) &&
      (rule.regex.has_value() || !defaults)) {
    return InvalidInput(action +
                        " action requires only 'source_labels' and `target_label`,"
                        " and no other fields");
  }
  if (IsOneOf(rule.action, {Action::kLabelDrop, Action::kLabelKeep}) &&
      (!rule.source_labels.empty() || !rule.target_label.empty() || !defaults)) {
    return InvalidInput(action + " action requires only 'regex', and no other fields");
  }
  return Status::Ok();
}

}  // namespace

std::string_view ActionName(Action action) {
  for (const auto& entry : kActions) {
    if (entry.first == action) return entry.second;
  }
  return "";
}

Result<Action> ParseAction(std::string_view name) {
  std::string lower(name);
  std::transform(lower.begin(), lower.end(), lower.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
  });
  for (const auto& entry : kActions) {
    if (entry.second == lower) return entry.first;
  }
  return InvalidInput("unknown relabel action " + QuoteText(name));
}

Status Validate(const Rule& rule, NameScheme scheme) {
  const std::string action(ActionName(rule.action));
  if (rule.action == Action::kHashMod && rule.modulus == 0) {
    return InvalidInput("relabel configuration for hashmod requires non-zero modulus");
  }
  if (IsOneOf(rule.action, kNeedTarget) && rule.target_label.empty()) {
    return InvalidInput("relabel configuration for " + action +
                        " action requires 'target_label' value");
  }
  if (Status names = ValidateNames(rule, scheme); !names.ok()) return names;
  if (IsOneOf(rule.action, kNoReplacement) && rule.replacement != kDefaultReplacement) {
    return InvalidInput("'replacement' can not be set for " + action + " action");
  }
  return ValidateUnusedFields(rule);
}

}  // namespace sluice::relabel
