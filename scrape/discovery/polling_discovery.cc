#include "scrape/discovery/polling_discovery.h"

#include <algorithm>
#include <utility>

namespace sluice::scrape {

using std::chrono::milliseconds;

PollingDiscovery::PollingDiscovery(Options options, std::unique_ptr<Refresher> refresher,
                                   DiscoverySink sink, DiscoveryDeps deps)
    : options_(std::move(options)),
      sink_(std::move(sink)),
      deps_(std::move(deps)),
      logger_(deps_.logger.With({"discovery", options_.mechanism})),
      metrics_(deps_.telemetry, options_.mechanism, deps_.config),
      refresher_(std::move(refresher)),
      schedule_(options_.interval, deps_.seed) {
  deps_.loop.Post([this] { Begin(); });
}

PollingDiscovery::~PollingDiscovery() {
  deps_.loop.Run([this] {
    if (timer_) deps_.loop.CancelTimer(*timer_);
    refresher_.reset();
  });
}

void PollingDiscovery::Begin() {
  timer_.reset();
  began_ = deps_.loop.clock().MonotonicNow();
  refresher_->Begin([this](Result<Refreshed> refreshed) { OnRound(std::move(refreshed)); });
}

void PollingDiscovery::OnRound(Result<Refreshed> refreshed) {
  const auto took = deps_.loop.clock().MonotonicNow() - began_;
  metrics_.duration.Observe(std::chrono::duration<double>(took).count());
  const milliseconds delay =
      refreshed.ok() ? TakeOver(std::move(*refreshed)) : Fail(refreshed.error());
  timer_ = deps_.loop.StartTimer(delay, [this] { Begin(); });
}

milliseconds PollingDiscovery::TakeOver(Refreshed refreshed) {
  last_error_.clear();
  metrics_.last_success.Set(static_cast<double>(deps_.loop.clock().WallNowMs()) / 1000);
  metrics_.bad_entries.Increment(static_cast<double>(refreshed.bad_entries.size()));
  const std::string bad = refreshed.bad_entries.empty() ? "" : refreshed.bad_entries.front();
  if (bad != std::exchange(last_bad_entry_, bad) && !bad.empty()) {
    logger_.Warn("entries are left out", {{"count", refreshed.bad_entries.size()}, {"first", bad}});
  }
  if (auto update = book_.Replace(std::move(refreshed.groups), refreshed.unknown)) {
    sink_(std::move(*update));
  }
  const auto passed = std::chrono::floor<milliseconds>(deps_.loop.clock().MonotonicNow() - began_);
  return std::max(schedule_.AfterSuccess() - passed, milliseconds(1));
}

milliseconds PollingDiscovery::Fail(const Error& error) {
  metrics_.failures.Increment();
  options_.failures.Increment();
  if (error.message != std::exchange(last_error_, error.message)) {
    logger_.Error("cannot discover targets, keeping the last ones", {{"error", error.message}});
  }
  return schedule_.AfterFailure();
}

}  // namespace sluice::scrape
