// A discovery by rounds: timer, failures, telemetry; what a round is says its Refresher.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "scrape/discovery/discovery.h"
#include "scrape/discovery/discovery_loop.h"
#include "scrape/discovery/group_book.h"
#include "scrape/discovery/refresh.h"
#include "scrape/discovery/refresh_metrics.h"
#include "scrape/discovery/refresh_schedule.h"

namespace sluice::scrape {

// The first round begins at once, on the thread of the discovery loop, as do all others.
class PollingDiscovery final : public Discovery {
 public:
  struct Options {
    std::string mechanism;               // as metrics name it: "http"
    std::chrono::milliseconds interval;  // positive
    Counter failures;  // counts failed rounds, beside those that all mechanisms have
  };

  PollingDiscovery(Options options, std::unique_ptr<Refresher> refresher, DiscoverySink sink,
                   DiscoveryDeps deps);
  ~PollingDiscovery() override;
  PollingDiscovery(const PollingDiscovery&) = delete;
  PollingDiscovery& operator=(const PollingDiscovery&) = delete;

 private:
  void Begin();
  void OnRound(Result<Refreshed> refreshed);
  void TakeOver(Refreshed refreshed);
  void Fail(const Error& error);

  // Set once.
  const Options options_;
  const DiscoverySink sink_;
  DiscoveryDeps deps_;
  const Logger logger_;
  const RefreshMetrics metrics_;

  // Of the loop's thread.
  std::unique_ptr<Refresher> refresher_;
  RefreshSchedule schedule_;
  GroupBook book_;
  MonotonicTime began_;
  std::optional<DiscoveryLoop::TimerId> timer_;
  std::string last_error_;
  std::string last_bad_entry_;
};

}  // namespace sluice::scrape
