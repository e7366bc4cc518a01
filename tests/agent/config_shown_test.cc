// /api/v1/status/config: the configuration without its secrets.
#include <algorithm>
#include <initializer_list>
#include <string>
#include <string_view>

#include <catch2/catch.hpp>

#include "agent/config/config.h"
#include "agent/config/secret_fields.h"
#include "agent/config/specs/discovery_specs.h"
#include "agent/config/specs/server_specs.h"
#include "agent/config/specs/write_auth_specs.h"

namespace sluice::agent {
namespace {

std::string Shown(const std::string& text) {
  const Result<Config> config = ParseConfig(text, "f.yml", [](std::string_view name) {
    return name == "HOST" ? std::optional<std::string>("h1") : std::nullopt;
  });
  if (!config.ok()) FAIL(config.error().message);
  return config->shown;
}

TEST_CASE("the configuration is shown with its defaults", "[agent]") {
  CHECK(Shown("") ==
        "global:\n  scrape_interval: 1m\n  scrape_timeout: 10s\n"
        "  evaluation_interval: 1m\n");
  CHECK(Shown(R"(
scrape_configs:
- job_name: node
  static_configs: [{targets: ['a:1'], labels: {x: y}}]
  relabel_configs: [{source_labels: [a], target_label: b}]
  sample_limit: 0
remote_write:
- url: http://r/push
global: {scrape_interval: 15s, sample_limit: 5, external_labels: {host: '${HOST}'}}
)") == R"(global:
  scrape_interval: 15s
  scrape_timeout: 10s
  evaluation_interval: 1m
  external_labels:
    host: h1
  sample_limit: 5
scrape_configs:
- job_name: node
  honor_timestamps: true
  track_timestamps_staleness: false
  scrape_interval: 15s
  scrape_timeout: 10s
  scrape_protocols:
  - OpenMetricsText1.0.0
  - OpenMetricsText0.0.1
  - PrometheusText1.0.0
  - PrometheusText0.0.4
  scrape_native_histograms: false
  always_scrape_classic_histograms: false
  convert_classic_histograms_to_nhcb: false
  metrics_path: /metrics
  scheme: http
  enable_compression: true
  sample_limit: 5
  metric_name_validation_scheme: utf8
  metric_name_escaping_scheme: allow-utf-8
  extra_scrape_metrics: false
  follow_redirects: true
  enable_http2: true
  relabel_configs:
  - source_labels:
    - a
    target_label: b
    separator: ;
    replacement: $1
    action: replace
  static_configs:
  - targets:
    - a:1
    labels:
      x: y
remote_write:
- url: http://r/push
  remote_timeout: 30s
  protobuf_message: prometheus.WriteRequest
  follow_redirects: true
  enable_http2: false
  queue_config:
    capacity: 10000
    max_shards: 50
    min_shards: 1
    max_samples_per_send: 20000
    batch_send_deadline: 5s
    min_backoff: 30ms
    max_backoff: 5s
)");
}

TEST_CASE("what is shown loads again, and is shown the same", "[agent]") {
  const std::string shown = Shown(R"(
scrape_configs:
- job_name: "1"
  scrape_native_histograms: false
  metric_relabel_configs: [{action: drop, regex: "a: #b|'c'"}]
  params: {m: ["x y", '[z]']}
- {job_name: two, metric_name_validation_scheme: legacy}
remote_write: [{url: 'https://r/', name: n, headers: {A: b}}]
)");
  CHECK(Shown(shown) == shown);
}

TEST_CASE("no secret is shown, wherever it stands", "[agent]") {
  const std::string shown = Shown(R"(
global: {external_labels: {password: shown1}}
scrape_configs:
- job_name: basic
  basic_auth: {username: u, password: canary}
  proxy_url: http://canary:canary@p:1
  proxy_connect_header: {password: [canary], labels: [canary]}
  http_headers:
    labels: {values: [shown2], secrets: [canary]}
    params: {secrets: [canary, canary]}
  params: {key: [shown3]}
  static_configs: [{targets: [a], labels: {secrets: shown4}}]
- job_name: token
  authorization: {credentials: canary}
- job_name: bearer
  bearer_token: canary
- job_name: oauth
  oauth2:
    client_id: c
    client_secret: canary
    token_url: http://canary:canary@t/
    endpoint_params: {labels: canary, password: canary}
- &tls
  job_name: tls
  tls_config: {cert: c, key: canary}
- {<<: *tls, job_name: merged}
remote_write:
- url: https://canary:canary@r/x
  headers: {Authorization2: canary, labels: canary}
  basic_auth: {password: canary}
remote_read: [{url: 'http://canary@r/', headers: {a: canary}, bearer_token: canary}]
tracing: {endpoint: 'canary@x', headers: {a: canary}, tls_config: {cert: c, key: canary}}
alerting:
  alertmanagers:
  - sigv4: {access_key: a, secret_key: canary}
  - basic_auth: {password: canary}
  - consul_sd_configs: [{token: canary}, {password: canary, server: 'http://canary@c'}]
  - marathon_sd_configs: [{servers: ['http://canary:canary@m'], auth_token: canary}]
  - uyuni_sd_configs: [{server: 'https://u', username: u, password: canary}]
)");
  CHECK(shown.find("canary") == std::string::npos);
  CHECK_THAT(shown, Catch::Contains("password: <secret>") && Catch::Contains("url: https://r/x"));
  for (const std::string there : {"shown1", "shown2", "shown3", "shown4"}) {
    CHECK_THAT(shown, Catch::Contains(there));
  }
}

TEST_CASE("no error repeats a secret", "[agent]") {
  const std::string job_fields[] = {
      "basic_auth: canary",
      "basic_auth: {password: [canary]}",
      "basic_auth: {password: {a: canary}}",
      "basic_auth: {password: canary, password: canary}",
      "basic_auth: {password: canary, password_file: f}",
      "authorization: canary",
      "authorization: {credentials: \"canary\\n\"}",
      "authorization: {type: Basic, credentials: canary}",
      "bearer_token: [canary]",
      "bearer_token: \"canary\\n\"",
      "oauth2: canary",
      "oauth2: {client_secret: canary}",
      "oauth2: {client_id: c, token_url: 'canary', client_secret: canary}",
      "oauth2: {client_id: c, token_url: 'http://t', endpoint_params: canary}",
      "oauth2: {client_id: c, token_url: 'http://t', endpoint_params: {a: [canary]}}",
      "tls_config: canary",
      "tls_config: {key: canary}",
      "tls_config: {cert: canary, key: [canary]}",
      "proxy_url: 'canary'",
      "proxy_url: 'http://u:canary@h:port'",
      "proxy_connect_header: canary",
      "proxy_connect_header: {a: canary}",
      "proxy_connect_header: {a: [\"canary\\n\"]}",
      "http_headers: {a: {secrets: canary}}",
      "http_headers: {a: {secrets: [\"canary\\n\"]}}",
      "http_headers: {a: canary}",
      "basic_auth: {password: 'canary",
      "basic_auth: {password: \"can\\canary\"}",
      "basic_auth: {password: *canary",
      "marathon_sd_configs: [{servers: [a], auth_token: [canary]}]",
      "marathon_sd_configs: [{servers: [a], auth_token: canary, auth_token_file: f}]",
      "consul_sd_configs: [{token: canary, authorization: {credentials: canary}}]",
      "consul_sd_configs: [{token: canary, server: ''}]",
      "http_sd_configs: [{url: 'ftp://u:canary@h'}]",
      "kuma_sd_configs: [{server: 'u:canary@h'}]",
      "stackit_sd_configs: [{endpoint: '://u:canary@h'}]",
      "azure_sd_configs: [{client_secret: canary}]",
      "scaleway_sd_configs: canary"};
  for (const std::string& fields : job_fields) {
    CAPTURE(fields);
    const std::string text = "scrape_configs:\n- job_name: j\n  " + fields + "\n";
    const auto config = ParseConfig(text, "f.yml", [](std::string_view) { return std::nullopt; });
    REQUIRE_FALSE(config.ok());
    // An anchor is a name, and no secret.
    if (fields.find('*') != std::string::npos) continue;
    CHECK(config.error().message.find("canary") == std::string::npos);
  }
  for (const std::string fields :
       {"url: 'http://u:canary@h:port'", "url: 'u:canary@h'", "url: 'http://u:canary@'",
        "headers: canary", "headers: {a: [canary]}", "headers: {a: \"canary\\n\"}", "sigv4: canary",
        "sigv4: {secret_key: canary}", "azuread: {oauth: canary}",
        "sigv4: {access_key: a, secret_key: canary}"}) {
    CAPTURE(fields);
    const auto config = ParseConfig("remote_write:\n- name: n\n  " + std::string(fields), "f.yml",
                                    [](std::string_view) { return std::nullopt; });
    REQUIRE_FALSE(config.ok());
    CHECK(config.error().message.find("canary") == std::string::npos);
  }
}

bool SoundsSecret(std::string_view name) {
  const auto has = [&](std::string_view part) { return name.find(part) != std::string_view::npos; };
  const std::initializer_list<std::string_view> parts = {"secret", "passw", "token", "private",
                                                         "credential"};
  return std::any_of(parts.begin(), parts.end(), has);
}

// A path to one, or the name of one.
bool SoundsHarmless(std::string_view name) {
  const auto ends = [&](std::string_view part) { return name.ends_with(part); };
  const std::initializer_list<std::string_view> parts = {"_file", "_path", "_id", "_name", "url"};
  return std::any_of(parts.begin(), parts.end(), ends) || name.starts_with("workload");
}

void CheckTexts(std::span<const FieldSpec> specs) {
  for (const FieldSpec& spec : specs) {
    if (spec.section != nullptr) CheckTexts(spec.section->fields);
    const std::string name(spec.name);
    const bool is_text = spec.type == FieldType::kText || spec.type == FieldType::kSecret;
    if (!is_text || !SoundsSecret(name) || SoundsHarmless(name)) continue;
    CAPTURE(name);
    CHECK(IsSecretField(name));
  }
}

TEST_CASE("fields that sound like secrets are secret", "[agent]") {
  CheckTexts(DiscoverySpecs());
  for (const SectionSpec* section : {&kAlertingSpec, &kRemoteReadSpec, &kTracingSpec, &kAzureAdSpec,
                                     &kGoogleIamSpec, &kSigV4Spec}) {
    CheckTexts(section->fields);
  }
  CHECK_FALSE(IsSecretField("job_name"));
  CHECK_FALSE(IsSecretField("password_file"));
}

}  // namespace
}  // namespace sluice::agent
