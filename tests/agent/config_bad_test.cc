#include <string>

#include <catch2/catch.hpp>

#include "agent/config/config.h"

namespace sluice::agent {
namespace {

std::string Refusal(const std::string& text) {
  const auto environment = [](std::string_view) { return std::nullopt; };
  const Result<Config> config = ParseConfig(text, "f.yml", environment);
  return config.ok() ? "accepted" : config.error().message;
}

std::string Global(const std::string& fields) { return Refusal("global: {" + fields + "}"); }

std::string Job(const std::string& fields) {
  return Refusal("scrape_configs:\n- job_name: j\n  " + fields + "\n");
}

std::string Rule(const std::string& fields) { return Job("relabel_configs: [{" + fields + "}]"); }

std::string Remote(const std::string& fields) {
  return Refusal("remote_write:\n- url: http://r/\n  " + fields + "\n");
}

std::string Queue(const std::string& fields) { return Remote("queue_config: {" + fields + "}"); }

TEST_CASE("errors name the file, the line and the field", "[agent]") {
  CHECK(Refusal("global:\n  scrape_interval: 1x\n") ==
        "f.yml:2: global.scrape_interval: not a valid duration string: \"1x\"");
  CHECK(Refusal("scrape_configs:\n- job_name: a\n- job_name: b\n  relabel_configs:\n"
                "  - target_label: x\n  - action: drop\n    regex: (\n") ==
        "f.yml:7: scrape_configs[1].relabel_configs[1].regex: error parsing regexp: "
        "missing ): ^(?s:()$");
  CHECK(Refusal("a: [\n").rfind("f.yml:2:", 0) == 0);
  CHECK(Refusal("- a\n") == "f.yml:1: unmarshal errors: cannot unmarshal !!seq into config.plain");
  CHECK(Refusal("text") ==
        "f.yml:1: unmarshal errors: cannot unmarshal !!str `text` into config.plain");
}

TEST_CASE("unknown and repeated fields are refused at every level", "[agent]") {
  CHECK(Refusal("globl: {}") == "f.yml:1: field globl not found in type config.plain");
  CHECK(Refusal("scrape_configs:\nglobal:\nscrape_configs:\n") ==
        "f.yml:3: field scrape_configs already set in type config.plain");
  CHECK(Global("nonexistent_field: 1") ==
        "f.yml:1: global: field nonexistent_field not found in type config.plain");
  CHECK(Job("consult_sd_configs: []") ==
        "f.yml:3: scrape_configs[0]: field consult_sd_configs not found in type config.plain");
  CHECK(Job("scrape_classic_histograms: true") ==
        "f.yml:3: scrape_configs[0]: field scrape_classic_histograms not found in type "
        "config.plain");
  CHECK(Rule("acton: drop") ==
        "f.yml:3: scrape_configs[0].relabel_configs[0]: field acton not found in type "
        "relabel.plain");
  CHECK(Remote("urll: x") == "f.yml:3: remote_write[0]: field urll not found in type config.plain");
  CHECK(Queue("capacty: 1") ==
        "f.yml:3: remote_write[0].queue_config: field capacty not found in type "
        "config.QueueConfig");
  CHECK(Remote("metadata_config: {sned: true}") ==
        "f.yml:3: remote_write[0].metadata_config: field sned not found in type "
        "config.MetadataConfig");
  CHECK(Global("external_labels: {a: x, a: y}") ==
        "f.yml:1: global.external_labels: key \"a\" already set in map");
  CHECK(Job("static_configs: [{target: [a]}]") ==
        "f.yml:3: scrape_configs[0].static_configs[0]: field target not found in type "
        "targetgroup.plain");
  CHECK(Job("\"a\\nb\": 1") ==
        "f.yml:3: scrape_configs[0]: field a b not found in type config.plain");
}

TEST_CASE("values of the wrong type are refused", "[agent]") {
  CHECK(Job("honor_labels: maybe") ==
        "f.yml:3: scrape_configs[0].honor_labels: unmarshal errors: cannot unmarshal !!str `maybe` "
        "into bool");
  CHECK(Job("honor_labels: 'true'") ==
        "f.yml:3: scrape_configs[0].honor_labels: unmarshal errors: cannot unmarshal !!str `true` "
        "into bool");
  CHECK(Queue("capacity: -1") ==
        "f.yml:3: remote_write[0].queue_config.capacity: unmarshal errors: cannot unmarshal !!int "
        "`-1` into int");
  CHECK(Queue("capacity: many_many_many") ==
        "f.yml:3: remote_write[0].queue_config.capacity: unmarshal errors: cannot unmarshal !!str "
        "`many_ma...` into "
        "int");
  CHECK(Queue("capacity: 5000000000") ==
        "f.yml:3: remote_write[0].queue_config.capacity: unmarshal errors: cannot unmarshal !!int "
        "`5000000000` into "
        "int");
  CHECK(Rule("source_labels: job, action: keep") ==
        "f.yml:3: scrape_configs[0].relabel_configs[0].source_labels: unmarshal errors: cannot "
        "unmarshal !!str `job` "
        "into model.LabelNames");
  CHECK(Job("metrics_path: [a]") ==
        "f.yml:3: scrape_configs[0].metrics_path: unmarshal errors: cannot unmarshal !!seq into "
        "string");
  CHECK(Job("static_configs: [{targets: {a: b}}]") ==
        "f.yml:3: scrape_configs[0].static_configs[0].targets: unmarshal errors: cannot unmarshal "
        "!!map into "
        "[]string");
  CHECK(Job("params: {a: b}") ==
        "f.yml:3: scrape_configs[0].params.a: unmarshal errors: cannot unmarshal !!str `b` into "
        "[]string");
  CHECK(Refusal("scrape_configs: {job_name: j}") ==
        "f.yml:1: scrape_configs: unmarshal errors: cannot unmarshal !!map into "
        "[]*config.ScrapeConfig");
}

TEST_CASE("empty list items are refused with Prometheus's phrases", "[agent]") {
  CHECK(Refusal("scrape_configs:\n-\n") ==
        "f.yml:2: scrape_configs[0]: empty or null scrape config section");
  CHECK(Refusal("remote_write:\n- url: http://a/\n- ~\n") ==
        "f.yml:3: remote_write[1]: empty or null remote write config section");
  CHECK_THAT(Job("relabel_configs: [null]"),
             Catch::Contains("empty or null target relabeling rule"));
  CHECK_THAT(Job("metric_relabel_configs: [null]"),
             Catch::Contains("empty or null metric relabeling rule"));
  CHECK_THAT(Remote("write_relabel_configs: [null]"),
             Catch::Contains("empty or null relabeling rule in remote write config"));
  CHECK_THAT(Job("static_configs: [null]"),
             Catch::Contains("empty or null section in static_configs"));
}

TEST_CASE("two destinations that would share their progress are refused", "[agent]") {
  CHECK(Refusal("remote_write: [{url: http://r/}, {url: http://r/}]\n") ==
        "f.yml:1: remote_write[1]: duplicate remote write configs are not allowed, found duplicate "
        "for URL: http://r/");
  CHECK_THAT(Refusal("remote_write: [{url: http://r/}, {url: http://r/, send_exemplars: true}]\n"),
             Catch::Contains("same URL and tenant") && Catch::Contains("give each a `name`"));
  CHECK_THAT(Refusal("remote_write: [{url: http://r/, headers: {X-Scope-OrgID: a}}, "
                     "{url: http://r/, headers: {x-scope-orgid: a}}]\n"),
             Catch::Contains("same URL and tenant"));
}

TEST_CASE("the global section is checked", "[agent]") {
  CHECK(Global("scrape_interval: 10s, scrape_timeout: 11s") ==
        "f.yml:1: global.scrape_timeout: global scrape timeout greater than scrape interval");
  CHECK(Global("scrape_interval: 15") ==
        "f.yml:1: global.scrape_interval: not a valid duration string: \"15\"");
  CHECK(Global("scrape_interval: ''") == "f.yml:1: global.scrape_interval: empty duration string");
  CHECK(Global("body_size_limit: 100") ==
        "f.yml:1: global.body_size_limit: units: unknown unit  in 100");
  CHECK(Global("external_labels: {!!binary \"/w==\": x}") ==
        "f.yml:1: global.external_labels: \"\\xff\" is not a valid label name");
  CHECK(Global("external_labels: {x: !!binary \"/w==\"}") ==
        "f.yml:1: global.external_labels.x: \"\\xff\" is not a valid label value");
  CHECK(Global("external_labels: {'': x}") ==
        "f.yml:1: global.external_labels: \"\" is not a valid label name");
}

TEST_CASE("scrape jobs are checked", "[agent]") {
  CHECK(Refusal("scrape_configs: [{job_name: ''}]") ==
        "f.yml:1: scrape_configs[0]: job_name is empty");
  CHECK(Refusal("scrape_configs: [{metrics_path: /}]") ==
        "f.yml:1: scrape_configs[0]: job_name is empty");
  CHECK(Refusal("scrape_configs:\n- job_name: a\n- job_name: b\n- job_name: a\n") ==
        "f.yml:4: scrape_configs[2]: found multiple scrape configs with job name \"a\", first "
        "found in f.yml:2");
  CHECK(
      Job("scrape_timeout: 61s") ==
      "f.yml:3: scrape_configs[0].scrape_timeout: scrape timeout greater than scrape interval for "
      "scrape config with job name \"j\"");
  CHECK_THAT(Job("body_size_limit: 5kB"), Catch::Contains("units: unknown unit kB in 5kB"));
  CHECK_THAT(Job("scheme: ftp"), Catch::Contains("unsupported scheme \"ftp\""));
  CHECK(Job("static_configs: [{targets: ['http://bad']}]") ==
        "f.yml:3: scrape_configs[0].static_configs[0].targets[0]: \"http://bad\" is not a valid "
        "hostname");
  CHECK_THAT(Job("static_configs: [{targets: [a], labels: {'': b}}]"),
             Catch::Contains("\"\" is not a valid label name"));
  CHECK_THAT(Job("file_sd_configs: [{files: [a.txt]}]"),
             Catch::Contains("path name \"a.txt\" is not valid for file discovery"));
  CHECK_THAT(Job("file_sd_configs: [{files: ['*/a.yml']}]"),
             Catch::Contains("is not valid for file discovery"));
  CHECK_THAT(Job("file_sd_configs: [{}]"),
             Catch::Contains("file service discovery config must contain at least one path name"));
}

TEST_CASE("relabeling rules are checked where they stand", "[agent]") {
  CHECK(Rule("action: hashmod, target_label: x") ==
        "f.yml:3: scrape_configs[0].relabel_configs[0]: relabel configuration for hashmod requires "
        "non-zero modulus");
  CHECK_THAT(Rule("action: ~"), Catch::Contains("action: relabel action cannot be empty"));
  CHECK_THAT(Rule("action: erase"), Catch::Contains("unknown relabel action \"erase\""));
  CHECK_THAT(Rule("action: replace"),
             Catch::Contains("relabel configuration for replace action requires 'target_label'"));
  CHECK_THAT(Rule("action: keepequal, target_label: x, regex: (.*)"),
             Catch::Contains("keepequal action requires only 'source_labels' and `target_label`, "
                             "and no other fields"));
  CHECK_THAT(Rule("action: labelkeep, source_labels: [a]"),
             Catch::Contains("labelkeep action requires only 'regex', and no other fields"));
  CHECK_THAT(Rule("action: lowercase, target_label: x, replacement: y"),
             Catch::Contains("'replacement' can not be set for lowercase action"));
  CHECK_THAT(Rule("action: labelmap, regex: !!binary 'x'"),
             Catch::Contains("!!binary value contains invalid base64 data"));
  CHECK_THAT(Rule("source_labels: [''], action: keep"),
             Catch::Contains("source_labels[0]: \"\" is not a valid label name"));
  CHECK_THAT(Rule("action: hashmod, target_label: x, modulus: -1"),
             Catch::Contains("modulus: unmarshal errors: cannot unmarshal !!int `-1` into uint64"));
}

TEST_CASE("destinations are checked", "[agent]") {
  CHECK(Refusal("remote_write: [{name: x}]") ==
        "f.yml:1: remote_write[0]: url for remote_write is empty");
  CHECK_THAT(Refusal("remote_write: [{url: 'localhost:9090'}]"),
             Catch::Contains("remote_write[0].url: the URL must begin with http:// or https://"));
  CHECK_THAT(Refusal("remote_write: [{url: 'http:///x'}]"), Catch::Contains("the URL has no host"));
  CHECK_THAT(Refusal("remote_write: [{url: 'http://a b/'}]"),
             Catch::Contains("invalid character in host name"));
  CHECK(Refusal("remote_write:\n- {url: http://a/, name: q}\n- {url: http://b/, name: q}\n") ==
        "f.yml:3: remote_write[1]: found multiple remote write configs with job name \"q\"");
  CHECK_THAT(Remote("headers: {X-Prometheus-Remote-Write-Version: 1}"),
             Catch::Contains("is a reserved header. It must not be changed"));
  CHECK_THAT(Remote("headers: {Authorization: x}"),
             Catch::Contains("authorization header must be changed via the basic_auth, "
                             "authorization, oauth2, sigv4, azuread or google_iam parameter"));
  CHECK_THAT(Remote("headers: {'a b': x}"), Catch::Contains("is not a valid header name"));
  CHECK_THAT(Remote("headers: {a: \"x\\r\\nHost: y\"}"), Catch::Contains("not a valid value"));
  CHECK_THAT(Remote("remote_timeout: 0"), Catch::Contains("must be positive"));
  CHECK_THAT(Remote("protobuf_message: x.Request"),
             Catch::Contains("invalid protobuf_message value: unknown type for remote write "
                             "protobuf message x.Request, supported: prometheus.WriteRequest, "
                             "io.prometheus.write.v2.Request"));
}

TEST_CASE("queues are checked", "[agent]") {
  for (const std::string name : {"capacity", "max_shards", "min_shards", "max_samples_per_send"}) {
    CHECK(Queue(name + ": 0") == "f.yml:3: remote_write[0].queue_config." + name +
                                     ": remote write queue " + name + " must be positive");
  }
  CHECK_THAT(Queue("min_shards: 3, max_shards: 2"),
             Catch::Contains("remote write queue min_shards must not be greater than max_shards"));
  CHECK_THAT(Queue("min_backoff: 3s, max_backoff: 2s"),
             Catch::Contains("remote write queue max_backoff must not be less than min_backoff"));
}

TEST_CASE("what Prometheus can do and Sluice cannot yet is refused", "[agent]") {
  CHECK(Job("nerve_sd_configs: [{servers: [a], paths: [/b]}]") ==
        "f.yml:3: scrape_configs[0].nerve_sd_configs: field nerve_sd_configs is not "
        "supported yet");
}

TEST_CASE("groups of destinations are checked", "[agent]") {
  const auto group = [](const std::string& fields) {
    return Refusal("remote_write:\n- " + fields + "\n");
  };
  CHECK_THAT(group("url: http://a/\n  urls: [http://b/]"), Catch::Contains("either url or urls"));
  CHECK_THAT(group("urls: []"), Catch::Contains("urls is empty"));
  CHECK_THAT(group("urls: [http://a/, http://a/]"), Catch::Contains("the URL comes twice"));
  CHECK_THAT(group("urls: [a]"), Catch::Contains("must begin with http"));
  CHECK_THAT(group("url: http://a/\n  distribute: shard"),
             Catch::Contains("distribute: shard needs urls"));
  CHECK_THAT(group("urls: [http://a/]\n  distribute: hash"),
             Catch::Contains("unknown distribute \"hash\", expected round_robin or shard"));
  CHECK_THAT(group("urls: [http://a/]\n  replicas: 1"),
             Catch::Contains("replicas needs distribute: shard"));
  CHECK_THAT(group("urls: [http://a/, http://b/]\n  distribute: shard\n  replicas: 3"),
             Catch::Contains("replicas must be at least 1 and at most the number of urls"));
}

TEST_CASE("tenants are checked", "[agent]") {
  CHECK(Remote("tenant_from: team\n  tenant_header: \"a b\"") ==
        "f.yml:4: remote_write[0].tenant_header: \"a b\" is no name of a header");
  CHECK_THAT(Remote("tenant_from: team\n  tenant_header: Content-Type"),
             Catch::Contains("the header Content-Type says something else than a tenant"));
  CHECK_THAT(Remote("tenant_from: team\n  headers: {x-scope-orgid: a}"),
             Catch::Contains("the header X-Scope-OrgID is among `headers`, too"));
  CHECK_THAT(Remote("tenant_keep_label: true"),
             Catch::Contains("tenant_keep_label needs tenant_from"));
  CHECK_THAT(Refusal("remote_write:\n- url: http://v/insert/{tenant}/prometheus\n"),
             Catch::Contains("{tenant} in the URL needs tenant_from"));
  CHECK_THAT(Refusal("remote_write:\n- url: http://v/{tenant}/w\n  tenant_from: t\n"
                     "  tenant_header: X-Tenant\n"),
             Catch::Contains("either tenant_header or {tenant} in the URL"));
}

TEST_CASE("a round of metadata that never comes, or has nothing in it, is refused", "[agent]") {
  CHECK_THAT(Remote("metadata_config: {send_interval: 0s}"),
             Catch::EndsWith("the send_interval of metadata_config must be positive"));
  CHECK_THAT(Remote("metadata_config: {max_samples_per_send: 0}"),
             Catch::EndsWith("the max_samples_per_send of metadata_config must be positive"));
}

TEST_CASE("compressions are checked", "[agent]") {
  CHECK(Remote("compression: gzip") ==
        "f.yml:3: remote_write[0].compression: unknown compression \"gzip\", expected auto, snappy "
        "or zstd");
  CHECK_THAT(Remote("compression: zstd\n  protobuf_message: io.prometheus.write.v2.Request"),
             Catch::Contains("compression zstd is a variant of prometheus.WriteRequest alone"));
}

TEST_CASE("limits are checked", "[agent]") {
  for (const std::string name :
       {"sample_limit", "target_limit", "label_limit", "label_name_length_limit",
        "label_value_length_limit", "keep_dropped_targets"}) {
    CAPTURE(name);
    CHECK_THAT(Job(name + ": -1"), Catch::Contains(name + ": "));
    CHECK_THAT(Global(name + ": x"), Catch::Contains("global." + name + ": "));
  }
  CHECK(Job("sample_limit_policy: drop") ==
        "f.yml:3: scrape_configs[0].sample_limit_policy: unknown sample_limit_policy \"drop\", "
        "expected fail or keep_known");
}

TEST_CASE("the replay is checked", "[agent]") {
  CHECK_THAT(Remote("replay: newest"),
             Catch::EndsWith("unknown replay \"newest\", expected in_order or live_first"));
  CHECK_THAT(Remote("thin_out: {interval: 1m}"),
             Catch::EndsWith("thin_out needs a positive after"));
  CHECK_THAT(Remote("thin_out: {after: 1m, interval: 0s}"),
             Catch::EndsWith("the interval of thin_out must be positive"));
  CHECK_THAT(Remote("rate_limit: {samples: 1}"), Catch::Contains("field samples not found"));
  CHECK_THAT(Remote("when_full: panic"),
             Catch::EndsWith(
                 "unknown when_full \"panic\", expected drop_oldest, thin_out or stop_accepting"));
  CHECK_THAT(Remote("max_bytes: 1000KiB"), Catch::EndsWith("max_bytes must be at least 1MiB"));
  CHECK_THAT(Remote("max_bytes: 0"), Catch::EndsWith("max_bytes must be at least 1MiB"));
  CHECK_THAT(Remote("max_bytes: much"), Catch::Contains("remote_write[0].max_bytes: "));
  CHECK_THAT(Remote("on_remove: forget"),
             Catch::EndsWith("unknown on_remove \"forget\", expected drain, keep or drop"));
  for (const auto* share : {"0", "-1", "1.5"}) {
    CHECK_THAT(Remote("replay_share: " + std::string(share)),
               Catch::EndsWith("replay_share must be more than 0 and at most 1"));
  }
}

TEST_CASE("scrape protocols are checked", "[agent]") {
  CHECK_THAT(Job("fallback_scrape_protocol: foo"),
             Catch::Contains("invalid fallback_scrape_protocol for scrape config with job name "
                             "\"j\": unknown scrape protocol foo, supported: ["));
  CHECK_THAT(Job("fallback_scrape_protocol: [PrometheusText0.0.4]"),
             Catch::Contains("unmarshal errors: cannot unmarshal !!seq into"));
  CHECK_THAT(Job("scrape_protocols: [prometheusproto]"),
             Catch::EndsWith(
                 "unknown scrape protocol prometheusproto, supported: "
                 "[OpenMetricsText0.0.1 OpenMetricsText1.0.0 PrometheusProto "
                 "PrometheusText0.0.4 PrometheusText1.0.0] for scrape config with job name \"j\""));
  CHECK_THAT(Job("scrape_protocols: [PrometheusProto, PrometheusProto]"),
             Catch::EndsWith("duplicated protocol in scrape_protocols, got [PrometheusProto "
                             "PrometheusProto] for scrape config with job name \"j\""));
  CHECK_THAT(
      Job("scrape_protocols: []"),
      Catch::EndsWith("scrape_protocols cannot be empty for scrape config with job name \"j\""));
}

}  // namespace
}  // namespace sluice::agent
