// How a receiver, or one tenant at it, takes what it is sent.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "base/clock.h"
#include "remotewrite/protocol.h"
#include "remotewrite/refusals.h"

namespace sluice::remotewrite {

struct Answer {
  int http_status = 0;  // 0: no whole response arrived
  std::string words;    // the start of the body, or what went wrong; as it is, for people
  std::optional<std::chrono::milliseconds> retry_after;
  WrittenCounts written = {};
};

// A tenant that is not served as it should be.
struct TenantTrouble {
  std::string tenant;
  bool paused = false;    // else it fails, or is limited
  bool branched = false;  // delivered by a branch, so that nobody waits for it
  std::string last_error;
};

// Thread-compatible.
struct Health {
  uint32_t failures = 0;  // in a row
  bool paused = false;    // it refuses every request
  bool want_witness = false;
  // Of a tenant that fails: others were accepted meanwhile, so it is not the receiver.
  bool others_pass = false;
  bool speaks_of_tenant = false;  // ... and says so
  MonotonicTime failing_since{};
  MonotonicTime gate_until{};
  std::string last_error;
  Answer last_refusal;
  RefusalGuard guard;

  // One request at a time finds out whether it is back.
  bool is_probing() const { return failures > 0 || paused; }
};

}  // namespace sluice::remotewrite
