#include "scrape/discovery/discovery_loop.h"

#include <algorithm>
#include <poll.h>

#include "base/public_url.h"

namespace sluice::scrape {

using std::chrono::milliseconds;

// A request under way. It forgets itself when it ends.
class DiscoveryLoop::Exchange final : public HttpHandler {
 public:
  // `on_bytes` may be null.
  Exchange(DiscoveryLoop& loop, size_t body_bytes_max, OnBytes on_bytes, OnAnswer on_answer)
      : loop_(loop),
        body_bytes_max_(body_bytes_max),
        on_bytes_(std::move(on_bytes)),
        on_answer_(std::move(on_answer)) {}

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
    if (on_bytes_ && answer_.head.status == 200) return on_bytes_(bytes);
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
  const OnBytes on_bytes_;
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

DiscoveryLoop::TimerId DiscoveryLoop::StartTimer(MonotonicTime at, Task task) {
  const TimerId id{at, ++last_number_};
  timers_.emplace(id, std::move(task));
  return id;
}

void DiscoveryLoop::CancelTimer(TimerId id) { timers_.erase(id); }

DiscoveryLoop::RequestId DiscoveryLoop::Ask(HttpRequest request, size_t body_bytes_max,
                                            OnAnswer on_answer) {
  return Stream(std::move(request), body_bytes_max, nullptr, std::move(on_answer));
}

DiscoveryLoop::RequestId DiscoveryLoop::Stream(HttpRequest request, size_t body_bytes_max,
                                               OnBytes on_bytes, OnAnswer on_answer) {
  auto exchange =
      std::make_unique<Exchange>(*this, body_bytes_max, std::move(on_bytes), std::move(on_answer));
  const RequestId id = exchange->Start(std::move(request));
  exchanges_.emplace(id, std::move(exchange));
  return id;
}

void DiscoveryLoop::CancelRequest(RequestId id) {
  http_.Cancel(id);
  exchanges_.erase(id);
}

void DiscoveryLoop::WatchSocket(int fd, bool for_reading, bool for_writing, OnReady on_ready) {
  Watch& watch = watches_[fd];
  watch.events = static_cast<short>((for_reading ? POLLIN : 0) | (for_writing ? POLLOUT : 0));
  watch.on_ready = std::make_shared<const OnReady>(std::move(on_ready));
}

void DiscoveryLoop::ForgetSocket(int fd) { watches_.erase(fd); }

void DiscoveryLoop::Loop(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    RunTasks();
    RunTimers();
    http_.Poll(milliseconds(0));
    WaitForSockets();
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

void DiscoveryLoop::WaitForSockets() {
  std::vector<pollfd> sockets = {{.fd = http_.fd(), .events = POLLIN, .revents = 0}};
  for (const auto& [fd, watch] : watches_) {
    sockets.push_back({.fd = fd, .events = watch.events, .revents = 0});
  }
  if (poll(sockets.data(), sockets.size(), static_cast<int>(WaitTime().count())) <= 0) return;
  for (size_t i = 1; i < sockets.size(); ++i) {
    const pollfd& socket = sockets[i];
    const auto found = watches_.find(socket.fd);
    // Another may have been forgotten from within.
    if (socket.revents == 0 || found == watches_.end()) continue;
    const std::shared_ptr<const OnReady> on_ready = found->second.on_ready;
    const bool failed = (socket.revents & (POLLERR | POLLHUP | POLLNVAL)) != 0;
    (*on_ready)((socket.revents & POLLIN) != 0 || failed, (socket.revents & POLLOUT) != 0);
  }
}

milliseconds DiscoveryLoop::WaitTime() const {
  const milliseconds most = http_.WaitTime(options_.poll_max);
  if (timers_.empty()) return most;
  // Rounded up: a wait that ends just before the timer would spin until it.
  const auto until =
      std::chrono::ceil<milliseconds>(timers_.begin()->first.at - clock_.MonotonicNow());
  return std::clamp(until, milliseconds(0), most);
}

}  // namespace sluice::scrape
