// What was discovered, and what relabeling made of it, dropped targets included.
#pragma once

#include <string>

#include "agent/pages/html.h"
#include "scrape/pool_view.h"

namespace sluice::agent {

struct DiscoveryFilter {
  std::string text{};   // in a discovered or final label, whatever the case
  std::string state{};  // "active", "dropped"; empty: any
  std::string job{};    // empty: any
};

// Of one job; more are only counted.
inline constexpr size_t kDiscoveredShownMax = 100;
// Of all jobs; more are not looked at.
inline constexpr size_t kDiscoveredMax = 50'000;

Html DiscoveryPage(const scrape::ScraperView& view, const DiscoveryFilter& filter);

}  // namespace sluice::agent
