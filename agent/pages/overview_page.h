// The way of samples at a glance: from discovery to destinations, and whether it adds up.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "agent/pages/delivery_history.h"
#include "agent/pages/html.h"
#include "base/clock.h"
#include "buffer/log.h"
#include "remotewrite/destinations.h"
#include "scrape/scraper.h"

namespace sluice::agent {

struct OverviewView {
  scrape::ScraperStatus scraper{};
  buffer::LogStatus log{};
  uint64_t log_bytes_max = 0;
  std::vector<remotewrite::DestinationStatus> destinations{};
  std::map<std::string, DeliveryPoints> history{};
  std::string reload_error{};  // of the last reload, if that failed
  TimestampMs now_ms = 0;
};

// Pure, as all pages are.
Html OverviewPage(const OverviewView& view);

// Samples of the ledger that were dropped, for whatever reason.
uint64_t DroppedOf(const buffer::Ledger& ledger);

}  // namespace sluice::agent
