// What the HTTP API says of targets, as the data of its answers.
#pragma once

#include <string>
#include <string_view>

#include "agent/own_url.h"
#include "scrape/scraper.h"

namespace sluice::agent {

// /api/v1/targets. `state`: "active", "dropped", "any" or "" (any); anything else gives empty
// lists, as Prometheus. An empty `scrape_pool` means all.
std::string TargetsJson(const scrape::ScraperStatus& status, std::string_view state,
                        std::string_view scrape_pool, const OwnUrl& own);

// /api/v1/scrape_pools
std::string ScrapePoolsJson(const scrape::ScraperStatus& status);

}  // namespace sluice::agent
