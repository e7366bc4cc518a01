#include "scrape/discovery/http_refresher.h"

#include <algorithm>
#include <string>
#include <utility>

namespace sluice::scrape {

Status RequireStatus(const HttpAnswer& answer, int status) {
  if (answer.head.status == status) return Status::Ok();
  std::string message =
      answer.url + ": server returned HTTP status " + std::to_string(answer.head.status);
  if (!answer.head.reason.empty()) message += " " + answer.head.reason;
  return Error{ErrorCode::kRetryable, std::move(message)};
}

HttpRefresher::HttpRefresher(std::unique_ptr<HttpPlan> plan, DiscoveryLoop& loop)
    : plan_(std::move(plan)), loop_(loop) {}

HttpRefresher::~HttpRefresher() { CancelAll(); }

void HttpRefresher::Begin(Done done) {
  done_ = std::move(done);
  steps_ = 0;
  bytes_ = 0;
  Result<HttpRequests> requests = plan_->Begin();
  if (requests.ok()) return AskAll(std::move(*requests));
  // Later: nobody expects the end of a round while it begins.
  failure_ = loop_.StartTimer(loop_.clock().MonotonicNow(), [this, error = requests.error()] {
    failure_.reset();
    End(error);
  });
}

void HttpRefresher::AskAll(HttpRequests requests) {
  SLUICE_CHECK(!requests.empty());
  requests_ = std::move(requests);
  answers_.assign(requests_.size(), {});
  asked_ = 0;
  answered_ = 0;
  AskMore();
}

void HttpRefresher::AskMore() {
  while (asked_ < requests_.size() && asked_ - answered_ < kInFlightMax) {
    const size_t index = asked_++;
    in_flight_.push_back(
        loop_.Ask(std::move(requests_[index]), kAnswerBytesMax,
                  [this, index](HttpAnswer answer) { OnAnswer(index, std::move(answer)); }));
  }
}

void HttpRefresher::OnAnswer(size_t index, HttpAnswer answer) {
  ++answered_;
  bytes_ += answer.body.size();
  if (!answer.status.ok()) return End(answer.status.error().WithContext(answer.url));
  if (bytes_ > kRoundBytesMax) {
    return End(Error{ErrorCode::kResourceExhausted, answer.url + ": the answers are too large"});
  }
  answers_[index] = std::move(answer);
  if (answered_ == answers_.size()) return EndStep();
  AskMore();
}

void HttpRefresher::EndStep() {
  in_flight_.clear();
  Result<HttpStep> step = plan_->Next(std::exchange(answers_, {}));
  if (!step.ok()) return End(step.error());
  if (auto* refreshed = std::get_if<Refreshed>(&*step)) return End(std::move(*refreshed));
  if (++steps_ >= kStepsMax) {
    return End(Error{ErrorCode::kResourceExhausted, "the answers have too many pages"});
  }
  AskAll(std::move(std::get<HttpRequests>(*step)));
}

void HttpRefresher::End(Result<Refreshed> result) {
  CancelAll();
  const Done done = std::exchange(done_, nullptr);
  done(std::move(result));
}

void HttpRefresher::CancelAll() {
  if (failure_) loop_.CancelTimer(*failure_);
  failure_.reset();
  for (const DiscoveryLoop::RequestId id : std::exchange(in_flight_, {})) loop_.CancelRequest(id);
  requests_.clear();
  answers_.clear();
}

}  // namespace sluice::scrape
