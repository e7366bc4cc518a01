#include "agent/config/secret_fields.h"

#include <algorithm>
#include <array>
#include <set>
#include <span>
#include <string>

#include "agent/config/specs/discovery_specs.h"
#include "agent/config/specs/server_specs.h"
#include "agent/config/specs/write_auth_specs.h"

namespace sluice::agent {
namespace {

// Those of the HTTP client and of remote_write.
constexpr std::string_view kSecrets[] = {
    "password", "credentials",     "bearer_token", "client_secret", "client_certificate_key",
    "claims",   "endpoint_params", "key",          "secrets",       "proxy_connect_header",
    "headers"};
constexpr std::string_view kUrls[] = {
    "url",     "proxy_url", "token_url", "endpoint",          "server",
    "servers", "host",      "api_url",   "identity_endpoint", "api_server"};

bool IsAmong(std::string_view name, std::span<const std::string_view> names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

bool HasSecret(std::span<const FieldSpec> specs, std::string_view name) {
  return std::any_of(specs.begin(), specs.end(), [name](const FieldSpec& spec) {
    if (spec.section != nullptr) return HasSecret(spec.section->fields, name);
    return spec.type == FieldType::kSecret && spec.name == name;
  });
}

}  // namespace

bool IsSecretField(std::string_view name) {
  if (IsAmong(name, kSecrets) || HasSecret(DiscoverySpecs(), name)) return true;
  const SectionSpec* const sections[] = {&kAlertingSpec, &kRemoteReadSpec, &kTracingSpec,
                                         &kAzureAdSpec,  &kGoogleIamSpec,  &kSigV4Spec};
  return std::any_of(std::begin(sections), std::end(sections), [name](const SectionSpec* section) {
    return HasSecret(section->fields, name);
  });
}

bool IsUrlField(std::string_view name) { return IsAmong(name, kUrls); }

}  // namespace sluice::agent
