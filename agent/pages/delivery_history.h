// How destinations fared over the last hour, for plots and rates.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "remotewrite/destinations.h"

namespace sluice::agent {

struct DeliveryPoint {
  TimestampMs time_ms = 0;
  double pending_seconds = 0;
  uint64_t pending_bytes = 0;
  uint64_t appended = 0;  // samples so far, as in the ledger, here and below
  uint64_t acknowledged = 0;
};

// Of a destination, oldest first.
using DeliveryPoints = std::deque<DeliveryPoint>;

// Thread-compatible.
class DeliveryHistory {
 public:
  static constexpr std::chrono::seconds kInterval{10};
  static constexpr size_t kPointsMax = 361;  // an hour, ends included
  // Points of others are not kept.
  static constexpr size_t kDestinationsMax = 64;

  // Adds a point for each of them. Those that are not among them are forgotten.
  void Note(TimestampMs now_ms, const std::vector<remotewrite::DestinationStatus>& statuses);

  const std::map<std::string, DeliveryPoints>& all() const { return points_; }

 private:
  std::map<std::string, DeliveryPoints> points_;  // by name
};

// Samples per second over the last half minute, of what `count` counts, when that is known.
std::optional<double> RateOf(const DeliveryPoints& points, uint64_t DeliveryPoint::*count);

}  // namespace sluice::agent
