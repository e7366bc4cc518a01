#include "agent/config/specs/write_auth_specs.h"

#include <algorithm>
#include <string>
#include <string_view>

namespace sluice::agent {
namespace {

using enum FieldType;

constexpr FieldSpec kSigV4Fields[] = {
    {kText, "region"},       {kText, "access_key"},
    {kSecret, "secret_key"}, {kText, "profile"},
    {kText, "role_arn"},     {kText, "external_id"},
    {kText, "service_name"}, {kBool, "use_fips_sts_endpoint"},
};

void CheckSigV4(const Fields& fields) {
  if (TextOf(fields, "access_key").empty() != TextOf(fields, "secret_key").empty()) {
    fields.map().Fail(
        "must provide a AWS SigV4 Access key and Secret Key if credentials are specified in the "
        "SigV4 config");
  }
  if (!TextOf(fields, "external_id").empty() && TextOf(fields, "role_arn").empty()) {
    FailAt(fields, "external_id", "external_id can only be used with role_arn");
  }
}

// In any of the forms that Go's package uuid takes.
bool IsUuid(std::string_view text) {
  constexpr std::string_view kUrn = "urn:uuid:";
  constexpr size_t kLength = 36;
  constexpr std::string_view kHex = "0123456789abcdefABCDEF";
  const auto all_hex = [&](std::string_view part) {
    return part.find_first_not_of(kHex) == std::string_view::npos;
  };
  if (text.starts_with(kUrn)) text.remove_prefix(kUrn.size());
  if (text.size() == kLength + 2 && text.front() == '{' && text.back() == '}') {
    text = text.substr(1, kLength);
  }
  if (text.size() == 32) return all_hex(text);
  if (text.size() != kLength) return false;
  for (size_t i = 0; i < kLength; ++i) {
    const bool is_dash = i == 8 || i == 13 || i == 18 || i == 23;
    if (is_dash ? text[i] != '-' : !all_hex(text.substr(i, 1))) return false;
  }
  return true;
}

bool IsAmong(std::string_view text, std::string_view others) {
  return std::all_of(text.begin(), text.end(), [others](char c) {
    const bool is_word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    return is_word || others.find(c) != std::string_view::npos;
  });
}

// What is there must be well-formed; whether it must be there says the field.
void CheckAzureIds(const Fields& fields, const std::string& method) {
  const std::string client = TextOf(fields, "client_id");
  if (!client.empty() && !IsUuid(client)) {
    FailAt(fields, "client_id", "the provided Azure " + method + " client_id is invalid");
  }
  if (method == "Managed Identity") return;
  if (!IsAmong(TextOf(fields, "tenant_id"), "-.")) {
    FailAt(fields, "tenant_id", "the provided Azure " + method + " tenant_id is invalid");
  }
}

void CheckManaged(const Fields& fields) { CheckAzureIds(fields, "Managed Identity"); }

void CheckWorkload(const Fields& fields) { CheckAzureIds(fields, "Workload Identity"); }

void CheckOAuth(const Fields& fields) { CheckAzureIds(fields, "OAuth"); }

void CheckCertificate(const Fields& fields) { CheckAzureIds(fields, "Certificate"); }

constexpr FieldSpec kManagedFields[] = {{kText, "client_id"}};
constexpr SectionSpec kManaged{
    .type = "azuread.ManagedIdentityConfig", .fields = kManagedFields, .check = &CheckManaged};

constexpr FieldSpec kWorkloadFields[] = {
    {.type = kText,
     .name = "client_id",
     .missing = "must provide an Azure Workload Identity client_id in the Azure AD config"},
    {.type = kText,
     .name = "tenant_id",
     .missing = "must provide an Azure Workload Identity tenant_id in the Azure AD config"},
    {kText, "token_file_path"},
};
constexpr SectionSpec kWorkload{
    .type = "azuread.WorkloadIdentityConfig", .fields = kWorkloadFields, .check = &CheckWorkload};

constexpr FieldSpec kOAuthFields[] = {
    {.type = kText,
     .name = "client_id",
     .missing = "must provide an Azure OAuth client_id in the Azure AD config"},
    {.type = kSecret,
     .name = "client_secret",
     .missing = "must provide an Azure OAuth client_secret in the Azure AD config"},
    {.type = kText,
     .name = "tenant_id",
     .missing = "must provide an Azure OAuth tenant_id in the Azure AD config"},
};
constexpr SectionSpec kOAuth{
    .type = "azuread.OAuthConfig", .fields = kOAuthFields, .check = &CheckOAuth};

constexpr FieldSpec kSdkFields[] = {{kText, "tenant_id"}};
constexpr SectionSpec kSdk{.type = "azuread.SDKConfig", .fields = kSdkFields, .check = &CheckOAuth};

constexpr FieldSpec kCertificateFields[] = {
    {.type = kText,
     .name = "client_id",
     .missing = "must provide an Azure Certificate client_id in the Azure AD config"},
    {.type = kText,
     .name = "certificate_path",
     .missing = "must provide an Azure Certificate certificate_path in the Azure AD config"},
    {kSecret, "certificate_password"},
    {.type = kText,
     .name = "tenant_id",
     .missing = "must provide an Azure Certificate tenant_id in the Azure AD config"},
    {kBool, "send_certificate_chain"},
};
constexpr SectionSpec kCertificate{
    .type = "azuread.CertificateConfig", .fields = kCertificateFields, .check = &CheckCertificate};

constexpr FieldSpec kAzureAdFields[] = {
    {.type = kText,
     .name = "cloud",
     .choices = "AzurePublic|AzureChina|AzureGovernment",
     .refusal = "must provide a cloud in the Azure AD config",
     .fallback = "AzurePublic"},
    {.type = kSection, .name = "managed_identity", .section = &kManaged},
    {.type = kSection, .name = "workload_identity", .section = &kWorkload},
    {.type = kSection, .name = "oauth", .section = &kOAuth},
    {.type = kSection, .name = "sdk", .section = &kSdk},
    {.type = kSection, .name = "certificate", .section = &kCertificate},
    {kText, "scope"},
};

void CheckAzureAd(const Fields& fields) {
  const std::string_view methods[] = {"managed_identity", "workload_identity", "oauth", "sdk",
                                      "certificate"};
  const auto count = std::count_if(std::begin(methods), std::end(methods), [&](auto method) {
    const auto value = fields.Find(method);
    return value && !value->is_null();
  });
  if (count == 0) {
    fields.map().Fail(
        "must provide an Azure Managed Identity, Azure Workload Identity, Azure OAuth or Azure SDK "
        "in the Azure AD config");
  }
  if (count > 1) {
    fields.map().Fail("cannot provide multiple authentication methods in the Azure AD config");
  }
  if (!IsAmong(TextOf(fields, "scope"), "_ \t\n\f\r:/.-")) {
    FailAt(fields, "scope", "the provided scope contains invalid characters");
  }
}

constexpr FieldSpec kGoogleIamFields[] = {{kText, "credentials_file"}};

}  // namespace

constexpr SectionSpec kAzureAdSpec{
    .type = "azuread.plain", .fields = kAzureAdFields, .check = &CheckAzureAd};
constexpr SectionSpec kGoogleIamSpec{.type = "googleiam.Config", .fields = kGoogleIamFields};
constexpr SectionSpec kSigV4Spec{
    .type = "sigv4.plain", .fields = kSigV4Fields, .check = &CheckSigV4};

}  // namespace sluice::agent
