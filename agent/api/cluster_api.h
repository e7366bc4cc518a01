// What the HTTP API says of the cluster (ours, not in Prometheus).
#pragma once

#include <string>

#include "scrape/scraper.h"

namespace sluice::agent {

// /api/v1/cluster: the members and who scrapes what.
std::string ClusterJson(const scrape::ClusterStatus& status);

}  // namespace sluice::agent
