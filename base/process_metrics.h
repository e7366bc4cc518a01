// The process_* metrics that every Prometheus client exposes, read from /proc/self.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "base/result.h"
#include "base/telemetry.h"

namespace sluice {

// What /proc/PID/stat says, in its own units (proc(5)).
struct ProcessStat {
  uint64_t user_ticks = 0;
  uint64_t system_ticks = 0;
  uint64_t start_ticks = 0;  // since boot
  uint64_t virtual_bytes = 0;
  uint64_t resident_pages = 0;
};

Result<ProcessStat> ParseProcessStat(std::string_view text);

// The process_* metrics are up to date at each exposition, as long as the returned token lives.
// Must not outlive `telemetry`.
[[nodiscard]] std::shared_ptr<void> AddProcessMetrics(Telemetry& telemetry);

}  // namespace sluice
