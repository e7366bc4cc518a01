#include "scrape/discovery/discovery_loop.h"

#include <algorithm>

#include "base/public_url.h"

namespace sluice::scrape {

using std::chrono::milliseconds;

// A request under way. It forgets itself when it ends.
class DiscoveryLoop::Exchange final : public HttpHandler {
 public:
  Exchange(DiscoveryLoop& loop, size_t body_bytes_max, OnAnswer on_answer)
      : loop_(loop), body_bytes_max_(body_bytes_max), on_answer_(std::move(on_answer)) {}

  RequestId Start(HttpRequest request) {
    answer_.url = PublicUrl(request.url);
    id_ = loop_.http_.Start(std::move(request), *this);
    return id_;
  }

  bool OnHead(const HttpResponseHead& head) override {
    answer_.head = head;
    return true;
  }

  bool OnBody(std::string_view bytes) override {
    if (bytes.size() > body_bytes_max_ - answer_.body.size()) {
      too_large_ = true;
      return false;
    }
    answer_.body += bytes;
    return true;
  }

  void OnDone(const HttpOutcome& outcome) override {
    answer_.status = outcome.status;
    if (too_large_) {
      answer_.status =
          Error{ErrorCode::kResourceExhausted,
                "the answer is larger than " + std::to_string(body_bytes_max_) + " bytes"};
    }
    const std::unique_ptr<Exchange> self = std::move(loop_.exchanges_.at(id_));
    loop_.exchanges_.erase(id_);
    on_answer_(std::move(answer_));
  }

 private:
  DiscoveryLoop& loop_;
  const size_t body_bytes_max_;
  const OnAnswer on_answer_;
  RequestId id_ = 0;
  HttpAnswer answer_;
  bool too_large_ = false;
};

DiscoveryLoop::DiscoveryLoop(Options options, const Clock& clock)
    : options_(std::move(options)), clock_(clock), http_(options_.http) {}

DiscoveryLoop::~DiscoveryLoop() {
  thread_.request_stop();
  http_.Wakeup();
}

void DiscoveryLoop::Post(Task task) {
  const MutexLock lock(mu_);
  tasks_.push_back(std::move(task));
  if (!thread_.joinable()) {
    thread_ = std::jthread([this](const std::stop_token& stop) { Loop(stop); });
  }
  http_.Wakeup();
}

void DiscoveryLoop::Run(Task task) {
  bool ran = false;
  Post([&] {
    task();
    const MutexLock lock(mu_);
    ran = true;
    done_.NotifyAll();
  });
  const MutexLock lock(mu_);
  while (!ran) done_.WaitFor(mu_, milliseconds(1000));
}

DiscoveryLoop::TimerId DiscoveryLoop::StartTimer(milliseconds delay, Task task) {
  const TimerId id{clock_.MonotonicNow() + delay, ++last_number_};
  timers_.emplace(id, std::move(task));
  return id;
}

void DiscoveryLoop::CancelTimer(TimerId id) { timers_.erase(id); }

DiscoveryLoop::RequestId DiscoveryLoop::Ask(HttpRequest request, size_t body_bytes_max,
                                            OnAnswer on_answer) {
  auto exchange = std::make_unique<Exchange>(*this, body_bytes_max, std::move(on_answer));
  const RequestId id = exchange->Start(std::move(request));
  exchanges_.emplace(id, std::move(exchange));
  return id;
}

void DiscoveryLoop::CancelRequest(RequestId id) {
  http_.Cancel(id);
  exchanges_.erase(id);
}

void DiscoveryLoop::Loop(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    RunTasks();
    RunTimers();
    http_.Poll(WaitTime());
  }
}

void DiscoveryLoop::RunTasks() {
  std::vector<Task> tasks;
  {
    const MutexLock lock(mu_);
    tasks.swap(tasks_);
  }
  for (const Task& task : tasks) task();
}

void DiscoveryLoop::RunTimers() {
  const MonotonicTime now = clock_.MonotonicNow();
  while (!timers_.empty() && timers_.begin()->first.at <= now) {
    const Task task = std::move(timers_.begin()->second);
    timers_.erase(timers_.begin());
    task();
  }
}

milliseconds DiscoveryLoop::WaitTime() const {
  if (timers_.empty()) return options_.poll_max;
  // Rounded up: a wait that ends just before the timer would spin until it.
  const auto until =
      std::chrono::ceil<milliseconds>(timers_.begin()->first.at - clock_.MonotonicNow());
  return std::clamp(until, milliseconds(0), options_.poll_max);
}

}  // namespace sluice::scrape
