// What discoveries that ask again and again count, by mechanism and job.
#pragma once

#include <string>

#include "base/telemetry.h"

namespace sluice::scrape {

struct RefreshMetrics {
  RefreshMetrics(Telemetry& telemetry, const std::string& mechanism, const std::string& config);

  Counter failures;
  Histogram duration;
  Counter bad_entries;
  Gauge last_success;  // Unix time
};

}  // namespace sluice::scrape
