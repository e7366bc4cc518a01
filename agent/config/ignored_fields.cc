#include "agent/config/ignored_fields.h"

#include "agent/config/specs/server_specs.h"

namespace sluice::agent {
namespace {

using enum FieldType;

constexpr FieldSpec kTopLevel[] = {
    {.type = kFilePatterns, .name = "rule_files", .refusal = "invalid rule file path %q"},
    {.type = kSection, .name = "alerting", .section = &kAlertingSpec},
    {.type = kSections,
     .name = "remote_read",
     .missing = "empty or null remote read config section",
     .section = &kRemoteReadSpec},
    {.type = kSection, .name = "storage", .section = &kStorageSpec},
    {.type = kSection, .name = "tracing", .section = &kTracingSpec},
    {.type = kSection, .name = "otlp", .section = &kOtlpSpec},
    {.type = kSection, .name = "runtime", .section = &kRuntimeSpec},
};

constexpr FieldSpec kGlobal[] = {
    {kDuration, "evaluation_interval"},
    {kDuration, "rule_query_offset"},
    {kText, "query_log_file"},
};

}  // namespace

std::span<const FieldSpec> IgnoredTopLevelFields() { return kTopLevel; }

std::span<const FieldSpec> IgnoredGlobalFields() { return kGlobal; }

void CheckIgnoredFields(const Fields& fields, std::span<const FieldSpec> table) {
  CheckFields(fields, table);
  for (const FieldSpec& field : table) {
    if (const auto value = fields.Find(field.name)) {
      value->Warn("has no effect in an agent and is ignored");
    }
  }
}

}  // namespace sluice::agent
