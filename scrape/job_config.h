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
#include "relabel/labels.h"
#include "relabel/program.h"
#include "scrape/limits.h"
#include "scrape/protocol.h"

namespace sluice::scrape {

// Targets that share labels, as static_configs and every discovery mechanism give them.
struct TargetGroup {
  // Names the group among those of its discovery, e.g. "path/file.json:0".
  std::string source;
  std::vector<relabel::Labels> targets;  // each has at least __address__
  relabel::Labels labels;                // a target's own labels win over these

  friend bool operator==(const TargetGroup&, const TargetGroup&) = default;
};

struct FileSdConfig {
  // Joined to the folder of the configuration file; the last path element may hold `*`.
  std::vector<std::string> files;
  std::chrono::milliseconds refresh_interval{5 * 60'000};

  friend bool operator==(const FileSdConfig&, const FileSdConfig&) = default;
};

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
  std::vector<TargetGroup> static_groups;
  std::vector<FileSdConfig> file_sd;
  // Credentials, TLS, proxy; null for none of them.
  std::shared_ptr<const HttpClient> http_client;

  // A text that is equal exactly when two configurations of a job are: all fields but the target
  // sources, as the configuration loader read them. Decides whether targets keep their state. It
  // has the secrets in it: never to be shown.
  std::string fingerprint;
};

// Whether what is remembered of a target's page under one job holds under the other: what makes
// series of its entries is the same.
bool MakeSamePages(const JobConfig& a, const JobConfig& b);

}  // namespace sluice::scrape
