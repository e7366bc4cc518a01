#include "scrape/discovery/polling_discovery.h"

#include <utility>

namespace sluice::scrape {

PollingDiscovery::PollingDiscovery(Options options, std::unique_ptr<Refresher> refresher,
                                   DiscoverySink sink, DiscoveryDeps deps)
    : options_(std::move(options)),
      sink_(std::move(sink)),
      deps_(std::move(deps)),
      logger_(deps_.logger.With({"discovery", options_.mechanism})),
      metrics_(deps_.telemetry, options_.mechanism, deps_.config),
      refresher_(std::move(refresher)),
      schedule_(options_.interval, deps_.seed) {
  book_.Recall(std::exchange(deps_.last_groups, {}));
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
  const MonotonicTime ended = deps_.loop.clock().MonotonicNow();
  metrics_.duration.Observe(std::chrono::duration<double>(ended - began_).count());
  const MonotonicTime next =
      refreshed.ok() ? began_ + schedule_.AfterSuccess() : ended + schedule_.AfterFailure();
  if (refreshed.ok()) {
    TakeOver(std::move(*refreshed));
  } else {
    Fail(refreshed.error());
  }
  timer_ = deps_.loop.StartTimer(next, [this] { Begin(); });
}

void PollingDiscovery::TakeOver(Refreshed refreshed) {
  metrics_.last_success.Set(static_cast<double>(deps_.loop.clock().WallNowMs()) / 1000);
  metrics_.bad_entries.Increment(static_cast<double>(refreshed.bad_entries.size()));
  const std::string bad = refreshed.bad_entries.empty() ? "" : refreshed.bad_entries.front();
  if (bad != std::exchange(last_bad_entry_, bad) && !bad.empty()) {
    logger_.Warn("entries are left out", {{"count", refreshed.bad_entries.size()}, {"first", bad}});
  }
  const std::string unknown = refreshed.unknown.empty() ? "" : refreshed.unknown.begin()->second;
  if (unknown != std::exchange(last_error_, unknown) && !unknown.empty()) {
    logger_.Error("cannot discover some targets, keeping the last ones",
                  {{"count", refreshed.unknown.size()}, {"error", unknown}});
  }
  if (auto update = book_.Replace(std::move(refreshed.groups), refreshed.unknown)) {
    sink_(std::move(*update));
  }
}

void PollingDiscovery::Fail(const Error& error) {
  metrics_.failures.Increment();
  options_.failures.Increment();
  if (error.message == std::exchange(last_error_, error.message)) return;
  logger_.Error("cannot discover targets, keeping the last ones", {{"error", error.message}});
}

}  // namespace sluice::scrape
