#include "agent/config/discovery/azure_section.h"

#include <algorithm>
#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "agent/config/discovery/sd_fields.h"
#include "agent/config/header_rules.h"
#include "agent/config/http_client_section.h"
#include "agent/config/spec.h"
#include "base/environment.h"

namespace sluice::agent {
namespace {

constexpr std::array<std::string_view, 9> kFields = {
    "environment",     "authentication_method", "subscription_id", "tenant_id",
    "client_id",       "client_secret",         "resource_group",  "port",
    "refresh_interval"};

// A cloud of Azure: its Resource Manager, who gives tokens for it, and what it is called there.
struct Cloud {
  std::string_view api_url;
  std::string_view authority;
  std::string_view scope;
};

constexpr Cloud kPublic{"https://management.azure.com", "https://login.microsoftonline.com",
                        "https://management.core.windows.net//.default"};
constexpr Cloud kChina{"https://management.chinacloudapi.cn", "https://login.chinacloudapi.cn",
                       "https://management.core.chinacloudapi.cn/.default"};
constexpr Cloud kGovernment{"https://management.usgovcloudapi.net",
                            "https://login.microsoftonline.us",
                            "https://management.core.usgovcloudapi.net/.default"};

// By their names in lower case. The German cloud is gone; its name stands for the public one.
constexpr std::pair<std::string_view, const Cloud*> kClouds[] = {
    {"azurechinacloud", &kChina},        {"azurecloud", &kPublic},
    {"azuregermancloud", &kPublic},      {"azurepubliccloud", &kPublic},
    {"azureusgovernment", &kGovernment}, {"azureusgovernmentcloud", &kGovernment},
};

// Null if there is none with this name.
const Cloud* FindCloud(const std::string& name) {
  const auto* const found =
      std::find_if(std::begin(kClouds), std::end(kClouds),
                   [&](const auto& cloud) { return cloud.first == LowerAscii(name); });
  return found == std::end(kClouds) ? nullptr : found->second;
}

// One of the four: it has been checked.
AzureMethod MethodOf(const std::string& name) {
  if (name == "ManagedIdentity") return AzureMethod::kManagedIdentity;
  if (name == "SDK") return AzureMethod::kEnvironment;
  if (name == "WorkloadIdentity") return AzureMethod::kWorkloadIdentity;
  return AzureMethod::kClientSecret;
}

// What the webhook of Azure Workload Identity tells a pod by its environment.
void FillWorkloadIdentity(AzureConfig& config) {
  const Environment environment = ReadEnvironment({"AZURE_"});
  config.token_file = Variable(environment, "AZURE_FEDERATED_TOKEN_FILE");
  if (config.token_file.empty()) {
    config.token_file = "/var/run/secrets/azure/tokens/azure-identity-token";
  }
  if (config.client_id.empty()) config.client_id = Variable(environment, "AZURE_CLIENT_ID");
  if (config.tenant_id.empty()) config.tenant_id = Variable(environment, "AZURE_TENANT_ID");
}

AzureConfig DecodeCredentials(const Fields& fields, const Cloud& cloud) {
  AzureConfig config;
  config.method = MethodOf(TextOf(fields, "authentication_method"));
  config.authority = cloud.authority;
  config.scope = cloud.scope;
  config.tenant_id = TextOf(fields, "tenant_id");
  config.client_id = TextOf(fields, "client_id");
  config.client_secret = Secret(TextOf(fields, "client_secret"));
  if (config.method == AzureMethod::kWorkloadIdentity) FillWorkloadIdentity(config);
  return config;
}

}  // namespace

scrape::AzureSdConfig DecodeAzureSd(const Value& value) {
  scrape::AzureSdConfig config;
  const Fields fields(value, "azure.plain", {kFields, HttpClientFields()});
  fields.Read("environment", config.environment);
  fields.Read("subscription_id", config.subscription_id);
  fields.Read("tenant_id", config.tenant_id);
  fields.Read("resource_group", config.resource_group);
  ReadPort(fields, config.port);
  ReadRefreshInterval(fields, config.refresh_interval);
  HttpClientConfig http = DecodeHttpClientConfig(fields, /*enable_http2=*/true);
  if (const Cloud* cloud = FindCloud(config.environment)) {
    config.api_url = cloud->api_url;
    http.azure = DecodeCredentials(fields, *cloud);
  }
  config.client = std::make_shared<const HttpClient>(std::move(http));
  return config;
}

}  // namespace sluice::agent
