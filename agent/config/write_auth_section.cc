#include "agent/config/write_auth_section.h"

#include "agent/config/specs/write_auth_specs.h"

namespace sluice::agent {
namespace {

constexpr std::string_view kFields[] = {"sigv4"};
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
}

}  // namespace sluice::agent
