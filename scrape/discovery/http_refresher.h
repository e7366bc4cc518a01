// Carries an HttpPlan out: several requests at once, bounded in number, size and steps.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <vector>

#include "scrape/discovery/discovery_loop.h"
#include "scrape/discovery/http_plan.h"
#include "scrape/discovery/refresh.h"

namespace sluice::scrape {

// Bound to the thread of the loop.
class HttpRefresher final : public Refresher {
 public:
  // What is above the bounds is a failed round.
  static constexpr size_t kInFlightMax = 8;
  static constexpr size_t kAnswerBytesMax = 64 << 20;
  static constexpr size_t kRoundBytesMax = 256 << 20;
  static constexpr size_t kStepsMax = 1000;

  HttpRefresher(std::unique_ptr<HttpPlan> plan, DiscoveryLoop& loop);
  ~HttpRefresher() override;
  HttpRefresher(const HttpRefresher&) = delete;
  HttpRefresher& operator=(const HttpRefresher&) = delete;

  void Begin(Done done) override;

 private:
  void AskAll(HttpRequests requests);
  void AskMore();
  void OnAnswer(size_t index, HttpAnswer answer);
  void EndStep();
  void End(Result<Refreshed> result);
  void CancelAll();

  const std::unique_ptr<HttpPlan> plan_;
  DiscoveryLoop& loop_;

  // Of this round.
  Done done_;
  size_t steps_ = 0;
  size_t bytes_ = 0;
  std::optional<DiscoveryLoop::TimerId> failure_;  // tells of a plan that could not begin
  // Of this step.
  HttpRequests requests_;
  std::vector<HttpAnswer> answers_;
  size_t asked_ = 0;
  size_t answered_ = 0;
  std::vector<DiscoveryLoop::RequestId> in_flight_;
};

}  // namespace sluice::scrape
