#include "agent/config/pending_fields.h"

#include <algorithm>
#include <string>

#include "base/duration.h"

namespace sluice::agent {
namespace {

using Kind = YamlNode::Kind;

constexpr PendingField kTopLevel[] = {
    {"rule_files", Harmless::kWarned},  {"alerting", Harmless::kWarned},
    {"remote_read", Harmless::kWarned}, {"storage", Harmless::kWarned},
    {"tracing", Harmless::kWarned},     {"otlp", Harmless::kWarned},
    {"runtime", Harmless::kWarned},     {"scrape_config_files", Harmless::kEmpty},
};

constexpr PendingField kGlobal[] = {
    {"evaluation_interval", Harmless::kWarned},
    {"rule_query_offset", Harmless::kWarned},
    {"query_log_file", Harmless::kWarned},
    {"scrape_failure_log_file", Harmless::kEmpty},
    {"metric_name_validation_scheme", Harmless::kTexts, "|utf8"},
    {"metric_name_escaping_scheme", Harmless::kTexts, "|allow-utf-8"},
    {"scrape_native_histograms", Harmless::kFalse},
    {"convert_classic_histograms_to_nhcb", Harmless::kFalse},
    {"always_scrape_classic_histograms", Harmless::kFalse},
};

constexpr PendingField kScrape[] = {
    {"scrape_native_histograms", Harmless::kFalse},
    {"always_scrape_classic_histograms", Harmless::kFalse},
    {"convert_classic_histograms_to_nhcb", Harmless::kFalse},
    {"scrape_failure_log_file", Harmless::kEmpty},
    {"native_histogram_bucket_limit", Harmless::kZero},
    {"native_histogram_min_bucket_factor", Harmless::kZero},
    {"metric_name_validation_scheme", Harmless::kTexts, "|utf8"},
    {"metric_name_escaping_scheme", Harmless::kTexts, "|allow-utf-8"},
    {"aws_sd_configs"},
    {"azure_sd_configs"},
    {"consul_sd_configs"},
    {"digitalocean_sd_configs"},
    {"dns_sd_configs"},
    {"docker_sd_configs"},
    {"dockerswarm_sd_configs"},
    {"ec2_sd_configs"},
    {"eureka_sd_configs"},
    {"gce_sd_configs"},
    {"hetzner_sd_configs"},
    {"http_sd_configs"},
    {"ionos_sd_configs"},
    {"kubernetes_sd_configs"},
    {"kuma_sd_configs"},
    {"lightsail_sd_configs"},
    {"linode_sd_configs"},
    {"marathon_sd_configs"},
    {"nerve_sd_configs"},
    {"nomad_sd_configs"},
    {"oci_sd_configs"},
    {"openstack_sd_configs"},
    {"outscale_sd_configs"},
    {"ovhcloud_sd_configs"},
    {"puppetdb_sd_configs"},
    {"scaleway_sd_configs"},
    {"serverset_sd_configs"},
    {"stackit_sd_configs"},
    {"triton_sd_configs"},
    {"uyuni_sd_configs"},
    {"vultr_sd_configs"},
};

constexpr PendingField kRemoteWrite[] = {
    {"protobuf_message", Harmless::kTexts, "|prometheus.WriteRequest"},
    {"round_robin_dns", Harmless::kFalse},
    {"failed_request_logging", Harmless::kFalse},
    {"sigv4"},
    {"azuread"},
    {"google_iam"},
};

constexpr PendingField kQueue[] = {
    {"sample_age_limit", Harmless::kZero},
};

bool IsZero(const Value& value) {
  const YamlNode& node = value.node();
  if (node.kind == Kind::kNull) return true;
  if (node.kind != Kind::kScalar) return false;
  // "0", "0.0", "0s", "0B".
  const size_t digits = node.scalar.find_first_not_of("0.");
  const std::string_view unit = digits == std::string::npos
                                    ? std::string_view()
                                    : std::string_view(node.scalar).substr(digits);
  const bool has_zero = !node.scalar.empty() && node.scalar[0] == '0';
  const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  return has_zero && std::all_of(unit.begin(), unit.end(), is_letter);
}

bool IsEmpty(const YamlNode& node) {
  switch (node.kind) {
    case Kind::kNull:
      return true;
    case Kind::kScalar:
      return node.scalar.empty() ||
             (!node.quoted && (node.scalar == "false" || node.scalar == "0"));
    case Kind::kSequence:
      return node.items.empty();
    case Kind::kMap:
      return std::all_of(node.entries.begin(), node.entries.end(),
                         [](const auto& entry) { return IsEmpty(entry.second); });
  }
  return false;
}

bool IsOneOf(std::string_view text, std::string_view texts) {
  while (true) {
    const size_t bar = texts.find('|');
    if (text == texts.substr(0, bar)) return true;
    if (bar == std::string_view::npos) return false;
    texts.remove_prefix(bar + 1);
  }
}

// Whether the value changes nothing. Warns where that needs saying.
bool IsHarmless(const PendingField& field, const Value& value) {
  const std::string no_effect = "has no effect in an agent and is ignored";
  switch (field.harmless) {
    case Harmless::kWarned:
      value.Warn(no_effect);
      return true;
    case Harmless::kFalse:
      return !value.Bool();
    case Harmless::kZero:
      return IsZero(value);
    case Harmless::kEmpty:
      return IsEmpty(value.node());
    case Harmless::kTexts:
      return IsOneOf(value.Text(), field.texts);
  }
  return false;
}

}  // namespace

std::span<const PendingField> PendingTopLevelFields() { return kTopLevel; }

std::span<const PendingField> PendingGlobalFields() { return kGlobal; }

std::span<const PendingField> PendingScrapeFields() { return kScrape; }

std::span<const PendingField> PendingRemoteWriteFields() { return kRemoteWrite; }

std::span<const PendingField> PendingQueueFields() { return kQueue; }

std::vector<std::string_view> NamesOf(std::span<const PendingField> table) {
  std::vector<std::string_view> names;
  for (const PendingField& field : table) names.push_back(field.name);
  return names;
}

void CheckPendingFields(const Fields& fields, std::span<const PendingField> table) {
  for (const PendingField& field : table) {
    const std::optional<Value> value = fields.Find(field.name);
    if (!value.has_value() || IsHarmless(field, *value)) continue;
    value->Fail("field " + std::string(field.name) + " is not supported yet");
  }
}

}  // namespace sluice::agent
