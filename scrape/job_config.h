// What a scrape job of the configuration file says.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/http_client.h"
#include "relabel/program.h"
#include "scrape/discovery/discovery_config.h"
#include "scrape/limits.h"
#include "scrape/protocol.h"
#include "scrape/target_group.h"

namespace sluice::scrape {

// Defaults are Prometheus's.
struct JobConfig {
  std::string name;
  std::chrono::milliseconds scrape_interval{60'000};
  std::chrono::milliseconds scrape_timeout{10'000};
  std::string metrics_path = "/metrics";
  std::string scheme = "http";
  std::vector<std::pair<std::string, std::vector<std::string>>> params;  // sorted by name
  bool honor_labels = false;
  bool honor_timestamps = true;
  bool enable_compression = true;
  std::vector<ScrapeProtocol> scrape_protocols = DefaultScrapeProtocols();
  // For answers whose type is missing, ill-formed or unknown.
  std::optional<ScrapeProtocol> fallback_scrape_protocol;
  bool track_timestamps_staleness = false;
  bool extra_scrape_metrics = false;
  // 0 = none, for all limits.
  uint64_t body_size_limit = 0;  // uncompressed bytes
  uint64_t sample_limit = 0;     // of a scrape, after relabeling
  SampleLimitPolicy sample_limit_policy = SampleLimitPolicy::kFail;
  LabelLimits label_limits;
  uint64_t target_limit = 0;          // above it, no target is scraped any more
  uint64_t keep_dropped_targets = 0;  // to be shown
  relabel::Program relabel;
  relabel::Program metric_relabel;
  TargetGroups static_groups;
  std::vector<DiscoveryConfig> discoveries;
  // Credentials, TLS, proxy; null for none of them.
  std::shared_ptr<const HttpClient> http_client;

  // A text that is equal exactly when two configurations of a job are: all fields but the target
  // sources, as the configuration loader read them. Decides whether targets keep their state. It
  // has the secrets in it: never to be shown.
  std::string fingerprint;
};

}  // namespace sluice::scrape
