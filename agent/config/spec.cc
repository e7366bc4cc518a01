#include "agent/config/spec.h"

#include <limits>
#include <utility>

#include "agent/config/discovery/file_section.h"
#include "agent/config/glob_path.h"
#include "agent/config/http_client_section.h"
#include "agent/config/relabel_rules.h"
#include "agent/config/specs/discovery_specs.h"
#include "agent/config/target_sources.h"
#include "agent/config/tls_section.h"
#include "agent/config/url_text.h"
#include "base/utf8.h"

namespace sluice::agent {
namespace {

bool IsOneOf(std::string_view text, std::string_view choices) {
  while (true) {
    const size_t bar = choices.find('|');
    if (text == choices.substr(0, bar)) return true;
    if (bar == std::string_view::npos) return false;
    choices.remove_prefix(bar + 1);
  }
}

std::string Filled(std::string_view message, const std::string& text) {
  std::string out(message);
  if (const size_t at = out.find("%q"); at != std::string::npos) {
    out.replace(at, 2, QuoteText(text));
  } else if (const size_t raw = out.find("%s"); raw != std::string::npos) {
    out.replace(raw, 2, text);
  }
  return out;
}

std::string NullMessage(const FieldSpec& spec) {
  if (!spec.missing.empty()) return std::string(spec.missing);
  return "empty or null section in " + std::string(spec.name);
}

void CheckSections(const Value& list, const FieldSpec& spec) {
  const std::string type = "[]*" + std::string(spec.section->type);
  if (!list.HasKind(YamlNode::Kind::kSequence, type)) return;
  for (const Value& item : list.Items(type)) {
    if (item.is_null()) item.Fail(NullMessage(spec));
    CheckSection(item, *spec.section);
  }
}

void CheckTexts(const Value& map) {
  if (!map.HasKind(YamlNode::Kind::kMap, "map[string]string")) return;
  for (const auto& entry : map.Entries("map[string]string")) entry.second.Text();
}

void CheckPatterns(const Value& list, const FieldSpec& spec) {
  for (const Value& item : list.Items("[]string")) {
    const std::string path = item.Text();
    if (!IsGlobPath(path)) item.Fail(Filled(spec.refusal, path));
  }
}

void CheckUrl(const Value& value) {
  if (const auto url = ReadUrlText(value.Text()); !url.ok()) value.Fail(url.error().message);
}

void CheckFileConfigs(const Value& value, const FieldSpec& spec) {
  for (const Value& item : value.Items("[]*file.SDConfig")) {
    if (item.is_null()) item.Fail("empty or null section in " + std::string(spec.name));
    DecodeFileSd(item);
  }
}

void CheckType(const Value& value, const FieldSpec& spec) {
  switch (spec.type) {
    case FieldType::kText:
    case FieldType::kSecret:
      value.Text();
      return;
    case FieldType::kUrl:
      return CheckUrl(value);
    case FieldType::kBool:
      value.Bool();
      return;
    case FieldType::kInt:
      value.Int();
      return;
    case FieldType::kUnsigned:
      value.Unsigned(std::numeric_limits<uint64_t>::max());
      return;
    case FieldType::kNumber:
      value.Number();
      return;
    case FieldType::kDuration:
      value.Duration();
      return;
    case FieldType::kSize:
      value.Size();
      return;
    case FieldType::kTexts:
      value.Texts();
      return;
    case FieldType::kTextMap:
      return CheckTexts(value);
    case FieldType::kSection:
      return CheckSection(value, *spec.section);
    case FieldType::kSections:
      return CheckSections(value, spec);
    case FieldType::kRules:
      DecodeRules(value, spec.missing, relabel::NameScheme::kUtf8);
      return;
    case FieldType::kFilePatterns:
      return CheckPatterns(value, spec);
    case FieldType::kTls:
      if (value.HasKind(YamlNode::Kind::kMap, "config.plain")) DecodeTls(value);
      return;
    case FieldType::kStaticConfigs:
      // Whether a slash may stay depends on the rules beside.
      DecodeStaticConfigs(value, /*has_relabeling=*/true);
      return;
    case FieldType::kFileConfigs:
      return CheckFileConfigs(value, spec);
  }
}

// A text is missing when it is empty, a list when it has no items.
bool IsMissing(const std::optional<Value>& value, const FieldSpec& spec) {
  if (spec.type == FieldType::kTexts) return !value || value->node().items.empty();
  if (!value) return spec.fallback.empty();
  return value->Text().empty();
}

void CheckContent(const Fields& fields, const FieldSpec& spec) {
  const bool is_text = spec.type == FieldType::kText || spec.type == FieldType::kUrl ||
                       spec.type == FieldType::kSecret;
  if (!is_text && spec.type != FieldType::kTexts) return;
  const std::optional<Value> value = fields.Find(spec.name);
  if (!spec.missing.empty() && IsMissing(value, spec)) {
    FailAt(fields, spec.name, spec.missing);
    return;
  }
  if (spec.choices.empty()) return;
  const std::string text = value ? value->Text() : std::string(spec.fallback);
  if (!IsOneOf(text, spec.choices)) FailAt(fields, spec.name, Filled(spec.refusal, text));
}

}  // namespace

void CheckSection(const Value& value, const SectionSpec& spec) {
  if (!value.HasKind(YamlNode::Kind::kMap, spec.type)) return;
  const std::vector<std::string_view> names = NamesOf(spec.fields);
  const FieldNames http_names = spec.has_http_client ? HttpClientFields() : FieldNames();
  const std::span<const FieldSpec> discoveries =
      spec.has_discoveries ? DiscoverySpecs() : std::span<const FieldSpec>();
  const Fields fields(value, spec.type, {names, http_names, NamesOf(discoveries)});
  CheckFields(fields, spec.fields);
  CheckFields(fields, discoveries);
  if (spec.check != nullptr && !value.decoder().failed()) spec.check(fields);
  if (spec.has_http_client) DecodeHttpClient(fields, /*enable_http2=*/true);
}

void CheckFields(const Fields& fields, std::span<const FieldSpec> specs) {
  for (const FieldSpec& spec : specs) {
    if (const auto value = fields.Find(spec.name)) CheckType(*value, spec);
  }
  if (fields.map().decoder().failed()) return;
  for (const FieldSpec& spec : specs) CheckContent(fields, spec);
}

std::vector<std::string_view> NamesOf(std::span<const FieldSpec> specs) {
  std::vector<std::string_view> names;
  for (const FieldSpec& spec : specs) names.push_back(spec.name);
  return names;
}

std::string TextOf(const Fields& fields, std::string_view name) {
  std::string text;
  fields.Read(name, text);
  return text;
}

void FailAt(const Fields& fields, std::string_view name, std::string_view message) {
  fields.Find(name).value_or(fields.map()).Fail(message);
}

}  // namespace sluice::agent
