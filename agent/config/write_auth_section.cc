#include "agent/config/write_auth_section.h"

#include <string>
#include <utility>

#include "agent/config/specs/write_auth_specs.h"
#include "agent/config/target_sources.h"

namespace sluice::agent {
namespace {

constexpr std::string_view kFields[] = {"sigv4", "azuread", "google_iam"};
constexpr std::string_view kAzureAdFields[] = {
    "cloud", "managed_identity", "workload_identity", "oauth", "sdk", "certificate", "scope"};
constexpr std::string_view kAzureMethodFields[] = {"client_id",
                                                   "tenant_id",
                                                   "client_secret",
                                                   "token_file_path",
                                                   "certificate_path",
                                                   "certificate_password",
                                                   "send_certificate_chain"};
constexpr std::string_view kGoogleIamFields[] = {"credentials_file"};
constexpr std::string_view kSigV4Fields[] = {
    "region",   "access_key",  "secret_key",   "profile",
    "role_arn", "external_id", "service_name", "use_fips_sts_endpoint"};

AwsConfig DecodeSigV4(const Value& value) {
  const Fields fields(value, kSigV4Spec.type, {kSigV4Fields});
  AwsConfig config;
  fields.Read("region", config.region);
  fields.Read("access_key", config.access_key);
  config.secret_key = Secret(TextOf(fields, "secret_key"));
  fields.Read("profile", config.profile);
  fields.Read("role_arn", config.role_arn);
  fields.Read("external_id", config.external_id);
  fields.Read("use_fips_sts_endpoint", config.use_fips_sts_endpoint);
  fields.Read("service_name", config.service);
  if (config.service.empty()) config.service = "aps";
  return config;
}

// The clouds of Azure: who gives tokens there, and what Azure Monitor is called.
struct AzureCloud {
  std::string_view name;
  std::string_view authority;
  std::string_view scope;
};

constexpr AzureCloud kAzureClouds[] = {
    {"AzurePublic", "https://login.microsoftonline.com", "https://monitor.azure.com//.default"},
    {"AzureChina", "https://login.chinacloudapi.cn", "https://monitor.azure.cn//.default"},
    {"AzureGovernment", "https://login.microsoftonline.us", "https://monitor.azure.us//.default"}};

// Where the webhook of Azure Workload Identity puts it.
constexpr std::string_view kWorkloadTokenFile =
    "/var/run/secrets/azure/tokens/azure-identity-token";

// The method and what it says, with the fields of all methods: what one does not have is empty.
void DecodeAzureMethod(const Value& value, AzureMethod method, AzureConfig& config) {
  const Fields fields(value, "azuread.plain", {kAzureMethodFields});
  config.method = method;
  config.client_id = TextOf(fields, "client_id");
  config.tenant_id = TextOf(fields, "tenant_id");
  config.client_secret = Secret(TextOf(fields, "client_secret"));
  config.token_file = ResolvePath(TextOf(fields, "token_file_path"), value.decoder().file());
  config.certificate_file = ResolvePath(TextOf(fields, "certificate_path"), value.decoder().file());
  config.certificate_password = Secret(TextOf(fields, "certificate_password"));
  fields.Read("send_certificate_chain", config.send_certificate_chain);
  const bool is_workload = method == AzureMethod::kWorkloadIdentity;
  if (is_workload && config.token_file.empty()) config.token_file = kWorkloadTokenFile;
}

AzureConfig DecodeAzureAd(const Value& value) {
  constexpr std::pair<std::string_view, AzureMethod> kMethods[] = {
      {"managed_identity", AzureMethod::kManagedIdentity},
      {"workload_identity", AzureMethod::kWorkloadIdentity},
      {"oauth", AzureMethod::kClientSecret},
      {"sdk", AzureMethod::kEnvironment},
      {"certificate", AzureMethod::kCertificate}};
  const Fields fields(value, kAzureAdSpec.type, {kAzureAdFields});
  AzureConfig config;
  for (const auto& [name, method] : kMethods) {
    const auto section = fields.Find(name);
    if (section && !section->is_null()) DecodeAzureMethod(*section, method, config);
  }
  const std::string cloud = TextOf(fields, "cloud");
  for (const AzureCloud& each : kAzureClouds) {
    if (each.name != (cloud.empty() ? "AzurePublic" : cloud)) continue;
    config.authority = each.authority;
    config.scope = each.scope;
  }
  fields.Read("scope", config.scope);
  return config;
}

GoogleConfig DecodeGoogleIam(const Value& value) {
  const Fields fields(value, kGoogleIamSpec.type, {kGoogleIamFields});
  return {
      .credentials_file = ResolvePath(TextOf(fields, "credentials_file"), value.decoder().file()),
      .scope = "https://www.googleapis.com/auth/monitoring.write"};
}

// A null is as good as nothing.
std::optional<Value> FindSection(const Fields& fields, std::string_view name,
                                 const SectionSpec& spec) {
  std::optional<Value> value = fields.Find(name);
  if (!value || value->is_null()) return std::nullopt;
  CheckSection(*value, spec);
  return value;
}

}  // namespace

std::span<const std::string_view> WriteAuthFields() { return kFields; }

void DecodeWriteAuth(const Fields& fields, HttpClientConfig& config) {
  if (const auto value = FindSection(fields, "sigv4", kSigV4Spec)) config.aws = DecodeSigV4(*value);
  if (const auto value = FindSection(fields, "azuread", kAzureAdSpec)) {
    config.azure = DecodeAzureAd(*value);
  }
  if (const auto value = FindSection(fields, "google_iam", kGoogleIamSpec)) {
    config.google = DecodeGoogleIam(*value);
  }
}

}  // namespace sluice::agent
