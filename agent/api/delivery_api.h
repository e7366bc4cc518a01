// What the HTTP API says of destinations (ours, not in Prometheus).
#pragma once

#include <string>
#include <vector>

#include "remotewrite/destinations.h"

namespace sluice::agent {

// /api/v1/destinations: state and ledger of each destination.
std::string DestinationsJson(const std::vector<remotewrite::DestinationStatus>& destinations);

}  // namespace sluice::agent
