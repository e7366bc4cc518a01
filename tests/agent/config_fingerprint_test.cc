#include <string>

#include <catch2/catch.hpp>

#include "agent/config/config.h"

namespace sluice::agent {
namespace {

Config Load(const std::string& text) {
  Result<Config> config = ParseConfig(text, "f.yml", [](std::string_view) { return std::nullopt; });
  if (!config.ok()) FAIL(config.error().message);
  return std::move(*config);
}

std::string OfJob(const std::string& fields, const std::string& global = "") {
  return Load("global: {" + global + "}\nscrape_configs: [{job_name: j, " + fields + "}]")
      .jobs.at(0)
      .fingerprint;
}

std::string OfDestination(const std::string& fields, const std::string& global = "") {
  return Load("global: {" + global + "}\nremote_write: [{url: 'http://r/', " + fields + "}]")
      .destinations.at(0)
      .fingerprint;
}

TEST_CASE("the fingerprint of a job ignores where its targets come from", "[agent]") {
  const std::string base = OfJob("");
  CHECK_FALSE(base.empty());
  CHECK(OfJob("static_configs: [{targets: [a]}]") == base);
  CHECK(OfJob("file_sd_configs: [{files: [a.yml]}]") == base);
  CHECK(OfJob("", "external_labels: {a: b}") == base);
  CHECK(OfJob("discovery_grace: 1h") == base);
  CHECK(OfJob("", "discovery_grace: 1h") == base);
}

TEST_CASE("the fingerprint of a job knows where its failures go", "[agent]") {
  CHECK(OfJob("", "scrape_failure_log_file: a") != OfJob("", "scrape_failure_log_file: b"));
}

TEST_CASE("the fingerprint of a job ignores how it is written", "[agent]") {
  CHECK(OfJob("metrics_path: /x, honor_labels: true") ==
        OfJob("'honor_labels': true,  metrics_path: '/x' "));
}

TEST_CASE("the fingerprint of a job changes with all that it does", "[agent]") {
  const std::string base = OfJob("");
  for (const auto* fields :
       {"metrics_path: /x", "scheme: https", "params: {a: [b]}", "honor_labels: true",
        "honor_timestamps: false", "enable_compression: false", "body_size_limit: 1KB",
        "scrape_interval: 5s", "scrape_timeout: 5s", "relabel_configs: [{target_label: x}]",
        "metric_relabel_configs: [{target_label: x}]", "track_timestamps_staleness: true",
        "extra_scrape_metrics: true", "sample_limit: 1"}) {
    CAPTURE(fields);
    CHECK(OfJob(fields) != base);
  }
  for (const auto* global :
       {"scrape_interval: 5s", "scrape_timeout: 5s", "body_size_limit: 1KB", "sample_limit: 1",
        "sample_limit_policy: keep_known", "target_limit: 1", "label_limit: 1",
        "label_name_length_limit: 1", "label_value_length_limit: 1", "keep_dropped_targets: 1",
        "extra_scrape_metrics: true"}) {
    CAPTURE(global);
    CHECK(OfJob("", global) != base);
  }
  CHECK(OfJob("relabel_configs: [{target_label: x}]") !=
        OfJob("metric_relabel_configs: [{target_label: x}]"));
  // Its own interval shields it from the global one.
  CHECK(OfJob("scrape_interval: 5s, scrape_timeout: 5s", "scrape_interval: 7s") ==
        OfJob("scrape_interval: 5s, scrape_timeout: 5s"));
}

TEST_CASE("the fingerprint of a destination changes with all that it does", "[agent]") {
  const std::string base = OfDestination("");
  CHECK(OfDestination("") == base);
  for (const auto* fields :
       {"name: x", "remote_timeout: 5s", "headers: {a: b}",
        "write_relabel_configs: [{target_label: x}]", "queue_config: {capacity: 5}"}) {
    CAPTURE(fields);
    CHECK(OfDestination(fields) != base);
  }
  CHECK(OfDestination("headers: {a: b}") != OfDestination("headers: {a: c}"));
  CHECK(OfDestination("", "external_labels: {a: b}") != base);
}

}  // namespace
}  // namespace sluice::agent
