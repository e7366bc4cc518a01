// The counters of scraping; docs/telemetry.md says when they move.
#pragma once

#include "base/telemetry.h"
#include "scrape/sample_quota.h"

namespace sluice::scrape {

// Handles; cheap to copy.
struct ScrapeMetrics {
  explicit ScrapeMetrics(Telemetry& telemetry);

  void Count(const SampleCounts& counts) const;

  Counter scrapes_up;
  Counter scrapes_down;
  Counter scrapes_missed;
  Counter body_limit_exceeded;
  Counter sample_limit_exceeded;
  Counter label_limit_exceeded;
  Counter duplicate;
  Counter out_of_order;
  Counter out_of_bounds;
  Counter samples_appended;
  Counter samples_lost;     // because the log refused them
  Counter samples_refused;  // because the target had too many
  Histogram interval_seconds;
  Histogram duration_seconds;
};

}  // namespace sluice::scrape
