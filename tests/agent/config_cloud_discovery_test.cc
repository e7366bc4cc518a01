// The `*_sd_configs` of clouds: values, defaults and refusals.
#include <chrono>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "discovery_configs.h"

namespace sluice::agent {
namespace {

using std::chrono::milliseconds;
using test::CheckRefusals;
using test::Only;

TEST_CASE("openstack_sd_configs are read", "[agent]") {
  const auto config =
      Only<scrape::OpenStackSdConfig>("openstack_sd_configs: [{role: instance, region: r}]");
  CHECK(config.role == scrape::OpenStackRole::kInstance);
  CHECK(config.region == "r");
  CHECK(config.availability == "public");
  CHECK_FALSE(config.all_tenants);
  CHECK(config.port == 80);
  CHECK(config.refresh_interval == milliseconds(60'000));
  const auto other = Only<scrape::OpenStackSdConfig>(
      "openstack_sd_configs: [{identity_endpoint: 'http://k/v3', username: u, userid: ui, "
      "password: p, project_name: pn, project_id: pi, domain_name: dn, domain_id: di, "
      "application_credential_name: an, application_credential_id: ai, "
      "application_credential_secret: as, role: loadbalancer, region: r, availability: internal, "
      "all_tenants: true, port: 9, tls_config: {insecure_skip_verify: true}, refresh_interval: "
      "1s}]");
  CHECK(other.credentials.identity_endpoint == "http://k/v3");
  CHECK(other.credentials.username == "u");
  CHECK(other.credentials.user_id == "ui");
  CHECK(other.credentials.password.Reveal() == "p");
  CHECK(other.credentials.project_name == "pn");
  CHECK(other.credentials.project_id == "pi");
  CHECK(other.credentials.domain_name == "dn");
  CHECK(other.credentials.domain_id == "di");
  CHECK(other.credentials.application_credential_name == "an");
  CHECK(other.credentials.application_credential_id == "ai");
  CHECK(other.credentials.application_credential_secret.Reveal() == "as");
  CHECK(other.role == scrape::OpenStackRole::kLoadBalancer);
  CHECK(other.availability == "internal");
  CHECK(other.all_tenants);
  CHECK(other.port == 9);
  CHECK(other.client->config().tls.insecure_skip_verify);
  CHECK(other.refresh_interval == milliseconds(1000));
  // Without an endpoint all of it comes from the environment.
  CHECK(Only<scrape::OpenStackSdConfig>(
            "openstack_sd_configs: [{role: hypervisor, region: r, username: u}]")
            .credentials.username.empty());
  CheckRefusals("openstack_sd_configs",
                {{"{region: r}", "role missing (one of: instance, hypervisor, loadbalancer)"},
                 {"{role: x, region: r}", "unknown OpenStack SD role \"x\""},
                 {"{role: instance}", "openstack SD configuration requires a region"},
                 {"{role: instance, region: r, availability: x}",
                  "unknown availability x, must be one of admin, internal or public"},
                 {"{role: instance, region: r, port: 65536}", ""}});
}

TEST_CASE("linode_sd_configs are read", "[agent]") {
  const auto config = Only<scrape::LinodeSdConfig>("linode_sd_configs: [{}]");
  CHECK(config.region.empty());
  CHECK(config.port == 80);
  CHECK(config.tag_separator == ",");
  CHECK(config.refresh_interval == milliseconds(60'000));
  const auto other = Only<scrape::LinodeSdConfig>(
      "linode_sd_configs: [{region: r, port: 9, tag_separator: ';', refresh_interval: 1s, "
      "authorization: {credentials: t}}]");
  CHECK(other.region == "r");
  CHECK(other.port == 9);
  CHECK(other.tag_separator == ";");
  CHECK(other.refresh_interval == milliseconds(1000));
  CHECK(other.client->config().authorization->credentials.Reveal() == "t");
  CheckRefusals("linode_sd_configs", {{"{zone: z}", "field zone not found in type linode.plain"}});
}

TEST_CASE("vultr_sd_configs are read", "[agent]") {
  const auto config = Only<scrape::VultrSdConfig>("vultr_sd_configs: [{}]");
  CHECK(config.port == 80);
  CHECK(config.refresh_interval == milliseconds(60'000));
  const auto other = Only<scrape::VultrSdConfig>(
      "vultr_sd_configs: [{port: 9, refresh_interval: 1s, bearer_token: t}]");
  CHECK(other.port == 9);
  CHECK(other.refresh_interval == milliseconds(1000));
  CHECK(other.client->config().authorization->credentials.Reveal() == "t");
}

}  // namespace
}  // namespace sluice::agent
