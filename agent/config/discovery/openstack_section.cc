#include "agent/config/discovery/openstack_section.h"

#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "agent/config/discovery/sd_fields.h"
#include "agent/config/spec.h"

namespace sluice::agent {
namespace {

constexpr std::array<std::string_view, 18> kFields = {"identity_endpoint",
                                                      "username",
                                                      "userid",
                                                      "password",
                                                      "project_name",
                                                      "project_id",
                                                      "domain_name",
                                                      "domain_id",
                                                      "application_credential_name",
                                                      "application_credential_id",
                                                      "application_credential_secret",
                                                      "role",
                                                      "region",
                                                      "availability",
                                                      "all_tenants",
                                                      "port",
                                                      "tls_config",
                                                      "refresh_interval"};

scrape::OpenStackCredentials DecodeCredentials(const Fields& fields) {
  scrape::OpenStackCredentials credentials;
  fields.Read("identity_endpoint", credentials.identity_endpoint);
  if (credentials.identity_endpoint.empty()) return credentials;
  fields.Read("username", credentials.username);
  fields.Read("userid", credentials.user_id);
  credentials.password = Secret(TextOf(fields, "password"));
  fields.Read("project_name", credentials.project_name);
  fields.Read("project_id", credentials.project_id);
  fields.Read("domain_name", credentials.domain_name);
  fields.Read("domain_id", credentials.domain_id);
  fields.Read("application_credential_name", credentials.application_credential_name);
  fields.Read("application_credential_id", credentials.application_credential_id);
  credentials.application_credential_secret =
      Secret(TextOf(fields, "application_credential_secret"));
  return credentials;
}

// One of the three: it has been checked.
scrape::OpenStackRole DecodeRole(const Fields& fields) {
  const std::string role = TextOf(fields, "role");
  if (role == "hypervisor") return scrape::OpenStackRole::kHypervisor;
  if (role == "loadbalancer") return scrape::OpenStackRole::kLoadBalancer;
  return scrape::OpenStackRole::kInstance;
}

}  // namespace

scrape::OpenStackSdConfig DecodeOpenStackSd(const Value& value) {
  scrape::OpenStackSdConfig config;
  const Fields fields(value, "openstack.plain", {kFields});
  config.credentials = DecodeCredentials(fields);
  config.role = DecodeRole(fields);
  fields.Read("region", config.region);
  fields.Read("availability", config.availability);
  fields.Read("all_tenants", config.all_tenants);
  ReadPort(fields, config.port);
  ReadRefreshInterval(fields, config.refresh_interval);
  config.client = DecodeTlsClient(fields);
  return config;
}

}  // namespace sluice::agent
