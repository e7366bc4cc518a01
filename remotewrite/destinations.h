// The sending half of the agent: every configured destination reads the log at its own pace.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/logger.h"
#include "base/telemetry.h"
#include "buffer/log.h"
#include "remotewrite/destination_config.h"
#include "remotewrite/health.h"
#include "remotewrite/quarantine.h"

namespace sluice::remotewrite {

enum class DestinationState {
  kIdle,  // nothing pending
  kSending,
  kRetrying,  // the last answers were failures; backing off
  kPaused,    // refuses every request (401, 403, 404 ...): data is kept, probed now and then
};

struct DestinationStatus {
  std::string name;
  std::string url;  // credentials removed
  DestinationState state = DestinationState::kIdle;
  std::string last_error;  // empty when the last request went well
  uint32_t shards = 1;     // requests that may be in flight now
  uint32_t requests_in_flight = 0;
  uint64_t samples_in_flight = 0;
  buffer::DiskBudget disk;
  bool leaving = false;    // no longer configured; gets what is pending
  bool replaying = false;  // fresh samples pass a backlog
  // Until nothing is pending, at the pace of the last half minute; nothing when there is no saying.
  std::optional<std::chrono::seconds> catch_up;
  std::string protocol;              // see EncodingName
  std::string protocol_fallback;     // why it is not the configured one; empty when it is
  TimestampMs highest_sent_ms = 0;   // newest timestamp acknowledged; 0 = none
  double pending_seconds = 0;        // age of the oldest pending sample; 0 = none is pending
  uint64_t quarantined_samples = 0;  // since the start
  size_t tenants = 0;                // seen since it was started
  size_t tenants_in_trouble = 0;
  std::vector<TenantTrouble> troubles;  // of some of them
  buffer::DestinationProgress progress;
};

// When a tenant gets a branch, and when that ends.
struct BranchTiming {
  std::chrono::milliseconds after{2'000};  // others have waited for it
  // It has been well. Joining holds up everything for a moment.
  std::chrono::milliseconds calm{5'000};
};

struct DestinationsOptions {
  std::string user_agent = "sluice";
  BranchTiming branch_timing{};
  uint64_t projection_bytes_max = 128ULL << 20;  // for each destination
  QuarantineOptions quarantine{};
};

// Thread-safe. One thread for each destination, so that a slow or dead one concerns nobody else.
class Destinations {
 public:
  // All must outlive this object.
  struct Deps {
    const Clock& clock;
    Logger logger;
    Telemetry& telemetry;
    buffer::Log& log;
  };

  Destinations(DestinationsOptions options, Deps deps);
  ~Destinations();  // Stop(0)
  Destinations(const Destinations&) = delete;
  Destinations& operator=(const Destinations&) = delete;

  // Makes these the destinations: an unchanged one goes on undisturbed, a changed one goes on from
  // its progress, a new name starts at the head of the log, and with a name that went away goes
  // what its on_remove says. What the log still has for other names stays there, and is told of.
  Status Apply(std::vector<DestinationConfig> configs);

  // Sends what is pending without waiting for full requests, for at most `drain`, then ends
  // requests in flight. What was not acknowledged stays in the log. Idempotent.
  void Stop(std::chrono::milliseconds drain);

  std::vector<DestinationStatus> Snapshot() const;

  // When the thread that is most behind last came around, and whose it is. Threads do so several
  // times a second. Nothing without destinations.
  struct LastPulse {
    std::string name;
    MonotonicTime at;
  };

  std::optional<LastPulse> OldestPulse() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sluice::remotewrite
