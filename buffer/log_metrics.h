// The log's own metrics; see docs/telemetry.md.
#pragma once

#include "base/telemetry.h"

namespace sluice::buffer {

struct LogMetrics {
  LogMetrics() = default;  // counts into nothing
  explicit LogMetrics(Telemetry& telemetry);

  Counter appended_frames;
  Counter appended_samples;
  Counter appended_bytes;
  Counter append_errors;
  Histogram append_seconds;
  Counter sync_errors;
  Counter epochs_dropped;
  Counter damaged_records;
  Counter targets;
  Counter layouts;
  Counter chunks;
  Gauge bytes;
  Gauge disk_full;
  Gauge disk_failing;
  Gauge held_bytes;
};

}  // namespace sluice::buffer
