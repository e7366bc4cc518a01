// Each destination closely: backlog, rate, trouble, ledger.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "agent/pages/delivery_history.h"
#include "agent/pages/html.h"
#include "base/clock.h"
#include "remotewrite/destinations.h"

namespace sluice::agent {

struct DestinationsView {
  std::vector<remotewrite::DestinationStatus> destinations{};
  std::map<std::string, DeliveryPoints> history{};  // by name
  std::map<std::string, uint64_t> retried{};        // samples since the start, by name
  TimestampMs now_ms = 0;
};

Html DestinationsPage(const DestinationsView& view);

}  // namespace sluice::agent
