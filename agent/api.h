// The JSON of the HTTP API, in Prometheus's shapes. Pure: from snapshots to text.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "remotewrite/destinations.h"
#include "scrape/scraper.h"

namespace sluice::agent {

// {"status":"error","errorType":TYPE,"error":MESSAGE}
std::string ApiError(std::string_view type, std::string_view message);

// GET /api/v1/targets. `state`: "active", "dropped", "any" or "" (any); anything else gives empty
// lists, as Prometheus. An empty `scrape_pool` means all.
std::string TargetsJson(const scrape::ScraperStatus& status, std::string_view state,
                        std::string_view scrape_pool);

// GET /api/v1/scrape_pools
std::string ScrapePoolsJson(const scrape::ScraperStatus& status);

// GET /api/v1/destinations: state and ledger of each destination (ours, not in Prometheus).
std::string DestinationsJson(const std::vector<remotewrite::DestinationStatus>& destinations);

// GET /api/v1/cluster: the members and who scrapes what (ours).
std::string ClusterJson(const scrape::ClusterStatus& status);

// GET /api/v1/status/config. `yaml` must have no secrets in it.
std::string ConfigJson(const std::string& yaml);

// GET /api/v1/status/flags
std::string FlagsJson(const std::map<std::string, std::string>& flags);

// GET /api/v1/status/buildinfo, and its data alone for /version.
std::string BuildInfoJson();
std::string VersionJson();

// RFC 3339 in UTC with milliseconds; 0 gives Go's zero time, as Prometheus prints "never".
std::string FormatTime(TimestampMs time_ms);

}  // namespace sluice::agent
