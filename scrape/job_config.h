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
#include "relabel/rule.h"
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
  // Which names series may have; a scrape with any other fails.
  relabel::NameScheme metric_name_validation_scheme = relabel::NameScheme::kUtf8;
  NameEscaping metric_name_escaping_scheme = NameEscaping::kAllowUtf8;
  // What a target's labels say wins over these three.
  // Whether native histograms are read, which only kPrometheusProto can carry. When not, or in any
  // other protocol, a histogram is its classic series. A default list of protocols begins with
  // kPrometheusProto when this is set.
  bool scrape_native_histograms = false;
  // Keep the classic series of a histogram beside its native one, also beside the one that
  // convert_classic_histograms_to_nhcb makes.
  bool always_scrape_classic_histograms = false;
  // Make one native histogram with custom buckets (schema -53) of the classic series.
  bool convert_classic_histograms_to_nhcb = false;
  // Native histograms with more buckets are brought to a lower resolution, and where there is none
  // the scrape fails. 0 = none.
  uint64_t native_histogram_bucket_limit = 0;
  // The least factor from one bucket to the next of native histograms; higher resolutions are
  // reduced. 0 = none; at most 1 is no bound either.
  double native_histogram_min_bucket_factor = 0;
  bool track_timestamps_staleness = false;
  // le="1" of classic histograms becomes le="1.0", and so does quantile of summaries.
  bool respell_labels = true;
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
  // For how long what a discovery found last is kept on disk, for the next start; 0: not at all.
  std::chrono::milliseconds discovery_grace = std::chrono::hours(24);
  std::string scrape_failure_log_file;  // as the process opens it; empty for none
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
