// The counters of scraping; docs/telemetry.md says when they move.
#pragma once

#include <cstdint>

#include "base/telemetry.h"
#include "scrape/sample_quota.h"

namespace sluice::scrape {

// What frames hold.
struct FrameContent {
  uint64_t floats = 0;
  uint64_t histograms = 0;
  uint64_t exemplars = 0;
};

// Handles; cheap to copy.
struct ScrapeMetrics {
  explicit ScrapeMetrics(Telemetry& telemetry);

  void Count(const SampleCounts& counts) const;
  // What the log took, or refused.
  void CountAppend(const FrameContent& content, bool taken) const;

  Counter scrapes_up;
  Counter scrapes_down;
  Counter scrapes_missed;
  Counter body_limit_exceeded;
  Counter sample_limit_exceeded;
  Counter bucket_limit_exceeded;
  Counter label_limit_exceeded;
  Counter duplicate;
  Counter out_of_order;
  Counter out_of_bounds;
  Counter floats_appended;
  Counter histograms_appended;
  Counter samples_lost;          // because the log refused them
  Counter samples_refused;       // because the target had too many
  Counter histograms_malformed;  // classic ones that make none with custom buckets
  Counter exemplars_out_of_order;
  Counter exemplars_appended;
  Counter exemplars_lost;
  Counter exemplars_too_long;
  Counter exemplars_invalid;
  Counter exemplars_too_many;
  Histogram interval_seconds;
  Histogram duration_seconds;
};

}  // namespace sluice::scrape
