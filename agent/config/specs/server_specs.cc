#include "agent/config/specs/server_specs.h"

#include <set>
#include <string>

#include "agent/config/headers_section.h"
#include "agent/config/http_client_section.h"
#include "agent/config/specs/write_auth_specs.h"
#include "agent/config/target_sources.h"
#include "base/utf8.h"

namespace sluice::agent {
namespace {

using enum FieldType;

constexpr FieldSpec kAlertmanagerFields[] = {
    {.type = kText,
     .name = "api_version",
     .choices = "v2",
     .refusal = "expected Alertmanager api version to be one of [v2] but got %s",
     .fallback = "v2"},
    {kText, "scheme"},
    {kText, "path_prefix"},
    {kDuration, "timeout"},
    {.type = kRules,
     .name = "relabel_configs",
     .missing = "empty or null Alertmanager target relabeling rule"},
    {.type = kRules,
     .name = "alert_relabel_configs",
     .missing = "empty or null Alertmanager alert relabeling rule"},
    {kStaticConfigs, "static_configs"},
    {.type = kSection, .name = "sigv4", .section = &kSigV4Spec},
};

void CheckAlertmanager(const Fields& fields) {
  const auto groups = fields.Find("static_configs");
  const auto rules = fields.Find("relabel_configs");
  const bool has_relabeling = rules && !rules->node().items.empty();
  if (groups) DecodeStaticConfigs(*groups, has_relabeling);
}

constexpr SectionSpec kAlertmanager{.type = "config.plain",
                                    .fields = kAlertmanagerFields,
                                    .has_http_client = true,
                                    .has_discoveries = true,
                                    .check = &CheckAlertmanager};

constexpr FieldSpec kAlertingFields[] = {
    {.type = kRules,
     .name = "alert_relabel_configs",
     .missing = "empty or null alert relabeling rule"},
    {.type = kSections, .name = "alertmanagers", .section = &kAlertmanager},
};

constexpr FieldSpec kRemoteReadFields[] = {
    {.type = kUrl, .name = "url", .missing = "url for remote_read is empty"},
    {kDuration, "remote_timeout"},
    {kUnsigned, "chunked_read_limit"},
    {kTextMap, "headers"},
    {kBool, "read_recent"},
    {kText, "name"},
    {kTextMap, "required_matchers"},
    {kBool, "filter_external_labels"},
};

void CheckRemoteRead(const Fields& fields) {
  if (const auto headers = fields.Find("headers")) DecodeHeaders(*headers);
}

constexpr FieldSpec kChunkEncodingFields[] = {{kText, "floats"}};

void CheckChunkEncoding(const Fields& fields) {
  const auto floats = fields.Find("floats");
  if (!floats || floats->is_null()) return;
  const std::string name = floats->Text();
  if (name.empty() || name == "xor" || name == "xor2") return;
  floats->Fail(
      "'storage.tsdb.chunk_encoding.floats' must be 'xor' or 'xor2', or the field must be omitted "
      "entirely, got " +
      QuoteText(name));
}

constexpr SectionSpec kChunkEncoding{.type = "config.TSDBChunkEncodingConfig",
                                     .fields = kChunkEncodingFields,
                                     .check = &CheckChunkEncoding};

// The size may have a sign, only to be refused for it.
constexpr FieldSpec kRetentionFields[] = {
    {kDuration, "time"},
    {kText, "size"},
    {kNumber, "percentage"},
};

void CheckRetention(const Fields& fields) {
  if (const auto size = fields.Find("size")) {
    if (size->Text().substr(0, 1) == "-") {
      size->Fail("'storage.tsdb.retention.size' must be greater than or equal to 0");
    }
    static_cast<void>(size->Size());
  }
  const auto percentage = fields.Find("percentage");
  if (percentage && (percentage->Number() < 0 || percentage->Number() > 100)) {
    percentage->Fail("'storage.tsdb.retention.percentage' must be in the range [0, 100]");
  }
}

constexpr SectionSpec kRetention{
    .type = "config.TSDBRetentionConfig", .fields = kRetentionFields, .check = &CheckRetention};

constexpr FieldSpec kTsdbFields[] = {
    {kDuration, "out_of_order_time_window"},
    {kNumber, "stale_series_compaction_threshold"},
    {.type = kSection, .name = "chunk_encoding", .section = &kChunkEncoding},
    {.type = kSection, .name = "retention", .section = &kRetention},
};
constexpr SectionSpec kTsdb{.type = "config.plain", .fields = kTsdbFields};

constexpr FieldSpec kExemplarsFields[] = {{kInt, "max_exemplars"}};
constexpr SectionSpec kExemplars{.type = "config.ExemplarsConfig", .fields = kExemplarsFields};

constexpr FieldSpec kStorageFields[] = {
    {.type = kSection, .name = "tsdb", .section = &kTsdb},
    {.type = kSection, .name = "exemplars", .section = &kExemplars},
};

constexpr FieldSpec kTracingFields[] = {
    {.type = kText,
     .name = "client_type",
     .choices = "http|grpc",
     .refusal = "expected tracing client type to be to be http or grpc, but got %s",
     .fallback = "grpc"},
    {.type = kText, .name = "endpoint", .missing = "tracing endpoint must be set"},
    {kNumber, "sampling_fraction"},
    {kBool, "insecure"},
    {kTls, "tls_config"},
    {kTextMap, "headers"},
    {.type = kText,
     .name = "compression",
     .choices = "|gzip",
     .refusal = "invalid compression type %s provided, valid options: gzip"},
    {kDuration, "timeout"},
};

void CheckTracing(const Fields& fields) {
  if (const auto headers = fields.Find("headers")) {
    DecodeHeaders(*headers, "custom authorization header configuration is not yet supported");
  }
}

constexpr FieldSpec kOtlpFields[] = {
    {kBool, "promote_all_resource_attributes"},
    {kTexts, "promote_resource_attributes"},
    {kTexts, "ignore_resource_attributes"},
    {.type = kText,
     .name = "translation_strategy",
     .choices = "|UnderscoreEscapingWithSuffixes|UnderscoreEscapingWithoutSuffixes|"
                "NoUTF8EscapingWithSuffixes|NoTranslation",
     .refusal = "unsupported OTLP translation strategy %q"},
    {kBool, "keep_identifying_resource_attributes"},
    {kBool, "convert_histograms_to_nhcb"},
    {kBool, "promote_scope_metadata"},
    {kBool, "label_name_underscore_sanitization"},
    {kBool, "label_name_preserve_multiple_underscores"},
};

// All that is wrong with the list, as Prometheus says it in one message.
void CheckAttributes(const Value& list, const std::string& name, const std::string& what) {
  std::set<std::string> seen;
  std::string problems;
  for (const std::string& attribute : list.Texts()) {
    const size_t first = attribute.find_first_not_of(' ');
    if (first == std::string::npos) {
      problems += " empty " + what + " OTel resource attribute";
      continue;
    }
    const std::string trimmed =
        attribute.substr(first, attribute.find_last_not_of(' ') - first + 1);
    if (seen.insert(trimmed).second) continue;
    problems += " duplicated " + what + " OTel resource attribute " + QuoteText(trimmed);
  }
  if (!problems.empty()) list.Fail("invalid '" + name + "':" + problems);
}

void CheckOtlp(const Fields& fields) {
  bool all = false;
  fields.Read("promote_all_resource_attributes", all);
  const auto promoted = fields.Find("promote_resource_attributes");
  const auto ignored = fields.Find("ignore_resource_attributes");
  if (all && promoted && !promoted->node().items.empty()) {
    promoted->Fail(
        "'promote_all_resource_attributes' and 'promote_resource_attributes' cannot be configured "
        "simultaneously");
  }
  if (!all && ignored && !ignored->node().items.empty()) {
    ignored->Fail(
        "'ignore_resource_attributes' cannot be configured unless "
        "'promote_all_resource_attributes' is true");
  }
  if (promoted) CheckAttributes(*promoted, "promote_resource_attributes", "promoted");
  if (ignored) CheckAttributes(*ignored, "ignore_resource_attributes", "ignored");
}

constexpr FieldSpec kRuntimeFields[] = {{kInt, "gogc"}};

}  // namespace

constexpr SectionSpec kAlertingSpec{.type = "config.plain", .fields = kAlertingFields};
constexpr SectionSpec kOtlpSpec{.type = "config.plain", .fields = kOtlpFields, .check = &CheckOtlp};
constexpr SectionSpec kRemoteReadSpec{.type = "config.plain",
                                      .fields = kRemoteReadFields,
                                      .has_http_client = true,
                                      .check = &CheckRemoteRead};
constexpr SectionSpec kRuntimeSpec{.type = "config.RuntimeConfig", .fields = kRuntimeFields};
constexpr SectionSpec kStorageSpec{.type = "config.StorageConfig", .fields = kStorageFields};
constexpr SectionSpec kTracingSpec{
    .type = "config.plain", .fields = kTracingFields, .check = &CheckTracing};

void CheckOtlpNames(const Value& otlp, relabel::NameScheme scheme) {
  if (scheme == relabel::NameScheme::kUtf8) return;
  const Fields fields(otlp, kOtlpSpec.type, {NamesOf(kOtlpFields)});
  const std::string strategy = TextOf(fields, "translation_strategy");
  if (strategy != "NoTranslation" && strategy != "NoUTF8EscapingWithSuffixes") return;
  FailAt(
      fields, "translation_strategy",
      "OTLP translation strategy " + QuoteText(strategy) + " is not allowed when UTF8 is disabled");
}

void CheckRemoteReadNames(const Value& list) {
  std::set<std::string> names;
  for (const Value& item : list.Items("[]*config.RemoteReadConfig")) {
    if (item.node().kind != YamlNode::Kind::kMap) continue;
    const Fields fields(item, kRemoteReadSpec.type,
                        {NamesOf(kRemoteReadFields), HttpClientFields()});
    const std::string name = TextOf(fields, "name");
    if (name.empty() || names.insert(name).second) continue;
    item.Fail("found multiple remote read configs with job name " + QuoteText(name));
  }
}

}  // namespace sluice::agent
