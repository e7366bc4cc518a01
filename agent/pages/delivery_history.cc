#include "agent/pages/delivery_history.h"

#include <algorithm>
#include <utility>

namespace sluice::agent {

void DeliveryHistory::Note(TimestampMs now_ms,
                           const std::vector<remotewrite::DestinationStatus>& statuses) {
  std::map<std::string, DeliveryPoints> next;
  for (const remotewrite::DestinationStatus& status : statuses) {
    if (next.size() == kDestinationsMax || next.contains(status.name)) continue;
    const auto known = points_.find(status.name);
    DeliveryPoints points = known == points_.end() ? DeliveryPoints() : std::move(known->second);
    points.push_back({.time_ms = now_ms,
                      .pending_seconds = status.pending_seconds,
                      .pending_bytes = status.progress.pending_bytes,
                      .appended = status.progress.ledger.appended,
                      .acknowledged = status.progress.ledger.acknowledged});
    if (points.size() > kPointsMax) points.pop_front();
    next.emplace(status.name, std::move(points));
  }
  points_ = std::move(next);
}

std::optional<double> RateOf(const DeliveryPoints& points, uint64_t DeliveryPoint::*count) {
  constexpr size_t kBack = 3;
  if (points.size() < 2) return std::nullopt;
  const DeliveryPoint& last = points.back();
  const DeliveryPoint& first = points[points.size() - 1 - std::min(kBack, points.size() - 1)];
  const auto elapsed_ms = static_cast<double>(last.time_ms - first.time_ms);
  // The wall clock may have stepped back, and a ledger begins anew when it was forgotten.
  if (elapsed_ms <= 0 || last.*count < first.*count) return std::nullopt;
  return static_cast<double>(last.*count - first.*count) * 1000 / elapsed_ms;
}

}  // namespace sluice::agent
