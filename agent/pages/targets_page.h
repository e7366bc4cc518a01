// Targets that are scraped, and how that goes.
#pragma once

#include <string>

#include "agent/pages/html.h"
#include "base/clock.h"
#include "scrape/scraper.h"

namespace sluice::agent {

// What is to be seen of them.
struct TargetsFilter {
  std::string text{};   // in the URL, a label, or the error, whatever the case
  std::string state{};  // "up", "down", "unknown"; empty: any
  std::string job{};    // empty: any
};

// More are only counted.
inline constexpr size_t kTargetsShownMax = 500;

Html TargetsPage(const scrape::ScraperStatus& status, const TargetsFilter& filter,
                 TimestampMs now_ms);

}  // namespace sluice::agent
