// What the HTTP API says of the process and its settings, as the data of its answers.
#pragma once

#include <map>
#include <string>

#include "base/clock.h"

namespace sluice::agent {

// /api/v1/status/config. `yaml` must have no secrets in it.
std::string ConfigJson(const std::string& yaml);

// /api/v1/status/flags
std::string FlagsJson(const std::map<std::string, std::string>& flags);

// /api/v1/status/buildinfo, and the whole of /version.
std::string BuildInfoJson();

// What only the running process knows of itself.
struct RuntimeInfo {
  TimestampMs start_ms = 0;
  TimestampMs now_ms = 0;
  bool reload_succeeded = false;
  TimestampMs last_config_ms = 0;  // when the running configuration was loaded
  uint64_t corruption_count = 0;   // records that were found damaged
  std::string retention;           // "8GiB"
};

// /api/v1/status/runtimeinfo. What it says of Go is of the machine: threads and processors. There
// is no limit and no garbage collection to tell of.
std::string RuntimeInfoJson(const RuntimeInfo& info);

// /api/v1/status/walreplay: as of a log that is open, which is when it can be asked.
std::string WalReplayJson();

}  // namespace sluice::agent
