#include "scrape/scrape_metrics.h"

#include <string>
#include <vector>

namespace sluice::scrape {
namespace {

const char* const kScrapes = "sluice_scrapes_total";
const char* const kScrapesHelp = "Scrapes by how they ended.";
const char* const kAppended = "prometheus_agent_samples_appended_total";
const char* const kAppendedHelp = "Samples that the log took, stale markers included.";
const char* const kExemplars = "sluice_scrape_exemplars_dropped_total";
const char* const kExemplarsHelp = "Exemplars lost between scrape and log, by reason.";
const char* const kDropped = "sluice_scrape_samples_dropped_total";
const char* const kDroppedHelp = "Samples lost between scrape and log, by reason.";

std::vector<double> SecondsBounds() { return {0.01, 0.1, 0.5, 1, 5, 10, 15, 30, 60, 120, 300}; }

void Add(const Counter& counter, uint64_t count) {
  if (count != 0) counter.Increment(static_cast<double>(count));
}

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
      bucket_limit_exceeded(telemetry.AddCounter(
          "prometheus_target_scrapes_exceeded_native_histogram_bucket_limit_total",
          "Scrapes that failed because a native histogram kept too many buckets.")),
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
      floats_appended(telemetry.AddCounter(kAppended, kAppendedHelp, {{"type", "float"}})),
      histograms_appended(telemetry.AddCounter(kAppended, kAppendedHelp, {{"type", "histogram"}})),
      samples_lost(telemetry.AddCounter(kDropped, kDroppedHelp, {{"reason", "append_failed"}})),
      samples_refused(telemetry.AddCounter(kDropped, kDroppedHelp, {{"reason", "sample_limit"}})),
      histograms_malformed(
          telemetry.AddCounter(kDropped, kDroppedHelp, {{"reason", "malformed_histogram"}})),
      exemplars_out_of_order(telemetry.AddCounter(
          "prometheus_target_scrapes_exemplar_out_of_order_total",
          "Exemplars dropped because they were older than the last one of their series.")),
      exemplars_appended(telemetry.AddCounter("prometheus_agent_exemplars_appended_total",
                                              "Exemplars that the log took.")),
      exemplars_lost(
          telemetry.AddCounter(kExemplars, kExemplarsHelp, {{"reason", "append_failed"}})),
      exemplars_too_long(
          telemetry.AddCounter(kExemplars, kExemplarsHelp, {{"reason", "labels_too_long"}})),
      exemplars_invalid(
          telemetry.AddCounter(kExemplars, kExemplarsHelp, {{"reason", "labels_invalid"}})),
      exemplars_too_many(
          telemetry.AddCounter(kExemplars, kExemplarsHelp, {{"reason", "too_many"}})),
      interval_seconds(telemetry.AddHistogram("prometheus_target_interval_length_seconds",
                                              "Actual intervals between scrapes.", {},
                                              SecondsBounds())),
      duration_seconds(telemetry.AddHistogram("sluice_scrape_duration_seconds",
                                              "How long scrapes took.", {}, SecondsBounds())) {}

void ScrapeMetrics::Count(const SampleCounts& counts) const {
  Add(duplicate, counts.duplicate);
  Add(out_of_order, counts.out_of_order);
  Add(out_of_bounds, counts.out_of_bounds);
  Add(samples_refused, counts.refused);
  Add(histograms_malformed, counts.malformed_histograms);
  const ExemplarCounts& exemplars = counts.exemplars;
  Add(exemplars_out_of_order, exemplars.out_of_order);
  Add(exemplars_too_long, exemplars.too_long);
  Add(exemplars_invalid, exemplars.invalid);
  Add(exemplars_too_many, exemplars.too_many);
  if (counts.sample_limit_exceeded) sample_limit_exceeded.Increment();
  if (counts.bucket_limit_exceeded) bucket_limit_exceeded.Increment();
  if (counts.label_limit_exceeded) label_limit_exceeded.Increment();
}

void ScrapeMetrics::CountAppend(const FrameContent& content, bool taken) const {
  if (!taken) {
    Add(samples_lost, content.floats + content.histograms);
    Add(exemplars_lost, content.exemplars);
    return;
  }
  Add(floats_appended, content.floats);
  Add(histograms_appended, content.histograms);
  Add(exemplars_appended, content.exemplars);
}

}  // namespace sluice::scrape
