#include "agent/config/specs/write_auth_specs.h"

#include <algorithm>
#include <string>

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

constexpr FieldSpec kManagedFields[] = {{kText, "client_id"}};
constexpr SectionSpec kManaged{.type = "azuread.ManagedIdentityConfig", .fields = kManagedFields};

constexpr FieldSpec kWorkloadFields[] = {
    {.type = kText,
     .name = "client_id",
     .missing = "must provide an Azure Workload Identity client_id in the Azure AD config"},
    {.type = kText,
     .name = "tenant_id",
     .missing = "must provide an Azure Workload Identity tenant_id in the Azure AD config"},
    {kText, "token_file_path"},
};
constexpr SectionSpec kWorkload{.type = "azuread.WorkloadIdentityConfig",
                                .fields = kWorkloadFields};

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
constexpr SectionSpec kOAuth{.type = "azuread.OAuthConfig", .fields = kOAuthFields};

constexpr FieldSpec kSdkFields[] = {{kText, "tenant_id"}};
constexpr SectionSpec kSdk{.type = "azuread.SDKConfig", .fields = kSdkFields};

constexpr FieldSpec kCertificateFields[] = {
    {kText, "client_id"}, {kText, "certificate_path"},       {kSecret, "certificate_password"},
    {kText, "tenant_id"}, {kBool, "send_certificate_chain"},
};
constexpr SectionSpec kCertificate{.type = "azuread.CertificateConfig",
                                   .fields = kCertificateFields};

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
}

constexpr FieldSpec kGoogleIamFields[] = {{kText, "credentials_file"}};

}  // namespace

constexpr SectionSpec kAzureAdSpec{
    .type = "azuread.plain", .fields = kAzureAdFields, .check = &CheckAzureAd};
constexpr SectionSpec kGoogleIamSpec{.type = "googleiam.Config", .fields = kGoogleIamFields};
constexpr SectionSpec kSigV4Spec{
    .type = "sigv4.plain", .fields = kSigV4Fields, .check = &CheckSigV4};

}  // namespace sluice::agent
