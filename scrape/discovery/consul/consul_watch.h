// One question that is asked again and again, and kept by the server until there is something new.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "base/http_loop.h"
#include "base/result.h"
#include "base/telemetry.h"
#include "scrape/discovery/discovery_loop.h"
#include "scrape/discovery/refresh_schedule.h"

namespace sluice::scrape {

// Bound to the thread of the loop. Asks from construction to destruction, which may come from
// within the callbacks of others, but not of its own.
class ConsulWatch {
 public:
  struct Options {
    std::function<HttpRequest(uint64_t index)> request;
    // The body of an answer that is new; its return says whether it was of use, and if not, it is
    // asked for again as after a failure.
    std::function<Status(const std::string& body)> on_news;
    // After each answer or failure, also when there is nothing new.
    std::function<void(const Status& status)> on_end;
    Histogram duration;  // of questions, in seconds
    // Questions begin at least that far apart.
    std::chrono::milliseconds interval;
    uint64_t seed;  // of pauses after failures
  };

  ConsulWatch(Options options, DiscoveryLoop& loop);
  ~ConsulWatch();
  ConsulWatch(const ConsulWatch&) = delete;
  ConsulWatch& operator=(const ConsulWatch&) = delete;

 private:
  void Ask();
  void OnAnswer(const HttpAnswer& answer);
  Status Take(const HttpAnswer& answer);

  const Options options_;
  DiscoveryLoop& loop_;
  RefreshSchedule retries_;
  uint64_t index_ = 0;
  MonotonicTime asked_at_;
  std::optional<DiscoveryLoop::RequestId> request_;
  std::optional<DiscoveryLoop::TimerId> timer_;
};

}  // namespace sluice::scrape
