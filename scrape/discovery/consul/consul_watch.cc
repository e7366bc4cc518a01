#include "scrape/discovery/consul/consul_watch.h"

#include <algorithm>
#include <utility>

#include "scrape/discovery/consul/consul_api.h"
#include "scrape/discovery/http_plan.h"
#include "scrape/discovery/http_refresher.h"

namespace sluice::scrape {
namespace {

// As Prometheus's pause after a failure, which is always that long there.
constexpr std::chrono::milliseconds kLongestRetry{15'000};

}  // namespace

ConsulWatch::ConsulWatch(Options options, DiscoveryLoop& loop)
    : options_(std::move(options)), loop_(loop), retries_(kLongestRetry, options_.seed) {
  Ask();
}

ConsulWatch::~ConsulWatch() {
  if (request_) loop_.CancelRequest(*request_);
  if (timer_) loop_.CancelTimer(*timer_);
}

void ConsulWatch::Ask() {
  timer_.reset();
  asked_at_ = loop_.clock().MonotonicNow();
  request_ = loop_.Ask(options_.request(index_), HttpRefresher::kAnswerBytesMax,
                       [this](const HttpAnswer& answer) { OnAnswer(answer); });
}

void ConsulWatch::OnAnswer(const HttpAnswer& answer) {
  request_.reset();
  const MonotonicTime ended = loop_.clock().MonotonicNow();
  const Status status = Take(answer);
  MonotonicTime next = asked_at_ + options_.interval;
  if (status.ok()) {
    retries_.AfterSuccess();  // the next failure is the first again
  } else {
    next = ended + retries_.AfterFailure();
  }
  timer_ = loop_.StartTimer(std::max(next, ended), [this] { Ask(); });
  options_.duration.Observe(std::chrono::duration<double>(ended - asked_at_).count());
  options_.on_end(status);
}

Status ConsulWatch::Take(const HttpAnswer& answer) {
  if (!answer.status.ok()) return answer.status.error().WithContext(answer.url);
  if (Status status = RequireStatus(answer, 200); !status.ok()) return status;
  const uint64_t index = ConsulIndexOf(answer.head);
  // Equal: the server had nothing new in time. Without an index nobody can tell.
  if (index != 0 && index == index_) return Status::Ok();
  if (Status status = options_.on_news(answer.body); !status.ok()) {
    return status.error().WithContext(answer.url);
  }
  index_ = NextConsulIndex(index_, index);
  return Status::Ok();
}

}  // namespace sluice::scrape
