#include <chrono>
#include <fstream>
#include <string>

#include <catch2/catch.hpp>

#include "agent/config/config.h"
#include "tests/support/temp_dir.h"

namespace sluice::agent {
namespace {

using std::chrono::milliseconds;

std::optional<std::string> SomeEnvironment(std::string_view name) {
  if (name == "REGION") return "eu-1";
  if (name == "EMPTY") return "";
  return std::nullopt;
}

Config Load(const std::string& text, const std::string& path = "/etc/p/prometheus.yml") {
  Result<Config> config = ParseConfig(text, path, SomeEnvironment);
  if (!config.ok()) FAIL(config.error().message);
  return std::move(*config);
}

scrape::JobConfig Job(const std::string& fields, const std::string& before = "") {
  return Load(before + "\nscrape_configs:\n- job_name: j\n  " + fields + "\n").jobs.at(0);
}

remotewrite::DestinationConfig Remote(const std::string& fields) {
  return Load("remote_write:\n- url: http://r/push\n  " + fields + "\n").destinations.at(0);
}

TEST_CASE("an empty file gives an empty configuration", "[agent]") {
  for (const auto* text : {"", "# nothing\n", "global:\nscrape_configs:\nremote_write:\n"}) {
    const Config config = Load(text);
    CHECK(config.jobs.empty());
    CHECK(config.destinations.empty());
    CHECK(config.external_labels.empty());
    CHECK(config.warnings.empty());
  }
}

TEST_CASE("the configuration of a stock Prometheus server starts an agent", "[agent]") {
  const Config config = Load(R"(
global:
  scrape_interval:     15s # Set the scrape interval to every 15 seconds.
  evaluation_interval: 15s
  external_labels:
      monitor: 'example'

alerting:
  alertmanagers:
  - static_configs:
    - targets: ['localhost:9093']

rule_files:
  # - "first_rules.yml"

scrape_configs:
  - job_name: 'prometheus'
    scrape_interval: 5s
    scrape_timeout: 5s
    static_configs:
      - targets: ['localhost:9090']
  - job_name: node
    static_configs:
      - targets: ['localhost:9100']
)");
  CHECK(config.external_labels == relabel::Labels{{"monitor", "example"}});
  REQUIRE(config.jobs.size() == 2);
  CHECK(config.jobs[0].name == "prometheus");
  CHECK(config.jobs[0].scrape_interval == milliseconds(5'000));
  CHECK(config.jobs[0].scrape_timeout == milliseconds(5'000));
  CHECK(config.jobs[1].scrape_interval == milliseconds(15'000));
  CHECK(config.jobs[1].scrape_timeout == milliseconds(10'000));
  CHECK(config.jobs[1].static_groups.at(0).targets.at(0) ==
        relabel::Labels{{"__address__", "localhost:9100"}});
  CHECK(config.warnings ==
        std::vector<std::string>{
            "/etc/p/prometheus.yml:13: rule_files: has no effect in an agent and is ignored",
            "/etc/p/prometheus.yml:8: alerting: has no effect in an agent and is ignored",
            "/etc/p/prometheus.yml:4: global.evaluation_interval: has no effect in an agent and is "
            "ignored"});
}

TEST_CASE("every section that only a server needs is worth one warning", "[agent]") {
  const Config config = Load(R"(
global: {rule_query_offset: 1m, query_log_file: x, keep_dropped_targets: 5}
remote_read: [{url: http://x/}]
storage: {tsdb: {out_of_order_time_window: 30m}}
tracing: {endpoint: x}
otlp: {promote_resource_attributes: [a]}
runtime: {gogc: 50}
)");
  CHECK(config.warnings.size() == 7);
}

TEST_CASE("a job has Prometheus's defaults", "[agent]") {
  const scrape::JobConfig job = Job("honor_labels: false");
  CHECK(job.scrape_interval == milliseconds(60'000));
  CHECK(job.scrape_timeout == milliseconds(10'000));
  CHECK(job.metrics_path == "/metrics");
  CHECK(job.scheme == "http");
  CHECK(job.honor_timestamps);
  CHECK(job.enable_compression);
  CHECK(job.body_size_limit == 0);
  CHECK(job.relabel.empty());
}

TEST_CASE("every field of a job is read", "[agent]") {
  const scrape::JobConfig job = Job(R"(scrape_interval: 1m30s
  scrape_timeout: 20s
  metrics_path: /probe
  scheme: https
  params: {module: [http_2xx, other], a: [], "z z": ['1']}
  honor_labels: yes
  honor_timestamps: off
  enable_compression: false
  body_size_limit: 1.5MB
  relabel_configs:
  - {source_labels: [a, b], separator: '-', regex: 'x(.*)', target_label: t, replacement: 'r$1'}
  - {action: hashmod, source_labels: [__address__], modulus: 8, target_label: __tmp}
  metric_relabel_configs:
  - {action: DROP, source_labels: [__name__], regex: go_.*}
  static_configs:
  - targets: [a:1, 'b:2']
    labels: {x: y, n: 5, empty: ''}
  - labels: {only: labels}
  file_sd_configs:
  - files: [targets/*.json, /abs/t.yml, ../up.YAML]
  - files: [b.yaml]
    refresh_interval: 1m
)");
  CHECK(job.scrape_interval == milliseconds(90'000));
  CHECK(job.scrape_timeout == milliseconds(20'000));
  CHECK(job.metrics_path == "/probe");
  CHECK(job.scheme == "https");
  using Params = std::vector<std::pair<std::string, std::vector<std::string>>>;
  CHECK(job.params == Params{{"a", {}}, {"module", {"http_2xx", "other"}}, {"z z", {"1"}}});
  CHECK(job.honor_labels);
  CHECK_FALSE(job.honor_timestamps);
  CHECK_FALSE(job.enable_compression);
  CHECK(job.body_size_limit == 1'572'864);
  REQUIRE(job.relabel.rules().size() == 2);
  CHECK(job.relabel.rules()[0].separator == "-");
  CHECK(job.relabel.rules()[0].regex == "x(.*)");
  CHECK(job.relabel.rules()[0].replacement == "r$1");
  CHECK(job.relabel.rules()[1].modulus == 8);
  CHECK(job.metric_relabel.rules().at(0).action == relabel::Action::kDrop);
  REQUIRE(job.static_groups.size() == 2);
  CHECK(job.static_groups[0].source == "0");
  CHECK(job.static_groups[0].targets.size() == 2);
  CHECK(job.static_groups[0].labels == relabel::Labels{{"x", "y"}, {"n", "5"}});
  CHECK(job.static_groups[1].source == "1");
  CHECK(job.static_groups[1].targets.empty());
  REQUIRE(job.discoveries.size() == 2);
  const auto& first = std::get<scrape::FileSdConfig>(job.discoveries[0].mechanism);
  const auto& second = std::get<scrape::FileSdConfig>(job.discoveries[1].mechanism);
  CHECK(first.files ==
        std::vector<std::string>{"/etc/p/targets/*.json", "/abs/t.yml", "/etc/up.YAML"});
  CHECK(first.refresh_interval == milliseconds(300'000));
  CHECK(second.refresh_interval == milliseconds(60'000));
}

TEST_CASE("relative target files of a relative configuration stay relative", "[agent]") {
  const Config config = Load(
      "scrape_configs: [{job_name: j, file_sd_configs: [{files: [t/a.yml]}]}]", "prometheus.yml");
  CHECK(std::get<scrape::FileSdConfig>(config.jobs[0].discoveries[0].mechanism).files ==
        std::vector<std::string>{"t/a.yml"});
}

TEST_CASE("jobs inherit from the global section", "[agent]") {
  const scrape::JobConfig job = Job("scrape_interval: 0",
                                    "global: {scrape_interval: 30s, scrape_timeout: 25s, "
                                    "body_size_limit: 10MB}");
  CHECK(job.scrape_interval == milliseconds(30'000));
  CHECK(job.scrape_timeout == milliseconds(25'000));
  CHECK(job.body_size_limit == 10ULL << 20);
  // A timeout that nobody wrote never exceeds the interval.
  CHECK(Job("scrape_interval: 5s").scrape_timeout == milliseconds(5'000));
  CHECK(Job("", "global: {scrape_interval: 5s}").scrape_timeout == milliseconds(5'000));
  CHECK(Job("scrape_interval: 20s", "global: {scrape_timeout: 25s}").scrape_timeout ==
        milliseconds(20'000));
  CHECK(Job("body_size_limit: 0", "global: {body_size_limit: 1KB}").body_size_limit == 1024);
}

TEST_CASE("a static target may hold a slash when rules can mend it", "[agent]") {
  const scrape::JobConfig job =
      Job("static_configs: [{targets: ['http://x/probe']}]\n"
          "  relabel_configs: [{target_label: __address__, replacement: exporter}]");
  CHECK(job.static_groups.at(0).targets.at(0).Get("__address__") == "http://x/probe");
}

TEST_CASE("an explicit null expression matches only the empty value", "[agent]") {
  const scrape::JobConfig job =
      Job("relabel_configs: [{action: drop, source_labels: [a], regex: }]");
  CHECK(job.relabel.rules().at(0).regex == "");
}

TEST_CASE("external labels are expanded from the environment", "[agent]") {
  const Config config = Load(
      "global:\n  external_labels:\n    a: $REGION/${REGION}\n    b: 100$$\n    c: x$NOPE\n"
      "    d: ${EMPTY}\nremote_write: [{url: http://r/}]\n");
  CHECK(config.external_labels == relabel::Labels{{"a", "eu-1/eu-1"}, {"b", "100$"}, {"c", "x"}});
  CHECK(config.destinations.at(0).external_labels == config.external_labels);
  CHECK(config.warnings ==
        std::vector<std::string>{"/etc/p/prometheus.yml:5: global.external_labels.c: environment "
                                 "variable \"NOPE\" is empty or not set",
                                 "/etc/p/prometheus.yml:6: global.external_labels.d: environment "
                                 "variable \"EMPTY\" is empty or not set"});
}

TEST_CASE("nothing but external labels is expanded", "[agent]") {
  CHECK(Job("metrics_path: $REGION").metrics_path == "$REGION");
}

TEST_CASE("a destination has Prometheus's defaults", "[agent]") {
  const remotewrite::DestinationConfig destination = Remote("name: n");
  CHECK(destination.name == "n");
  CHECK(destination.url == "http://r/push");
  CHECK(destination.remote_timeout == milliseconds(30'000));
  CHECK(destination.queue.capacity == 10'000);
  CHECK(destination.queue.max_shards == 50);
  CHECK(destination.queue.max_samples_per_send == 20'000);
  CHECK(destination.queue.batch_send_deadline == milliseconds(5'000));
  CHECK(destination.max_connection_age == milliseconds(300'000));
  CHECK_FALSE(destination.round_robin_dns);
  CHECK_FALSE(destination.failed_request_logging);
  CHECK(destination.metadata.send);
  CHECK(destination.metadata.send_interval == milliseconds(60'000));
  CHECK(destination.metadata.max_samples_per_send == 2'000);
}

TEST_CASE("every field of a destination is read", "[agent]") {
  const remotewrite::DestinationConfig destination = Remote(R"(remote_timeout: 5s
  headers: {X-Scope-OrgID: team, a: 1}
  write_relabel_configs: [{action: labeldrop, regex: x}]
  metadata_config: {send: false, send_interval: 2m, max_samples_per_send: 10}
  round_robin_dns: true
  failed_request_logging: true
  max_connection_age: 90s
  queue_config: {capacity: 1, max_shards: 3, min_shards: 2, max_samples_per_send: 4,
    batch_send_deadline: 1s, min_backoff: 10ms, max_backoff: 20ms, retry_on_http_429: true,
    sample_age_limit: 1h}
)");
  CHECK(destination.remote_timeout == milliseconds(5'000));
  using Headers = std::vector<std::pair<std::string, std::string>>;
  CHECK(destination.headers == Headers{{"X-Scope-OrgID", "team"}, {"a", "1"}});
  CHECK(destination.write_relabel.rules().size() == 1);
  CHECK(destination.queue.capacity == 1);
  CHECK(destination.queue.max_shards == 3);
  CHECK(destination.queue.min_shards == 2);
  CHECK(destination.queue.max_samples_per_send == 4);
  CHECK(destination.queue.batch_send_deadline == milliseconds(1'000));
  CHECK(destination.queue.min_backoff == milliseconds(10));
  CHECK(destination.queue.max_backoff == milliseconds(20));
  CHECK(destination.queue.sample_age_limit == std::chrono::hours(1));
  CHECK_FALSE(destination.metadata.send);
  CHECK(destination.metadata.send_interval == milliseconds(120'000));
  CHECK(destination.metadata.max_samples_per_send == 10);
  CHECK(destination.max_connection_age == milliseconds(90'000));
  CHECK(destination.round_robin_dns);
  CHECK(destination.failed_request_logging);
}

TEST_CASE("a destination without a name gets a stable one from its URL", "[agent]") {
  // Progress on disk belongs to this name: it must never change.
  CHECK(Remote("remote_timeout: 5s").name == "cdeda9");
  CHECK(Remote("remote_timeout: 6s").name == Remote("remote_timeout: 5s").name);
  CHECK(Remote("headers: {X-Key: secret}").name == "cdeda9");
  CHECK(Remote("headers: {X-Scope-OrgID: a}").name == "9fd80a");
  CHECK(Remote("headers: {x-scope-orgid: a}").name == Remote("headers: {X-Scope-OrgID: a}").name);
  CHECK(Remote("headers: {X-Scope-OrgID: b}").name != Remote("headers: {X-Scope-OrgID: a}").name);
}

TEST_CASE("giving up at 429 is refused with a warning", "[agent]") {
  const Config config =
      Load("remote_write:\n- url: http://r/\n  queue_config: {retry_on_http_429: false}\n");
  CHECK(config.warnings ==
        std::vector<std::string>{
            "/etc/p/prometheus.yml:3: remote_write[0].queue_config.retry_on_http_429: requests "
            "answered with 429 are always tried again"});
}

TEST_CASE("a job has the grace of the global section unless it says its own", "[agent]") {
  using std::chrono::hours;
  CHECK(Job("").discovery_grace == hours(24));
  const std::string global = "global: {discovery_grace: 2h}";
  CHECK(Job("", global).discovery_grace == hours(2));
  CHECK(Job("discovery_grace: null", global).discovery_grace == hours(2));
  CHECK(Job("discovery_grace: 3h", global).discovery_grace == hours(3));
  CHECK(Job("discovery_grace: 0", global).discovery_grace == hours(0));
}

TEST_CASE("jobs inherit limits, and cannot lift them", "[agent]") {
  const std::string global =
      "global: {sample_limit: 1, target_limit: 2, label_limit: 3, label_name_length_limit: 4, "
      "label_value_length_limit: 5, keep_dropped_targets: 6, body_size_limit: 7B, "
      "sample_limit_policy: keep_known, extra_scrape_metrics: true}";
  const scrape::JobConfig inherited = Job("sample_limit: 0", global);
  CHECK(inherited.sample_limit == 1);
  CHECK(inherited.target_limit == 2);
  CHECK(inherited.label_limits.count == 3);
  CHECK(inherited.label_limits.name_length == 4);
  CHECK(inherited.label_limits.value_length == 5);
  CHECK(inherited.keep_dropped_targets == 6);
  CHECK(inherited.body_size_limit == 7);
  CHECK(inherited.sample_limit_policy == scrape::SampleLimitPolicy::kKeepKnown);
  CHECK(inherited.extra_scrape_metrics);
  CHECK(Job("label_limit: 30", global).label_limits.count == 30);
  CHECK(Job("sample_limit_policy: fail", global).sample_limit_policy ==
        scrape::SampleLimitPolicy::kFail);
  CHECK_FALSE(Job("extra_scrape_metrics: false", global).extra_scrape_metrics);
  CHECK_FALSE(Job("sample_limit: 9").extra_scrape_metrics);
  CHECK(Job("track_timestamps_staleness: true").track_timestamps_staleness);
}

TEST_CASE("jobs inherit scrape protocols", "[agent]") {
  using P = scrape::ScrapeProtocol;
  const std::string global = "global: {scrape_protocols: [PrometheusText0.0.4]}";
  CHECK(Job("honor_labels: false", global).scrape_protocols ==
        std::vector<P>{P::kPrometheusText0_0_4});
  CHECK(Job("scrape_protocols: [PrometheusProto, PrometheusText1.0.0]", global).scrape_protocols ==
        std::vector<P>{P::kPrometheusProto, P::kPrometheusText1_0_0});
  CHECK(Job("honor_labels: false").scrape_protocols == scrape::DefaultScrapeProtocols());
  CHECK(Job("fallback_scrape_protocol: PrometheusText0.0.4").fallback_scrape_protocol ==
        P::kPrometheusText0_0_4);
}

TEST_CASE("exemplars and native histograms are sent when asked for", "[agent]") {
  const Config config = Load(R"(
remote_write:
- url: https://a/
- url: https://b/
  send_exemplars: true
  send_native_histograms: true
- url: https://c/
  send_exemplars: false
  send_native_histograms: false
)");
  CHECK_FALSE(config.destinations.at(0).send.exemplars);
  CHECK_FALSE(config.destinations.at(0).send.native_histograms);
  CHECK(config.destinations.at(1).send.exemplars);
  CHECK(config.destinations.at(1).send.native_histograms);
  CHECK_FALSE(config.destinations.at(2).send.exemplars);
  CHECK_FALSE(config.destinations.at(2).send.native_histograms);
}

TEST_CASE("the order of a replay is read", "[agent]") {
  const Config config = Load(R"(
remote_write:
- url: https://a/
- url: https://b/
  replay: live_first
  replay_share: 0.25
- url: https://c/
  replay: in_order
  on_remove: drop
  rate_limit: {samples_per_second: 50000, bytes_per_second: 1MiB}
  thin_out: {after: 1h}
  max_bytes: 512MiB
  when_full: stop_accepting
)");
  CHECK(config.destinations.at(2).disk.bytes_max == 512 << 20);
  CHECK(config.destinations.at(2).disk.when_full == buffer::WhenFull::kStopAccepting);
  CHECK(config.destinations.at(0).disk.bytes_max == 0);
  CHECK(config.destinations.at(0).disk.when_full == buffer::WhenFull::kDropOldest);
  CHECK(config.destinations.at(2).rate_limit.samples_per_second == 50'000);
  CHECK(config.destinations.at(2).rate_limit.bytes_per_second == 1 << 20);
  CHECK(config.destinations.at(2).thinning.after == std::chrono::hours(1));
  CHECK(config.destinations.at(2).thinning.interval == std::chrono::minutes(1));
  CHECK(config.destinations.at(0).thinning.after.count() == 0);
  CHECK(config.destinations.at(0).on_remove == remotewrite::OnRemove::kDrain);
  CHECK(config.destinations.at(2).on_remove == remotewrite::OnRemove::kDrop);
  CHECK(config.destinations.at(0).replay.order == remotewrite::ReplayOrder::kInOrder);
  CHECK(config.destinations.at(1).replay.order == remotewrite::ReplayOrder::kLiveFirst);
  CHECK(config.destinations.at(1).replay.share == 0.25);
  CHECK(config.destinations.at(2).replay.order == remotewrite::ReplayOrder::kInOrder);
}

TEST_CASE("a failure log is inherited, and its path belongs to its file", "[agent]") {
  const std::string global = "global: {scrape_failure_log_file: g.log}";
  const auto log_of = [&](const std::string& fields, const std::string& section) {
    const auto config = ParseConfig(section + "\nscrape_configs: [{job_name: j, " + fields + "}]",
                                    "/etc/sluice/p.yml", SomeEnvironment);
    REQUIRE(config.ok());
    return config->jobs.at(0).scrape_failure_log_file;
  };
  CHECK(log_of("", "").empty());
  CHECK(log_of("", global) == "/etc/sluice/g.log");
  CHECK(log_of("scrape_failure_log_file: ''", global) == "/etc/sluice/g.log");
  CHECK(log_of("scrape_failure_log_file: /var/log/j", global) == "/var/log/j");
}

TEST_CASE("values that change nothing are accepted for fields to come", "[agent]") {
  const Config config = Load(R"(
global: {sample_limit: 0, scrape_protocols: [PrometheusText0.0.4], scrape_native_histograms: false,
  metric_name_validation_scheme: utf8, keep_dropped_targets: 0}
scrape_config_files: []
scrape_configs:
- job_name: j
  kubernetes_sd_configs: []
  scrape_protocols: [OpenMetricsText1.0.0, PrometheusText0.0.4]
  fallback_scrape_protocol: PrometheusText0.0.4
  native_histogram_min_bucket_factor: 0.0
  track_timestamps_staleness: false
remote_write:
- url: https://r/
  protobuf_message: prometheus.WriteRequest
  queue_config: {sample_age_limit: 0s}
)");
  CHECK(config.warnings.empty());
}

TEST_CASE("groups of destinations are read", "[agent]") {
  const Config config = Load(R"(
remote_write:
- urls: [http://a/, http://b/]
- {name: s, urls: [http://c/, http://d/, http://e/], distribute: shard, replicas: 2}
)");
  REQUIRE(config.destinations.size() == 4);
  CHECK(config.destinations[0].urls == std::vector<std::string>{"http://a/", "http://b/"});
  CHECK_FALSE(config.destinations[0].sharding.is_on());
  const Config reordered = Load("remote_write: [{urls: [http://b/, http://a/]}]");
  CHECK(reordered.destinations.at(0).name == config.destinations[0].name);
  for (size_t i = 1; i < 4; ++i) {
    const remotewrite::DestinationConfig& shard = config.destinations[i];
    CHECK(shard.urls.empty());
    CHECK(shard.sharding.replicas() == 2);
    CHECK(shard.sharding.members().size() == 3);
    CHECK(shard.sharding.self() == remotewrite::MemberId(shard.url));
    CHECK(remotewrite::ParseShardName(shard.name)->group == "s");
  }
}

TEST_CASE("tenants of destinations are read", "[agent]") {
  const Config config = Load(R"(
remote_write:
- url: http://a/
- {url: http://b/, tenant_from: team}
- {url: http://c/, tenant_from: team, tenant_header: THANOS-TENANT, tenant_keep_label: true,
  tenant_default: rest}
- {url: "http://d/insert/{tenant}/prometheus/api/v1/write", tenant_from: __tenant__}
)");
  const auto tenant = [&](size_t i) { return config.destinations.at(i).tenant; };
  CHECK_FALSE(tenant(0).is_on());
  CHECK(tenant(1).label == "team");
  CHECK(tenant(1).header == "X-Scope-OrgID");
  CHECK_FALSE(tenant(1).keep_label);
  CHECK(tenant(2).header == "THANOS-TENANT");
  CHECK(tenant(2).keep_label);
  CHECK(tenant(2).fallback == "rest");
  CHECK(tenant(3).label == "__tenant__");
  CHECK(tenant(3).header.empty());
}

TEST_CASE("protocols of destinations are read", "[agent]") {
  using CompressionChoice = remotewrite::ProtocolConfig::CompressionChoice;
  const Config config = Load(R"(
remote_write:
- url: http://a/
- {url: http://b/, protobuf_message: io.prometheus.write.v2.Request, compression: snappy}
- {url: http://c/, protobuf_message: prometheus.WriteRequest, compression: zstd}
- {url: http://d/, compression: auto}
)");
  const auto protocol = [&](size_t i) { return config.destinations.at(i).protocol; };
  CHECK(protocol(0).message == remotewrite::Message::kV1);
  CHECK(protocol(0).compression == CompressionChoice::kAuto);
  CHECK(protocol(1).message == remotewrite::Message::kV2);
  CHECK(protocol(1).compression == CompressionChoice::kSnappy);
  CHECK(protocol(2).message == remotewrite::Message::kV1);
  CHECK(protocol(2).compression == CompressionChoice::kZstd);
  CHECK(protocol(3).compression == CompressionChoice::kAuto);
}

TEST_CASE("anchors and merge keys work across jobs", "[agent]") {
  const Config config = Load(R"(
scrape_configs:
- &base
  job_name: a
  scrape_interval: 5s
  relabel_configs: &rules [{target_label: x, replacement: y}]
- <<: *base
  job_name: b
- job_name: c
  relabel_configs: *rules
)");
  CHECK(config.jobs.at(1).name == "b");
  CHECK(config.jobs.at(1).scrape_interval == milliseconds(5'000));
  CHECK(config.jobs.at(2).relabel.rules().size() == 1);
}

TEST_CASE("a configuration is read from its file", "[agent]") {
  const test::TempDir dir;
  const std::string path = dir.File("p.yml");
  CHECK(LoadConfig(path, SomeEnvironment).error().code == ErrorCode::kNotFound);
  std::ofstream(path) << "scrape_configs: [{job_name: j}]";
  const Result<Config> config = LoadConfig(path, SomeEnvironment);
  REQUIRE(config.ok());
  CHECK(config->jobs.size() == 1);
}

TEST_CASE("a flag can make extra metrics the default", "[agent]") {
  const ConfigFlags flags{.extra_scrape_metrics = true};
  const auto parsed = [&](const std::string& global, const std::string& job) {
    const auto config =
        ParseConfig("global: {" + global + "}\nscrape_configs: [{job_name: j, " + job + "}]",
                    "f.yml", SomeEnvironment, flags);
    REQUIRE(config.ok());
    return config->jobs.at(0).extra_scrape_metrics;
  };
  CHECK(parsed("", ""));
  CHECK_FALSE(parsed("extra_scrape_metrics: false", ""));
  CHECK_FALSE(parsed("", "extra_scrape_metrics: false"));
}

TEST_CASE("the sections of a server are refused in agent mode, unless they are empty", "[agent]") {
  const auto refusal = [](const std::string& text) {
    const auto config = ParseConfig(text, "f.yml", SomeEnvironment, {.agent = true});
    return config.ok() ? "accepted" : config.error().message;
  };
  CHECK(refusal("alerting: {alertmanagers: [{scheme: http}]}") ==
        "f.yml:1: alerting: field alerting is not allowed in agent mode");
  CHECK(refusal("alerting: {alert_relabel_configs: [{target_label: a}]}") ==
        "f.yml:1: alerting: field alerting is not allowed in agent mode");
  CHECK(refusal("rule_files: [a.yml]") ==
        "f.yml:1: rule_files: field rule_files is not allowed in agent mode");
  CHECK(refusal("remote_read: [{url: 'http://r'}]") ==
        "f.yml:1: remote_read: field remote_read is not allowed in agent mode");
  CHECK(refusal("alerting: {alertmanagers: []}\nrule_files: []\nremote_read:\nstorage: {}") ==
        "accepted");
}

TEST_CASE("a list of rules is read alone", "[agent]") {
  const auto rules = ParseRules("- {action: drop, regex: a}\n- {target_label: x}\n", "r.yml");
  REQUIRE(rules.ok());
  CHECK(rules->size() == 2);
  CHECK(ParseRules("", "r.yml")->empty());
  CHECK(ParseRules("- ~\n", "r.yml").error().message ==
        "r.yml:1: [0]: empty or null relabeling rule");
  CHECK(ParseRules("- {action: x}\n", "r.yml").error().message ==
        "r.yml:1: [0].action: unknown relabel action \"x\"");
}

}  // namespace
}  // namespace sluice::agent
