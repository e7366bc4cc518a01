#include "scrape/scrape_metrics.h"

#include <string>
#include <vector>

namespace sluice::scrape {
namespace {

const char* const kScrapes = "sluice_scrapes_total";
const char* const kScrapesHelp = "Scrapes by how they ended.";
const char* const kDropped = "sluice_scrape_samples_dropped_total";
const char* const kDroppedHelp = "Samples lost between scrape and log, by reason.";

std::vector<double> SecondsBounds() { return {0.01, 0.1, 0.5, 1, 5, 10, 15, 30, 60, 120, 300}; }

}  // namespace

ScrapeMetrics::ScrapeMetrics(Telemetry& telemetry)
    : scrapes_up(telemetry.AddCounter(kScrapes, kScrapesHelp, {{"result", "up"}})),
      scrapes_down(telemetry.AddCounter(kScrapes, kScrapesHelp, {{"result", "down"}})),
      scrapes_missed(telemetry.AddCounter(
          "sluice_scrapes_missed_total",
          "Grid points without a scrape, because the one before took too long.")),
      body_limit_exceeded(
          telemetry.AddCounter("prometheus_target_scrapes_exceeded_body_size_limit_total",
                               "Scrapes that failed because the body exceeded its size limit.")),
      sample_limit_exceeded(
          telemetry.AddCounter("prometheus_target_scrapes_exceeded_sample_limit_total",
                               "Scrapes with more samples than the sample limit.")),
      label_limit_exceeded(
          telemetry.AddCounter("prometheus_target_scrape_pool_exceeded_label_limits_total",
                               "Scrapes that failed because a series exceeded a label limit.")),
      duplicate(
          telemetry.AddCounter("prometheus_target_scrapes_sample_duplicate_timestamp_total",
                               "Samples dropped because the same page had their series before.")),
      out_of_order(telemetry.AddCounter(
          "prometheus_target_scrapes_sample_out_of_order_total",
          "Samples dropped because their timestamp was not newer than the last one.")),
      out_of_bounds(
          telemetry.AddCounter("prometheus_target_scrapes_sample_out_of_bounds_total",
                               "Samples dropped because their timestamp was too far ahead.")),
      samples_appended(telemetry.AddCounter("prometheus_agent_samples_appended_total",
                                            "Samples that the log took, stale markers included.",
                                            {{"type", "float"}})),
      samples_lost(telemetry.AddCounter(kDropped, kDroppedHelp, {{"reason", "append_failed"}})),
      samples_refused(telemetry.AddCounter(kDropped, kDroppedHelp, {{"reason", "sample_limit"}})),
      interval_seconds(telemetry.AddHistogram("prometheus_target_interval_length_seconds",
                                              "Actual intervals between scrapes.", {},
                                              SecondsBounds())),
      duration_seconds(telemetry.AddHistogram("sluice_scrape_duration_seconds",
                                              "How long scrapes took.", {}, SecondsBounds())) {}

void ScrapeMetrics::Count(const SampleCounts& counts) const {
  if (counts.duplicate != 0) duplicate.Increment(static_cast<double>(counts.duplicate));
  if (counts.out_of_order != 0) out_of_order.Increment(static_cast<double>(counts.out_of_order));
  if (counts.out_of_bounds != 0) {
    out_of_bounds.Increment(static_cast<double>(counts.out_of_bounds));
  }
  if (counts.refused != 0) samples_refused.Increment(static_cast<double>(counts.refused));
  if (counts.sample_limit_exceeded) sample_limit_exceeded.Increment();
  if (counts.label_limit_exceeded) label_limit_exceeded.Increment();
}

}  // namespace sluice::scrape
