// The entries of `*_sd_configs`: what Prometheus accepts gets through its checks.
#include <string>
#include <utility>

#include <catch2/catch.hpp>

#include "agent/config/config.h"
#include "agent/config/specs/discovery_specs.h"

namespace sluice::agent {
namespace {

// Every field of every mechanism.
const std::pair<std::string, std::string> kGood[] = {
    {"aws",
     "role: ecs, region: r, endpoint: e, access_key: a, secret_key: s, profile: p, role_arn: a, "
     "external_id: x, port: 80, refresh_interval: 1m, filters: [{name: n, values: [v]}], "
     "clusters: [c], request_concurrency: 10"},
    {"azure",
     "environment: e, authentication_method: OAuth, subscription_id: s, tenant_id: t, client_id: "
     "c, client_secret: s, resource_group: g, port: 80, refresh_interval: 5m"},
    {"azure", "subscription_id: s, authentication_method: ManagedIdentity"},
    {"consul",
     "server: s, path_prefix: p, token: t, datacenter: d, namespace: n, partition: p, scheme: "
     "http, username: u, password: p, tag_separator: ',', services: [s], tags: [t], node_meta: {a: "
     "b}, filter: f, health_filter: h, allow_stale: false, refresh_interval: 30s"},
    {"digitalocean", "role: databases, port: 80, refresh_interval: 1m"},
    {"dns", "names: [a], type: aaaa, port: 80, refresh_interval: 30s"},
    {"dns", "names: [_a._tcp.b]"},
    {"docker",
     "host: unix:///var/run/docker.sock, port: 80, host_networking_host: h, match_first_network: "
     "true, filters: [{name: n, values: [v]}], refresh_interval: 1m"},
    {"dockerswarm",
     "host: http://h:2375, role: nodes, port: 80, filters: [{name: n, values: [v]}], "
     "refresh_interval: 1m"},
    {"ec2",
     "region: r, endpoint: e, access_key: a, secret_key: s, profile: p, role_arn: a, external_id: "
     "x, port: 80, refresh_interval: 1m, filters: [{name: n, values: [v]}]"},
    {"eureka", "server: 'http://e:8761/eureka', refresh_interval: 30s"},
    {"gce", "project: p, zone: z, filter: f, port: 80, tag_separator: ',', refresh_interval: 1m"},
    {"hetzner", "role: hcloud, port: 80, label_selector: l, refresh_interval: 1m"},
    {"http", "url: 'https://h/targets?a=b', refresh_interval: 1m"},
    {"ionos", "datacenter_id: d, port: 80, refresh_interval: 1m"},
    {"kubernetes",
     "role: endpointslice, api_server: 'https://k', namespaces: {names: [a]}, selectors: [{role: "
     "pod, label: 'a in (b, c)', field: 'metadata.name!=a,status.phase=Running'}], "
     "attach_metadata: {node: true, namespace: true, deployment: true, job: true, cronjob: true}"},
    {"kubernetes", "role: pod, kubeconfig_file: k"},
    {"kubernetes", "role: node, api_server: null, namespaces: {own_namespace: true}"},
    {"kubernetes", "role: node, follow_redirects: true, enable_http2: true, tls_config: {}"},
    {"kuma", "server: 'http://k:5676', client_id: c, refresh_interval: 15s, fetch_timeout: 2m"},
    {"lightsail",
     "region: r, endpoint: e, access_key: a, secret_key: s, profile: p, role_arn: a, external_id: "
     "x, port: 80, refresh_interval: 1m"},
    {"linode", "port: 80, tag_separator: ',', region: r, refresh_interval: 1m"},
    {"marathon", "servers: ['https://m'], auth_token: t, refresh_interval: 30s"},
    {"nerve", "servers: [z], paths: [/a], timeout: 10s"},
    {"nomad",
     "server: s, namespace: n, region: r, allow_stale: true, tag_separator: ',', "
     "refresh_interval: 1m"},
    {"oci",
     "auth: api_key, tenancy: t, user: u, fingerprint: f, key_file: k, key_passphrase: p, region: "
     "r, compartments: [c], port: 80, refresh_interval: 1m"},
    {"oci", "auth: instance_principal, region: r"},
    {"openstack",
     "identity_endpoint: i, username: u, userid: i, password: p, project_name: p, project_id: p, "
     "domain_name: d, domain_id: d, application_credential_name: a, application_credential_id: a, "
     "application_credential_secret: s, role: loadbalancer, region: r, availability: admin, "
     "all_tenants: true, port: 80, tls_config: {}, refresh_interval: 1m"},
    {"outscale", "endpoint: e, access_key: a, secret_key: s, port: 80, refresh_interval: 1m"},
    {"ovhcloud",
     "endpoint: e, application_key: a, application_secret: s, consumer_key: c, service: "
     "dedicated_server, refresh_interval: 1m"},
    {"puppetdb",
     "url: 'http://p', query: q, include_parameters: true, port: 80, refresh_interval: 1m"},
    {"scaleway",
     "role: baremetal, project_id: p, access_key: a, secret_key_file: f, api_url: 'https://a', "
     "zone: z, name_filter: n, tags_filter: [t], port: 80, refresh_interval: 1m"},
    {"serverset", "servers: [z], paths: [/a], timeout: 10s"},
    {"stackit",
     "project: p, region: r, endpoint: 'https://e', service_account_key: k, private_key: p, "
     "service_account_key_path: k, private_key_path: p, credentials_file_path: c, port: 80, "
     "refresh_interval: 1m"},
    {"triton",
     "account: a, dns_suffix: d, endpoint: e, role: cn, groups: [g], port: 9163, version: 1, "
     "tls_config: {}, refresh_interval: 1m"},
    {"uyuni",
     "server: 'https://u', username: u, password: p, entitlement: e, separator: ',', "
     "refresh_interval: 1m"},
    {"vultr", "port: 80, refresh_interval: 1m"},
};

std::string Refusal(const std::string& mechanism, const std::string& entry) {
  const auto no_variables = [](std::string_view) { return std::nullopt; };
  const std::string text =
      "scrape_configs:\n- job_name: j\n  " + mechanism + "_sd_configs:\n  - {" + entry + "}\n";
  const Result<Config> config = ParseConfig(text, "f.yml", no_variables);
  return config.ok() ? "accepted" : config.error().message;
}

TEST_CASE("good entries of every discovery get through Prometheus's checks", "[agent]") {
  for (const auto& [mechanism, entry] : kGood) {
    CAPTURE(mechanism, entry);
    const std::string field = mechanism + "_sd_configs";
    const std::string message = Refusal(mechanism, entry);
    if (message == "accepted") continue;
    CHECK(message ==
          "f.yml:3: scrape_configs[0]." + field + ": field " + field + " is not supported yet");
  }
}

TEST_CASE("discoveries without an HTTP client of their own have none of its fields", "[agent]") {
  for (const std::string mechanism :
       {"dns", "gce", "nerve", "openstack", "ovhcloud", "serverset", "triton"}) {
    CAPTURE(mechanism);
    CHECK_THAT(Refusal(mechanism, "bearer_token: x"),
               Catch::Contains("field bearer_token not found in type"));
  }
}

TEST_CASE("empty lists of discoveries are accepted", "[agent]") {
  for (const FieldSpec& spec : DiscoverySpecs()) {
    const std::string name(spec.name);
    CAPTURE(name);
    const auto no_variables = [](std::string_view) { return std::nullopt; };
    CHECK(ParseConfig("scrape_configs: [{job_name: j, " + name + ": []}]", "f.yml", no_variables)
              .ok());
  }
}

}  // namespace
}  // namespace sluice::agent
