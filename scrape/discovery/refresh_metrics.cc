#include "scrape/discovery/refresh_metrics.h"

namespace sluice::scrape {

RefreshMetrics::RefreshMetrics(Telemetry& telemetry, const std::string& mechanism,
                               const std::string& config) {
  const MetricLabels labels = {{"mechanism", mechanism}, {"config", config}};
  failures =
      telemetry.AddCounter("prometheus_sd_refresh_failures_total",
                           "Rounds of a discovery that failed; the last targets stay.", labels);
  duration =
      telemetry.AddHistogram("prometheus_sd_refresh_duration_histogram_seconds",
                             "How long rounds of a discovery took.", labels, {0.01, 0.1, 1, 10});
  bad_entries = telemetry.AddCounter("sluice_discovery_bad_entries_total",
                                     "Entries of answers that were left out.", labels);
  last_success = telemetry.AddGauge("sluice_discovery_last_success_timestamp_seconds",
                                    "When a discovery last knew what there is.", labels);
}

}  // namespace sluice::scrape
