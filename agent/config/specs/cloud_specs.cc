#include <initializer_list>
#include <string>

#include "agent/config/specs/discovery_sections.h"
#include "agent/config/url_text.h"
#include "base/utf8.h"

namespace sluice::agent {
namespace {

using enum FieldType;

constexpr FieldSpec kEc2FilterFields[] = {{kText, "name"}, {kTexts, "values"}};
constexpr SectionSpec kEc2Filter{.type = "aws.EC2Filter", .fields = kEc2FilterFields};

void CheckEc2Filters(const Fields& fields) {
  const auto filters = fields.Find("filters");
  if (!filters) return;
  for (const Value& filter : filters->Items("[]*aws.EC2Filter")) {
    const auto values = Fields(filter, kEc2Filter.type, {NamesOf(kEc2FilterFields)}).Find("values");
    if (!values || values->node().items.empty()) {
      filter.Fail("EC2 SD configuration filter values cannot be empty");
    }
  }
}

constexpr FieldSpec kAwsFields[] = {
    {.type = kText,
     .name = "role",
     .choices = "ec2|lightsail|ecs|msk|elasticache|rds",
     .refusal = "unknown AWS SD role %q"},
    {kText, "region"},
    {kText, "endpoint"},
    {kText, "access_key"},
    {kSecret, "secret_key"},
    {kText, "profile"},
    {kText, "role_arn"},
    {kText, "external_id"},
    {kInt, "port"},
    {kDuration, "refresh_interval"},
    {.type = kSections, .name = "filters", .section = &kEc2Filter},
    {kTexts, "clusters"},
    {kInt, "request_concurrency"},
};

constexpr FieldSpec kEc2Fields[] = {
    {kText, "region"},
    {kText, "endpoint"},
    {kText, "access_key"},
    {kSecret, "secret_key"},
    {kText, "profile"},
    {kText, "role_arn"},
    {kText, "external_id"},
    {kInt, "port"},
    {kDuration, "refresh_interval"},
    {.type = kSections, .name = "filters", .section = &kEc2Filter},
};

constexpr FieldSpec kLightsailFields[] = {
    {kText, "region"},       {kText, "endpoint"}, {kText, "access_key"},
    {kSecret, "secret_key"}, {kText, "profile"},  {kText, "role_arn"},
    {kText, "external_id"},  {kInt, "port"},      {kDuration, "refresh_interval"},
};

constexpr FieldSpec kAzureFields[] = {
    {kText, "environment"},
    {kText, "authentication_method"},
    {.type = kText,
     .name = "subscription_id",
     .missing = "azure SD configuration requires a subscription_id"},
    {kText, "tenant_id"},
    {kText, "client_id"},
    {kSecret, "client_secret"},
    {kText, "resource_group"},
    {kInt, "port"},
    {kDuration, "refresh_interval"},
};

void CheckAzure(const Fields& fields) {
  const auto given = fields.Find("authentication_method");
  const std::string method = given ? given->Text() : "OAuth";
  if (method == "OAuth") {
    for (const std::string_view name : {"tenant_id", "client_id", "client_secret"}) {
      if (!TextOf(fields, name).empty()) continue;
      FailAt(fields, name, "azure SD configuration requires a " + std::string(name));
    }
  } else if (method != "ManagedIdentity" && method != "SDK" && method != "WorkloadIdentity") {
    FailAt(fields, "authentication_method",
           "unknown authentication_type " + QuoteText(method) +
               R"(. Supported types are "OAuth", "ManagedIdentity", "SDK" or "WorkloadIdentity")");
  }
}

constexpr FieldSpec kDigitalOceanFields[] = {
    {.type = kText,
     .name = "role",
     .choices = "droplets|databases",
     .refusal = "unknown DigitalOcean SD role %q",
     .fallback = "droplets"},
    {kInt, "port"},
    {kDuration, "refresh_interval"},
};

constexpr FieldSpec kGceFields[] = {
    {.type = kText, .name = "project", .missing = "GCE SD configuration requires a project"},
    {.type = kText, .name = "zone", .missing = "GCE SD configuration requires a zone"},
    {kText, "filter"},
    {kInt, "port"},
    {kText, "tag_separator"},
    {kDuration, "refresh_interval"},
};

constexpr FieldSpec kHetznerFields[] = {
    {.type = kText,
     .name = "role",
     .missing = "role missing (one of: robot, hcloud)",
     .choices = "robot|hcloud",
     .refusal = "unknown role %q"},
    {kInt, "port"},
    {kText, "label_selector"},
    {kDuration, "refresh_interval"},
};

constexpr FieldSpec kIonosFields[] = {
    {.type = kText, .name = "datacenter_id", .missing = "datacenter id can't be empty"},
    {kInt, "port"},
    {kDuration, "refresh_interval"},
};

constexpr FieldSpec kLinodeFields[] = {
    {kInt, "port"},
    {kText, "tag_separator"},
    {kText, "region"},
    {kDuration, "refresh_interval"},
};

constexpr FieldSpec kOciFields[] = {
    {.type = kText, .name = "region", .missing = "oci_sd: region is required"},
    {.type = kText,
     .name = "auth",
     .choices = "api_key|instance_principal",
     .refusal = R"(oci_sd: unknown auth method %q, expected "api_key" or "instance_principal")",
     .fallback = "api_key"},
    {kText, "tenancy"},
    {kText, "user"},
    {kText, "fingerprint"},
    {kText, "key_file"},
    {kSecret, "key_passphrase"},
    {kText, "key_passphrase_file"},
    {kTexts, "compartments"},
    {kInt, "port"},
    {kDuration, "refresh_interval"},
};

void CheckOciKey(const Fields& fields) {
  for (const std::string_view name : {"tenancy", "user", "fingerprint", "key_file"}) {
    if (!TextOf(fields, name).empty()) continue;
    FailAt(fields, name, "oci_sd: api_key auth requires " + std::string(name));
  }
  if (!TextOf(fields, "key_passphrase").empty() && !TextOf(fields, "key_passphrase_file").empty()) {
    fields.map().Fail(
        "oci_sd: at most one of key_passphrase and key_passphrase_file must be configured");
  }
}

void CheckOci(const Fields& fields) {
  const auto auth = fields.Find("auth");
  if (!auth || auth->Text() == "api_key") {
    CheckOciKey(fields);
  } else {
    for (const std::string_view name :
         {"tenancy", "user", "fingerprint", "key_file", "key_passphrase", "key_passphrase_file"}) {
      if (TextOf(fields, name).empty()) continue;
      FailAt(fields, name,
             "oci_sd: instance_principal auth must not have tenancy, user, fingerprint, key_file, "
             "key_passphrase, or key_passphrase_file set");
    }
  }
  if (const auto compartments = fields.Find("compartments")) {
    size_t index = 0;
    for (const std::string& id : compartments->Texts()) {
      const std::string number = std::to_string(index++);
      if (id.empty()) {
        compartments->Fail("oci_sd: compartments[" + number + "] must not be empty");
      }
    }
  }
  const auto interval = fields.Find("refresh_interval");
  if (interval && interval->Duration().count() == 0) {
    interval->Fail("oci_sd: refresh_interval must be positive, got 0s");
  }
}

constexpr FieldSpec kOpenStackFields[] = {
    {.type = kText,
     .name = "availability",
     .choices = "admin|internal|public",
     .refusal = "unknown availability %s, must be one of admin, internal or public",
     .fallback = "public"},
    {.type = kText,
     .name = "role",
     .missing = "role missing (one of: instance, hypervisor, loadbalancer)",
     .choices = "instance|hypervisor|loadbalancer",
     .refusal = "unknown OpenStack SD role %q"},
    {.type = kText, .name = "region", .missing = "openstack SD configuration requires a region"},
    {kText, "identity_endpoint"},
    {kText, "username"},
    {kText, "userid"},
    {kSecret, "password"},
    {kText, "project_name"},
    {kText, "project_id"},
    {kText, "domain_name"},
    {kText, "domain_id"},
    {kText, "application_credential_name"},
    {kText, "application_credential_id"},
    {kSecret, "application_credential_secret"},
    {kBool, "all_tenants"},
    {kInt, "port"},
    {kTls, "tls_config"},
    {kDuration, "refresh_interval"},
};

void CheckSecretKey(const Fields& fields) {
  const bool has_key = !TextOf(fields, "secret_key").empty();
  const bool has_file = !TextOf(fields, "secret_key_file").empty();
  if (!has_key && !has_file) {
    fields.map().Fail("one of secret_key & secret_key_file must be configured");
  }
  if (has_key && has_file) {
    fields.map().Fail("at most one of secret_key & secret_key_file must be configured");
  }
}

constexpr FieldSpec kOutscaleFields[] = {
    {.type = kText,
     .name = "region",
     .missing = "outscale SD configuration requires a region",
     .fallback = "eu-west-2"},
    {.type = kText,
     .name = "access_key",
     .missing = "outscale SD configuration requires access_key"},
    {kSecret, "secret_key"},
    {kText, "secret_key_file"},
    {kText, "endpoint"},
    {kInt, "port"},
    {kDuration, "refresh_interval"},
};

constexpr FieldSpec kOvhCloudFields[] = {
    {.type = kText,
     .name = "endpoint",
     .missing = "endpoint can not be empty",
     .fallback = "ovh-eu"},
    {.type = kText, .name = "application_key", .missing = "application key can not be empty"},
    {.type = kSecret,
     .name = "application_secret",
     .missing = "application secret can not be empty"},
    {.type = kSecret, .name = "consumer_key", .missing = "consumer key can not be empty"},
    {.type = kText,
     .name = "service",
     .choices = "dedicated_server|vps",
     .refusal = "unknown service: %s"},
    {kDuration, "refresh_interval"},
};

constexpr FieldSpec kScalewayFields[] = {
    {.type = kText,
     .name = "role",
     .missing = "role missing (one of: instance, baremetal)",
     .choices = "instance|baremetal",
     .refusal = "unknown role %q"},
    {.type = kText, .name = "project_id", .missing = "project_id is mandatory"},
    {kText, "access_key"},
    {kSecret, "secret_key"},
    {kText, "secret_key_file"},
    {kUrl, "api_url"},
    {kText, "zone"},
    {kText, "name_filter"},
    {kTexts, "tags_filter"},
    {kInt, "port"},
    {kDuration, "refresh_interval"},
};

void CheckScaleway(const Fields& fields) {
  CheckSecretKey(fields);
  if (TextOf(fields, "access_key").empty()) {
    FailAt(fields, "access_key", "access_key is mandatory");
  }
}

constexpr FieldSpec kStackitFields[] = {
    {kText, "project"},
    {kText, "region"},
    {kText, "endpoint"},
    {kSecret, "service_account_key"},
    {kSecret, "private_key"},
    {kText, "service_account_key_path"},
    {kText, "private_key_path"},
    {kText, "credentials_file_path"},
    {kInt, "port"},
    {kDuration, "refresh_interval"},
};

void CheckStackit(const Fields& fields) {
  const std::string endpoint = TextOf(fields, "endpoint");
  const auto region = fields.Find("region");
  if (endpoint.empty() && region && region->Text().empty()) {
    fields.map().Fail("stackit_sd: endpoint and region missing");
  }
  if (const auto url = ReadUrlText(endpoint); !url.ok()) {
    FailAt(fields, "endpoint", "stackit_sd: invalid endpoint: " + url.error().message);
  }
}

constexpr FieldSpec kVultrFields[] = {
    {kInt, "port"},
    {kDuration, "refresh_interval"},
};

}  // namespace

constexpr SectionSpec kAwsSpec{
    .type = "aws.plain", .fields = kAwsFields, .has_http_client = true, .check = &CheckEc2Filters};
constexpr SectionSpec kAzureSpec{
    .type = "azure.plain", .fields = kAzureFields, .has_http_client = true, .check = &CheckAzure};
constexpr SectionSpec kDigitalOceanSpec{
    .type = "digitalocean.plain", .fields = kDigitalOceanFields, .has_http_client = true};
constexpr SectionSpec kEc2Spec{
    .type = "aws.plain", .fields = kEc2Fields, .has_http_client = true, .check = &CheckEc2Filters};
constexpr SectionSpec kGceSpec{.type = "gce.plain", .fields = kGceFields};
constexpr SectionSpec kHetznerSpec{
    .type = "hetzner.plain", .fields = kHetznerFields, .has_http_client = true};
constexpr SectionSpec kIonosSpec{
    .type = "ionos.plain", .fields = kIonosFields, .has_http_client = true};
constexpr SectionSpec kLightsailSpec{
    .type = "aws.plain", .fields = kLightsailFields, .has_http_client = true};
constexpr SectionSpec kLinodeSpec{
    .type = "linode.plain", .fields = kLinodeFields, .has_http_client = true};
constexpr SectionSpec kOciSpec{
    .type = "oci.plain", .fields = kOciFields, .has_http_client = true, .check = &CheckOci};
constexpr SectionSpec kOpenStackSpec{.type = "openstack.plain", .fields = kOpenStackFields};
constexpr SectionSpec kOutscaleSpec{.type = "outscale.plain",
                                    .fields = kOutscaleFields,
                                    .has_http_client = true,
                                    .check = &CheckSecretKey};
constexpr SectionSpec kOvhCloudSpec{.type = "ovhcloud.plain", .fields = kOvhCloudFields};
constexpr SectionSpec kScalewaySpec{.type = "scaleway.plain",
                                    .fields = kScalewayFields,
                                    .has_http_client = true,
                                    .check = &CheckScaleway};
constexpr SectionSpec kStackitSpec{.type = "stackit.plain",
                                   .fields = kStackitFields,
                                   .has_http_client = true,
                                   .check = &CheckStackit};
constexpr SectionSpec kVultrSpec{
    .type = "vultr.plain", .fields = kVultrFields, .has_http_client = true};

}  // namespace sluice::agent
