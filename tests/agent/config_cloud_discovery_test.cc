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

TEST_CASE("scaleway_sd_configs are read", "[agent]") {
  const auto config = Only<scrape::ScalewaySdConfig>(
      "scaleway_sd_configs: [{role: instance, project_id: p, access_key: a, secret_key: s}]");
  CHECK(config.role == scrape::ScalewayRole::kInstance);
  CHECK(config.project_id == "p");
  CHECK(config.api_url == "https://api.scaleway.com");
  CHECK(config.zone == "fr-par-1");
  CHECK(config.port == 80);
  CHECK(config.refresh_interval == milliseconds(60'000));
  REQUIRE(config.client->config().http_headers.size() == 1);
  CHECK(config.client->config().http_headers[0].name == "X-Auth-Token");
  CHECK(config.client->config().http_headers[0].secrets.at(0).Reveal() == "s");
  const auto other = Only<scrape::ScalewaySdConfig>(
      "scaleway_sd_configs: [{role: baremetal, project_id: p, access_key: a, secret_key_file: f, "
      "api_url: 'http://s', zone: z, name_filter: n, tags_filter: [t, u], port: 9, "
      "refresh_interval: 1s, follow_redirects: false}]");
  CHECK(other.role == scrape::ScalewayRole::kBaremetal);
  CHECK(other.api_url == "http://s");
  CHECK(other.zone == "z");
  CHECK(other.name_filter == "n");
  CHECK(other.tags_filter == std::vector<std::string>{"t", "u"});
  CHECK(other.port == 9);
  CHECK(other.refresh_interval == milliseconds(1000));
  CHECK_FALSE(other.client->config().follow_redirects);
  CHECK(other.client->config().http_headers[0].files == std::vector<std::string>{"/etc/p/f"});
  CheckRefusals("scaleway_sd_configs",
                {{"{project_id: p}", "role missing (one of: instance, baremetal)"},
                 {"{role: x}", "unknown role \"x\""},
                 {"{role: instance, access_key: a, secret_key: s}", "project_id is mandatory"},
                 {"{role: instance, project_id: p, secret_key: s}", "access_key is mandatory"},
                 {"{role: instance, project_id: p, access_key: a}",
                  "one of secret_key & secret_key_file must be configured"},
                 {"{role: instance, project_id: p, access_key: a, secret_key: \"a\\nb\"}",
                  "the secret_key cannot be sent in a header"}});
}

TEST_CASE("ionos_sd_configs are read", "[agent]") {
  const auto config = Only<scrape::IonosSdConfig>("ionos_sd_configs: [{datacenter_id: d}]");
  CHECK(config.datacenter_id == "d");
  CHECK(config.port == 80);
  CHECK(config.refresh_interval == milliseconds(60'000));
  const auto other = Only<scrape::IonosSdConfig>(
      "ionos_sd_configs: [{datacenter_id: d, port: 9, refresh_interval: 1s, basic_auth: {username: "
      "u}}]");
  CHECK(other.port == 9);
  CHECK(other.refresh_interval == milliseconds(1000));
  CHECK(other.client->config().basic_auth->username == "u");
  CheckRefusals("ionos_sd_configs", {{"{}", "datacenter id can't be empty"}});
}

TEST_CASE("puppetdb_sd_configs are read", "[agent]") {
  const auto config =
      Only<scrape::PuppetDbSdConfig>("puppetdb_sd_configs: [{url: 'https://p', query: q}]");
  CHECK(config.url == "https://p");
  CHECK(config.query == "q");
  CHECK_FALSE(config.include_parameters);
  CHECK(config.port == 80);
  CHECK(config.refresh_interval == milliseconds(60'000));
  const auto other = Only<scrape::PuppetDbSdConfig>(
      "puppetdb_sd_configs: [{url: 'https://p', query: q, include_parameters: true, port: 9, "
      "refresh_interval: 1s, tls_config: {insecure_skip_verify: true}}]");
  CHECK(other.include_parameters);
  CHECK(other.port == 9);
  CHECK(other.refresh_interval == milliseconds(1000));
  CHECK(other.client->config().tls.insecure_skip_verify);
  CheckRefusals("puppetdb_sd_configs",
                {{"{query: q}", "URL is missing"},
                 {"{url: p, query: q}", "URL scheme must be 'http' or 'https'"},
                 {"{url: 'https://', query: q}", "host is missing in URL"},
                 {"{url: 'https://p'}", "query missing"}});
}

TEST_CASE("triton_sd_configs are read", "[agent]") {
  const auto config =
      Only<scrape::TritonSdConfig>("triton_sd_configs: [{account: a, dns_suffix: d, endpoint: e}]");
  CHECK(config.role == scrape::TritonRole::kContainer);
  CHECK(config.dns_suffix == "d");
  CHECK(config.endpoint == "e");
  CHECK(config.groups.empty());
  CHECK(config.port == 9163);
  CHECK(config.version == 1);
  CHECK(config.refresh_interval == milliseconds(60'000));
  const auto other = Only<scrape::TritonSdConfig>(
      "triton_sd_configs: [{account: a, dns_suffix: d, endpoint: e, role: cn, groups: [g], port: "
      "9, version: 2, tls_config: {insecure_skip_verify: true}, refresh_interval: 1s}]");
  CHECK(other.role == scrape::TritonRole::kComputeNode);
  CHECK(other.groups == std::vector<std::string>{"g"});
  CHECK(other.port == 9);
  CHECK(other.version == 2);
  CHECK(other.client->config().tls.insecure_skip_verify);
  CHECK(other.refresh_interval == milliseconds(1000));
  CheckRefusals("triton_sd_configs",
                {{"{dns_suffix: d, endpoint: e}", "triton SD configuration requires an account"},
                 {"{account: a, endpoint: e}", "triton SD configuration requires a dns_suffix"},
                 {"{account: a, dns_suffix: d}", "triton SD configuration requires an endpoint"},
                 {"{account: a, dns_suffix: d, endpoint: e, role: x}",
                  "triton SD configuration requires role to be 'container' or 'cn'"}});
}

TEST_CASE("uyuni_sd_configs are read", "[agent]") {
  const auto config = Only<scrape::UyuniSdConfig>(
      "uyuni_sd_configs: [{server: 'https://u', username: n, password: p}]");
  CHECK(config.server == "https://u");
  CHECK(config.username == "n");
  CHECK(config.password.Reveal() == "p");
  CHECK(config.entitlement == "monitoring_entitled");
  CHECK(config.separator == ",");
  CHECK(config.refresh_interval == milliseconds(60'000));
  const auto other = Only<scrape::UyuniSdConfig>(
      "uyuni_sd_configs: [{server: 'https://u', username: n, password: p, entitlement: e, "
      "separator: ';', refresh_interval: 1s, tls_config: {insecure_skip_verify: true}}]");
  CHECK(other.entitlement == "e");
  CHECK(other.separator == ";");
  CHECK(other.refresh_interval == milliseconds(1000));
  CHECK(other.client->config().tls.insecure_skip_verify);
  CheckRefusals(
      "uyuni_sd_configs",
      {{"{username: n, password: p}", "Uyuni SD configuration requires server host"},
       {"{server: 'https://u', password: p}", "Uyuni SD configuration requires a username"},
       {"{server: 'https://u', username: n}", "Uyuni SD configuration requires a password"}});
}

TEST_CASE("kuma_sd_configs are read", "[agent]") {
  const auto config = Only<scrape::KumaSdConfig>("kuma_sd_configs: [{server: 'http://k:5676'}]");
  CHECK(config.server == "http://k:5676");
  CHECK_FALSE(config.client_id.empty());
  CHECK(config.refresh_interval == milliseconds(15'000));
  CHECK(config.fetch_timeout == milliseconds(120'000));
  const auto other = Only<scrape::KumaSdConfig>(
      "kuma_sd_configs: [{server: 'http://k', client_id: c, refresh_interval: 1s, fetch_timeout: "
      "2s, bearer_token: t}]");
  CHECK(other.client_id == "c");
  CHECK(other.refresh_interval == milliseconds(1000));
  CHECK(other.fetch_timeout == milliseconds(2000));
  CHECK(other.client->config().authorization->credentials.Reveal() == "t");
  CheckRefusals("kuma_sd_configs",
                {{"{}", "kuma SD server must not be empty"},
                 {"{server: 'k:5676'}", "kuma SD server must not be empty and have a scheme"}});
}

TEST_CASE("marathon_sd_configs are read", "[agent]") {
  const auto config =
      Only<scrape::MarathonSdConfig>("marathon_sd_configs: [{servers: ['http://m', 'http://n']}]");
  CHECK(config.servers == std::vector<std::string>{"http://m", "http://n"});
  CHECK(config.auth_token.empty());
  CHECK(config.refresh_interval == milliseconds(30'000));
  const auto other = Only<scrape::MarathonSdConfig>(
      "marathon_sd_configs: [{servers: ['http://m'], auth_token: t, refresh_interval: 1s, "
      "tls_config: {insecure_skip_verify: true}}]");
  CHECK(other.auth_token.Reveal() == "t");
  CHECK(other.refresh_interval == milliseconds(1000));
  CHECK(other.client->config().tls.insecure_skip_verify);
  CHECK(Only<scrape::MarathonSdConfig>(
            "marathon_sd_configs: [{servers: ['http://m'], auth_token_file: f}]")
            .auth_token_file == "/etc/p/f");
  CheckRefusals("marathon_sd_configs",
                {{"{}", "marathon_sd: must contain at least one Marathon server"},
                 {"{servers: [m], auth_token: t, auth_token_file: f}",
                  "marathon_sd: at most one of auth_token & auth_token_file must be configured"},
                 {"{servers: [m], auth_token: \"a\\nb\"}", "the auth_token cannot be sent"}});
}

TEST_CASE("gce_sd_configs are read", "[agent]") {
  const auto config = Only<scrape::GceSdConfig>("gce_sd_configs: [{project: p, zone: z}]");
  CHECK(config.project == "p");
  CHECK(config.zone == "z");
  CHECK(config.filter.empty());
  CHECK(config.port == 80);
  CHECK(config.tag_separator == ",");
  CHECK(config.refresh_interval == milliseconds(60'000));
  REQUIRE(config.client->config().google);
  CHECK(config.client->config().google->credentials_file.empty());
  CHECK(config.client->config().google->scope ==
        "https://www.googleapis.com/auth/compute.readonly");
  const auto other = Only<scrape::GceSdConfig>(
      "gce_sd_configs: [{project: p, zone: z, filter: f, port: 9, tag_separator: ';', "
      "refresh_interval: 1s}]");
  CHECK(other.filter == "f");
  CHECK(other.port == 9);
  CHECK(other.tag_separator == ";");
  CHECK(other.refresh_interval == milliseconds(1000));
  CheckRefusals("gce_sd_configs", {{"{zone: z}", "GCE SD configuration requires a project"},
                                   {"{project: p}", "GCE SD configuration requires a zone"}});
}

TEST_CASE("azure_sd_configs are read", "[agent]") {
  const auto config = Only<scrape::AzureSdConfig>(
      "azure_sd_configs: [{subscription_id: s, tenant_id: t, client_id: c, client_secret: x}]");
  CHECK(config.api_url == "https://management.azure.com");
  CHECK(config.subscription_id == "s");
  CHECK(config.tenant_id == "t");
  CHECK(config.resource_group.empty());
  CHECK(config.port == 80);
  CHECK(config.refresh_interval == milliseconds(300'000));
  const auto azure = config.client->config().azure;
  REQUIRE(azure);
  CHECK(azure->method == AzureMethod::kClientSecret);
  CHECK(azure->authority == "https://login.microsoftonline.com");
  CHECK(azure->scope == "https://management.core.windows.net//.default");
  CHECK(azure->tenant_id == "t");
  CHECK(azure->client_id == "c");
  CHECK(azure->client_secret.Reveal() == "x");
  const auto other = Only<scrape::AzureSdConfig>(
      "azure_sd_configs: [{environment: AzureChinaCloud, authentication_method: ManagedIdentity, "
      "subscription_id: s, resource_group: g, port: 9, refresh_interval: 1s, follow_redirects: "
      "false}]");
  CHECK(other.api_url == "https://management.chinacloudapi.cn");
  CHECK(other.resource_group == "g");
  CHECK(other.port == 9);
  CHECK(other.refresh_interval == milliseconds(1000));
  CHECK(other.client->config().azure->method == AzureMethod::kManagedIdentity);
  CHECK_FALSE(other.client->config().follow_redirects);
  // As in Prometheus, such a cloud fails each refresh, not the configuration.
  const auto nowhere = Only<scrape::AzureSdConfig>(
      "azure_sd_configs: [{environment: Mars, authentication_method: SDK, subscription_id: s}]");
  CHECK(nowhere.api_url.empty());
  CHECK(nowhere.environment == "Mars");
  CheckRefusals(
      "azure_sd_configs",
      {{"{}", "azure SD configuration requires a subscription_id"},
       {"{subscription_id: s}", "azure SD configuration requires a tenant_id"},
       {"{subscription_id: s, authentication_method: x}", "unknown authentication_type \"x\""}});
}

TEST_CASE("ec2_sd_configs are read", "[agent]") {
  const auto config = Only<scrape::Ec2SdConfig>("ec2_sd_configs: [{}]");
  CHECK(config.endpoint.empty());
  CHECK(config.filters.empty());
  CHECK(config.port == 80);
  CHECK(config.refresh_interval == milliseconds(60'000));
  REQUIRE(config.client->config().aws);
  CHECK(config.client->config().aws->region.empty());
  CHECK(config.client->config().aws->service == "ec2");
  const auto other = Only<scrape::Ec2SdConfig>(
      "ec2_sd_configs: [{region: r, endpoint: 'http://e', access_key: a, secret_key: s, profile: "
      "p, role_arn: arn, external_id: x, port: 9, refresh_interval: 1s, filters: [{name: n, "
      "values: [v, w]}], tls_config: {insecure_skip_verify: true}}]");
  CHECK(other.endpoint == "http://e");
  CHECK(other.filters ==
        std::vector<std::pair<std::string, std::vector<std::string>>>{{"n", {"v", "w"}}});
  CHECK(other.port == 9);
  CHECK(other.refresh_interval == milliseconds(1000));
  CHECK(other.client->config().tls.insecure_skip_verify);
  const auto aws = other.client->config().aws;
  CHECK(aws->region == "r");
  CHECK(aws->access_key == "a");
  CHECK(aws->secret_key.Reveal() == "s");
  CHECK(aws->profile == "p");
  CHECK(aws->role_arn == "arn");
  CHECK(aws->external_id == "x");
  CheckRefusals("ec2_sd_configs",
                {{"{filters: [{name: n}]}", "EC2 SD configuration filter values cannot be empty"},
                 {"{role: ec2}", "field role not found in type aws.plain"}});
}

TEST_CASE("lightsail_sd_configs are read", "[agent]") {
  const auto config = Only<scrape::LightsailSdConfig>("lightsail_sd_configs: [{}]");
  CHECK(config.endpoint.empty());
  CHECK(config.port == 80);
  CHECK(config.refresh_interval == milliseconds(60'000));
  CHECK(config.client->config().aws->service == "lightsail");
  const auto other = Only<scrape::LightsailSdConfig>(
      "lightsail_sd_configs: [{region: r, endpoint: 'http://e', profile: p, port: 9, "
      "refresh_interval: 1s}]");
  CHECK(other.endpoint == "http://e");
  CHECK(other.port == 9);
  CHECK(other.refresh_interval == milliseconds(1000));
  CHECK(other.client->config().aws->region == "r");
  CHECK(other.client->config().aws->profile == "p");
  CheckRefusals("lightsail_sd_configs",
                {{"{filters: []}", "field filters not found in type aws.plain"}});
}

}  // namespace
}  // namespace sluice::agent
