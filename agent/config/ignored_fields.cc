#include "agent/config/pending_fields.h"

#include <algorithm>
#include <string>

#include "agent/config/specs/server_specs.h"

namespace sluice::agent {
namespace {

using Kind = YamlNode::Kind;
using enum FieldType;

constexpr PendingField kTopLevel[] = {
    {.spec = {.type = kFilePatterns, .name = "rule_files", .refusal = "invalid rule file path %q"},
     .harmless = Harmless::kWarned},
    {.spec = {.type = kSection, .name = "alerting", .section = &kAlertingSpec},
     .harmless = Harmless::kWarned},
    {.spec = {.type = kSections,
              .name = "remote_read",
              .missing = "empty or null remote read config section",
              .section = &kRemoteReadSpec},
     .harmless = Harmless::kWarned},
    {.spec = {.type = kSection, .name = "storage", .section = &kStorageSpec},
     .harmless = Harmless::kWarned},
    {.spec = {.type = kSection, .name = "tracing", .section = &kTracingSpec},
     .harmless = Harmless::kWarned},
    {.spec = {.type = kSection, .name = "otlp", .section = &kOtlpSpec},
     .harmless = Harmless::kWarned},
    {.spec = {.type = kSection, .name = "runtime", .section = &kRuntimeSpec},
     .harmless = Harmless::kWarned},
};

constexpr PendingField kGlobal[] = {
    {.spec = {kDuration, "evaluation_interval"}, .harmless = Harmless::kWarned},
    {.spec = {kDuration, "rule_query_offset"}, .harmless = Harmless::kWarned},
    {.spec = {kText, "query_log_file"}, .harmless = Harmless::kWarned},
};

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

// Whether the value changes nothing. Warns where that needs saying.
bool IsHarmless(const PendingField& field, const Value& value) {
  switch (field.harmless) {
    case Harmless::kEmpty:
      return IsEmpty(value.node());
    case Harmless::kWarned:
      value.Warn("has no effect in an agent and is ignored");
      return true;
    case Harmless::kTexts:
      return IsOneOf(value.Text(), field.texts);
  }
  return false;
}

}  // namespace

std::span<const PendingField> PendingTopLevelFields() { return kTopLevel; }

std::span<const PendingField> PendingGlobalFields() { return kGlobal; }

std::vector<std::string_view> NamesOf(std::span<const PendingField> table) {
  std::vector<std::string_view> names;
  for (const PendingField& field : table) names.push_back(field.spec.name);
  return names;
}

void CheckPendingFields(const Fields& fields, std::span<const PendingField> table) {
  for (const PendingField& field : table) CheckFields(fields, {&field.spec, 1});
  for (const PendingField& field : table) {
    const std::optional<Value> value = fields.Find(field.spec.name);
    if (!value.has_value() || IsHarmless(field, *value)) continue;
    value->Fail("field " + std::string(field.spec.name) + " is not supported yet");
  }
}

bool HasContent(const Value& value) { return !IsEmpty(value.node()); }

void FailUnlessEmpty(const Value& value, std::string_view name) {
  if (!IsEmpty(value.node())) value.Fail("field " + std::string(name) + " is not supported yet");
}

}  // namespace sluice::agent
