// The `*_sd_configs` of a job: values, defaults and refusals.
#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "agent/config/specs/discovery_specs.h"
#include "discovery_configs.h"
#include "scrape/discovery/kubernetes/kubernetes_discovery.h"

namespace sluice::agent {
namespace {

using std::chrono::milliseconds;
using test::CheckRefusals;
using test::Discoveries;
using test::Only;

TEST_CASE("empty and null entries of discoveries are refused", "[agent]") {
  for (const FieldSpec& spec : DiscoverySpecs()) {
    const std::string section(spec.name);
    CheckRefusals(section, {{"~", "empty or null section in " + section}});
    CHECK(Discoveries(section + ": []").empty());
    CHECK(Discoveries(section + ":").empty());
  }
}

TEST_CASE("discoveries are the same when they mean the same", "[agent]") {
  const auto identity = [](const std::string& fields, const std::string& file = "/etc/p/f.yml") {
    return Discoveries(fields, file).at(0).identity;
  };
  const std::string base = identity("http_sd_configs: [{url: 'http://h/', refresh_interval: 1m}]");
  CHECK(base == identity("http_sd_configs:\n  - refresh_interval: '1m'\n    url: http://h/"));
  CHECK(base == identity("metrics_path: /x\n  http_sd_configs: [{url: 'http://h/', "
                         "refresh_interval: 1m}]"));
  CHECK(base != identity("http_sd_configs: [{url: 'http://h/2', refresh_interval: 1m}]"));
  CHECK(base != identity("http_sd_configs: [{url: 'http://h/', refresh_interval: 1m, "
                         "bearer_token: t}]"));
  // Relative paths lead elsewhere from another folder.
  CHECK(identity("file_sd_configs: [{files: [a.yml]}]") !=
        identity("file_sd_configs: [{files: [a.yml]}]", "/etc/q/f.yml"));
}

TEST_CASE("the public identity of a discovery has no secrets", "[agent]") {
  const auto of = [](const std::string& password, const std::string& url = "http://h/") {
    return Discoveries("http_sd_configs: [{url: '" + url +
                       "', basic_auth: {username: u, password: '" + password +
                       "'}, http_headers: {X-Key: {secrets: ['" + password + "']}}}]")
        .at(0);
  };
  CHECK(of("sesame").identity != of("other").identity);
  CHECK(of("sesame").public_identity == of("other").public_identity);
  CHECK(of("sesame").public_identity.find("sesame") == std::string::npos);
  CHECK(of("sesame").public_identity != of("sesame", "http://i/").public_identity);
  CHECK(of("a", "http://u:sesame@h/").public_identity.find("sesame") == std::string::npos);
}

TEST_CASE("kubernetes_sd_configs are read", "[agent]") {
  const auto least = Only<scrape::KubernetesSdConfig>("kubernetes_sd_configs: [{role: pod}]");
  CHECK(least.role == scrape::KubernetesRole::kPod);
  CHECK(least.access.api_server.empty());
  CHECK(least.namespaces.empty());
  CHECK_FALSE(least.own_namespace);
  CHECK_FALSE(least.node_local);
  const auto config = Only<scrape::KubernetesSdConfig>(
      "kubernetes_sd_configs: [{role: endpointslice, api_server: 'https://k:6443', "
      "bearer_token: t, namespaces: {names: [b, a, b]}, "
      "selectors: [{role: pod, label: 'a=b', field: 'c=d'}, {role: service, label: x}], "
      "attach_metadata: {node: true, namespace: true, cronjob: true}, node_local: true}]");
  CHECK(config.role == scrape::KubernetesRole::kEndpointSlice);
  CHECK(config.access.api_server == "https://k:6443");
  CHECK(config.access.client->config().authorization->credentials.Reveal() == "t");
  CHECK(config.namespaces == std::vector<std::string>{"a", "b"});
  CHECK(config.selectors.at(scrape::ApiKind::kPod).label == "a=b");
  CHECK(config.selectors.at(scrape::ApiKind::kPod).field == "c=d");
  CHECK(config.selectors.at(scrape::ApiKind::kService).label == "x");
  CHECK(config.attach_node);
  CHECK(config.attach_namespace);
  CHECK_FALSE(config.attach_deployment);
  CHECK_FALSE(config.attach_job);
  CHECK(config.attach_cronjob);
  CHECK(config.node_local);
  CHECK(Only<scrape::KubernetesSdConfig>(
            "kubernetes_sd_configs: [{role: node, kubeconfig_file: k/config}]")
            .access.kubeconfig_file == "/etc/p/k/config");
  CHECK(Only<scrape::KubernetesSdConfig>(
            "kubernetes_sd_configs: [{role: node, namespaces: {own_namespace: true}}]")
            .own_namespace);
}

TEST_CASE("the same API server is the same whatever is asked of it", "[agent]") {
  const auto identity = [](const std::string& fields) {
    return Only<scrape::KubernetesSdConfig>("kubernetes_sd_configs: [{" + fields + "}]")
        .access.identity;
  };
  CHECK(identity("role: pod") == identity("role: node, attach_metadata: {node: true}"));
  CHECK(identity("role: pod, api_server: 'http://k'") ==
        identity("api_server: 'http://k', role: service, namespaces: {names: [a]}"));
  CHECK(identity("role: pod") != identity("role: pod, api_server: 'http://k'"));
  CHECK(identity("role: pod, api_server: 'http://k', bearer_token: a") !=
        identity("role: pod, api_server: 'http://k', bearer_token: b"));
}

TEST_CASE("only what is on a node can be local to it", "[agent]") {
  CheckRefusals(
      "kubernetes_sd_configs",
      {{"{role: service, node_local: true}", "node_local does not work with the role service"},
       {"{role: ingress, node_local: true}", "node_local does not work with the role ingress"},
       {"{role: pod, node_local: 5}", "cannot unmarshal"}});
  CHECK(Discoveries("kubernetes_sd_configs: [{role: service, node_local: false}]").size() == 1);
}

TEST_CASE("consul_sd_configs are read", "[agent]") {
  const auto config = Only<scrape::ConsulSdConfig>("consul_sd_configs: [{}]");
  CHECK(config.server == "localhost:8500");
  CHECK(config.scheme == "http");
  CHECK(config.tag_separator == ",");
  CHECK(config.allow_stale);
  CHECK(config.refresh_interval == milliseconds(30'000));
  const auto other = Only<scrape::ConsulSdConfig>(
      "consul_sd_configs: [{server: 'c:1', path_prefix: /p, token: t, datacenter: d, namespace: n, "
      "partition: q, scheme: https, username: u, password: w, tag_separator: ';', services: [a], "
      "tags: [b], node_meta: {x: y}, filter: f, health_filter: g, allow_stale: false, "
      "refresh_interval: 1s}]");
  CHECK(other.server == "c:1");
  CHECK(other.path_prefix == "/p");
  CHECK(other.datacenter == "d");
  CHECK(other.ns == "n");
  CHECK(other.partition == "q");
  CHECK(other.scheme == "https");
  CHECK(other.tag_separator == ";");
  CHECK(other.services == std::vector<std::string>{"a"});
  CHECK(other.tags == std::vector<std::string>{"b"});
  CHECK(other.node_meta == std::vector<std::pair<std::string, std::string>>{{"x", "y"}});
  CHECK(other.filter == "f");
  CHECK(other.health_filter == "g");
  CHECK_FALSE(other.allow_stale);
  CHECK(other.refresh_interval == milliseconds(1000));
  const HttpClientConfig& http = other.client->config();
  CHECK(http.basic_auth->username == "u");
  CHECK(http.basic_auth->password.Reveal() == "w");
  REQUIRE(http.http_headers.size() == 1);
  CHECK(http.http_headers[0].name == "X-Consul-Token");
  CHECK(http.http_headers[0].secrets.at(0).Reveal() == "t");
  CheckRefusals(
      "consul_sd_configs",
      {{"{server: ''}", "consul SD configuration requires a server address"},
       {"{server: ' '}", "consul SD configuration requires a server address"},
       {"{username: u, basic_auth: {username: x}}",
        "at most one of consul SD configuration username and password and basic auth can be "
        "configured"},
       {"{username: u, bearer_token: x}", "at most one of basic_auth, oauth2"},
       {"{token: t, authorization: {credentials: x}}",
        "at most one of consul SD token, authorization, or oauth2 can be configured"},
       {"{token: t, bearer_token: x}", "at most one of consul SD token, authorization, or oauth2"},
       {"{scheme: ftp}", "unsupported scheme \"ftp\""},
       {"{service: a}", "field service not found in type consul.plain"}});
}

TEST_CASE("dns_sd_configs are read", "[agent]") {
  const auto config = Only<scrape::DnsSdConfig>("dns_sd_configs: [{names: [a.b, c.]}]");
  CHECK(config.names == std::vector<std::string>{"a.b", "c."});
  CHECK(config.type == scrape::DnsType::kSrv);
  CHECK(config.refresh_interval == milliseconds(30'000));
  const auto other = Only<scrape::DnsSdConfig>(
      "dns_sd_configs: [{names: [a], type: aAaA, port: 65535, refresh_interval: 1s}]");
  CHECK(other.type == scrape::DnsType::kAaaa);
  CHECK(other.port == 65535);
  CHECK(other.refresh_interval == milliseconds(1000));
  const std::string port = "a port is required in DNS-SD configs for all record types except SRV";
  CheckRefusals("dns_sd_configs",
                {{"{}", "DNS-SD config must contain at least one SRV record name"},
                 {"{names: [a], type: A}", port},
                 {"{names: [a], type: AAAA}", port},
                 {"{names: [a], type: MX}", port},
                 {"{names: [a], type: NS, port: 0}", port},
                 {"{names: [a], type: TXT}", "invalid DNS-SD records type TXT"},
                 {"{names: [a], port: 65536}", ""},
                 {"{names: a}", "cannot unmarshal"},
                 {"{names: [a], name: b}", "field name not found in type dns.plain"}});
}

TEST_CASE("docker_sd_configs are read", "[agent]") {
  const auto config =
      Only<scrape::DockerSdConfig>("docker_sd_configs: [{host: 'unix:///run/docker.sock'}]");
  CHECK(config.host == scrape::MobyHost{"http://localhost", "/run/docker.sock"});
  CHECK(config.port == 80);
  CHECK(config.host_networking_host == "localhost");
  CHECK(config.match_first_network);
  CHECK(config.refresh_interval == milliseconds(60'000));
  const auto other = Only<scrape::DockerSdConfig>(
      "docker_sd_configs: [{host: 'tcp://h:1', port: 9, filters: [{name: a, values: [b, c]}], "
      "host_networking_host: x, match_first_network: false, refresh_interval: 1s}]");
  CHECK(other.port == 9);
  CHECK(other.filters == scrape::MobyFilters{{"a", {"b", "c"}}});
  CHECK(other.host_networking_host == "x");
  CHECK_FALSE(other.match_first_network);
  CheckRefusals("docker_sd_configs",
                {{"{}", "host missing"},
                 {"{host: 'h:1'}", "unable to parse docker host `h:1`"},
                 {"{host: 'ssh://h'}", "protocol not available: \"ssh\""},
                 {"{host: 'tcp://h', role: tasks}", "field role not found in type moby.plain"},
                 {"{host: 'tcp://h', filters: [{nam: a}]}",
                  "filters[0]: field nam not found in type moby.Filter"}});
}

TEST_CASE("dockerswarm_sd_configs are read", "[agent]") {
  const auto config = Only<scrape::DockerSwarmSdConfig>(
      "dockerswarm_sd_configs: [{host: 'https://h', role: tasks, port: 7, filters: [{name: a}]}]");
  CHECK(config.host == scrape::MobyHost{"https://h", ""});
  CHECK(config.role == scrape::SwarmRole::kTasks);
  CHECK(config.port == 7);
  CHECK(config.filters == scrape::MobyFilters{{"a", {}}});
  CHECK(config.refresh_interval == milliseconds(60'000));
  CheckRefusals(
      "dockerswarm_sd_configs",
      {{"{role: nodes}", "host missing"},
       {"{host: 'tcp://h'}", "role missing (one of: tasks, services, nodes)"},
       {"{host: 'tcp://h', role: x}", "invalid role x, expected tasks, services, or nodes"}});
}

TEST_CASE("digitalocean_sd_configs are read", "[agent]") {
  const auto config = Only<scrape::DigitalOceanSdConfig>("digitalocean_sd_configs: [{}]");
  CHECK(config.role == scrape::DigitalOceanRole::kDroplets);
  CHECK(config.port == 80);
  CHECK(config.refresh_interval == milliseconds(60'000));
  const auto other = Only<scrape::DigitalOceanSdConfig>(
      "digitalocean_sd_configs: [{role: databases, port: 9, refresh_interval: 1s, bearer_token: "
      "t}]");
  CHECK(other.role == scrape::DigitalOceanRole::kDatabases);
  CHECK(other.port == 9);
  CHECK(other.refresh_interval == milliseconds(1000));
  CHECK(other.client->config().authorization->credentials.Reveal() == "t");
  CheckRefusals("digitalocean_sd_configs", {{"{role: x}", "unknown DigitalOcean SD role \"x\""}});
}

TEST_CASE("eureka_sd_configs are read", "[agent]") {
  const auto config =
      Only<scrape::EurekaSdConfig>("eureka_sd_configs: [{server: 'http://e:8761/eureka'}]");
  CHECK(config.server == "http://e:8761/eureka");
  CHECK(config.refresh_interval == milliseconds(30'000));
  const auto other = Only<scrape::EurekaSdConfig>(
      "eureka_sd_configs: [{server: 'https://e', refresh_interval: 1s, basic_auth: {username: "
      "u}}]");
  CHECK(other.refresh_interval == milliseconds(1000));
  CHECK(other.client->config().basic_auth->username == "u");
  CheckRefusals("eureka_sd_configs", {{"{}", "eureka_sd: empty or null eureka server"},
                                      {"{server: eureka.com}", "invalid eureka server URL"}});
}

TEST_CASE("hetzner_sd_configs are read", "[agent]") {
  const auto config = Only<scrape::HetznerSdConfig>("hetzner_sd_configs: [{role: robot}]");
  CHECK(config.role == scrape::HetznerRole::kRobot);
  CHECK(config.port == 80);
  CHECK(config.refresh_interval == milliseconds(60'000));
  const auto other = Only<scrape::HetznerSdConfig>(
      "hetzner_sd_configs: [{role: hcloud, port: 9, label_selector: a=b, refresh_interval: 1s, "
      "basic_auth: {username: u}}]");
  CHECK(other.role == scrape::HetznerRole::kHcloud);
  CHECK(other.port == 9);
  CHECK(other.label_selector == "a=b");
  CHECK(other.refresh_interval == milliseconds(1000));
  CHECK(other.client->config().basic_auth->username == "u");
  CheckRefusals("hetzner_sd_configs", {{"{}", "role missing (one of: robot, hcloud)"},
                                       {"{role: x}", "unknown role \"x\""},
                                       {"{role: robot, port: 65536}", ""}});
}

TEST_CASE("nomad_sd_configs are read", "[agent]") {
  const auto config = Only<scrape::NomadSdConfig>("nomad_sd_configs: [{}]");
  CHECK(config.server == "http://localhost:4646");
  CHECK(config.ns == "default");
  CHECK(config.region == "global");
  CHECK(config.allow_stale);
  CHECK(config.tag_separator == ",");
  CHECK(config.refresh_interval == milliseconds(60'000));
  const auto other = Only<scrape::NomadSdConfig>(
      "nomad_sd_configs: [{server: 'https://n', namespace: n, region: r, allow_stale: false, "
      "tag_separator: ';', refresh_interval: 1s, authorization: {credentials: t}}]");
  CHECK(other.server == "https://n");
  CHECK(other.ns == "n");
  CHECK(other.region == "r");
  CHECK_FALSE(other.allow_stale);
  CHECK(other.tag_separator == ";");
  CHECK(other.refresh_interval == milliseconds(1000));
  CHECK(other.client->config().authorization->credentials.Reveal() == "t");
  CheckRefusals("nomad_sd_configs",
                {{"{server: ''}", "nomad SD configuration requires a server address"},
                 {"{port: 1}", "field port not found in type nomad.plain"}});
}

TEST_CASE("http_sd_configs are read", "[agent]") {
  const auto config = Only<scrape::HttpSdConfig>("http_sd_configs: [{url: 'https://u@h:1/x?y'}]");
  CHECK(config.url == "https://u@h:1/x?y");
  CHECK(config.refresh_interval == milliseconds(60'000));
  REQUIRE(config.client != nullptr);
  CHECK(config.client->config().enable_http2);
  const auto other = Only<scrape::HttpSdConfig>(
      "http_sd_configs: [{url: 'HTTP://[::1]/', refresh_interval: 5s, basic_auth: {username: u}, "
      "follow_redirects: false}]");
  CHECK(other.refresh_interval == milliseconds(5000));
  CHECK(other.client->config().basic_auth->username == "u");
  CHECK_FALSE(other.client->config().follow_redirects);
  CheckRefusals("http_sd_configs",
                {{"{}", "URL is missing"},
                 {"{url: ''}", "URL is missing"},
                 {"{url: www.foo.bar}", "URL scheme must be 'http' or 'https'"},
                 {"{url: 'ftp://h/'}", "URL scheme must be 'http' or 'https'"},
                 {"{url: 'http://'}", "host is missing in URL"},
                 {"{url: 'http:/h'}", "host is missing in URL"},
                 {"{url: 'http://:80/'}", "host is missing in URL"},
                 {"{url: 'http://a b/'}", "invalid character"},
                 {"{url: 'http://h/', refresh_interval: 0s}", "refresh_interval must be positive"},
                 {"{url: 'http://h/', urls: []}", "field urls not found in type http.plain"},
                 {"{url: 'http://h/', bearer_token: a, bearer_token_file: b}",
                  "at most one of bearer_token & bearer_token_file must be configured"}});
}

}  // namespace
}  // namespace sluice::agent
