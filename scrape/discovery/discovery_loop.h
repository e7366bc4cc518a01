// The one thread that all discoveries over the network share: HTTP transfers, timers, tasks.
//
// Nothing that runs on it may block, but for the sinks, which take the scraper's lock for as long
// as it takes to make targets of an update.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/http_loop.h"
#include "base/mutex.h"

namespace sluice::scrape {

// What came back for a request.
struct HttpAnswer {
  // Of the transfer; kResourceExhausted when the body was too large. The HTTP status may be
  // anything.
  Status status;
  HttpResponseHead head;
  std::string body;
  std::string url;  // as asked, without credentials
};

class DiscoveryLoop {
 public:
  struct Options {
    HttpLoopOptions http;
    // No wait is longer than this, whatever is due; a bound on lost wake-ups.
    std::chrono::milliseconds poll_max{1000};
  };

  using Task = std::function<void()>;
  using OnAnswer = std::function<void(HttpAnswer)>;
  using RequestId = uint64_t;

  struct TimerId {
    MonotonicTime at;
    uint64_t number = 0;

    auto operator<=>(const TimerId&) const = default;
  };

  // The clock must outlive it. The thread starts with the first task.
  DiscoveryLoop(Options options, const Clock& clock);
  ~DiscoveryLoop();  // stops; tasks that did not run yet never will
  DiscoveryLoop(const DiscoveryLoop&) = delete;
  DiscoveryLoop& operator=(const DiscoveryLoop&) = delete;

  // Runs it soon, in the order of posting. Thread-safe.
  void Post(Task task);
  // Returns when it has run. Not from the thread itself, which would wait for itself. Thread-safe.
  void Run(Task task);

  // The rest is for the thread itself.

  // `task` may cancel and start timers and requests.
  TimerId StartTimer(MonotonicTime at, Task task);
  void CancelTimer(TimerId id);  // unknown ones are ignored

  // `on_answer` is called once, unless the request is cancelled, and not from within Ask(). The
  // body is collected up to `body_bytes_max` decoded bytes.
  RequestId Ask(HttpRequest request, size_t body_bytes_max, OnAnswer on_answer);
  void CancelRequest(RequestId id);  // unknown ones are ignored

  // False ends the transfer. Must not cancel its own request.
  using OnBytes = std::function<bool(std::string_view bytes)>;

  // The same for a body without an end: when the status is 200, pieces of it go to `on_bytes` as
  // they arrive, and the answer has no body; of any other, the body is collected as above.
  RequestId Stream(HttpRequest request, size_t body_bytes_max, OnBytes on_bytes,
                   OnAnswer on_answer);

  using OnReady = std::function<void(bool readable, bool writable)>;

  // Calls `on_ready` while the socket can be read from or written to, as wanted. Replaces what was
  // wanted before. A socket must be forgotten before it is closed.
  void WatchSocket(int fd, bool for_reading, bool for_writing, OnReady on_ready);
  void ForgetSocket(int fd);  // unknown ones are ignored

  const Clock& clock() const { return clock_; }

 private:
  class Exchange;

  void Loop(const std::stop_token& stop);
  void RunTasks();
  void RunTimers();
  void WaitForSockets();
  std::chrono::milliseconds WaitTime() const;

  const Options options_;
  const Clock& clock_;

  Mutex mu_;
  CondVar done_;
  std::vector<Task> tasks_ SLUICE_GUARDED_BY(mu_);

  // Of the thread.
  HttpLoop http_;
  uint64_t last_number_ = 0;
  std::map<TimerId, Task> timers_;
  std::map<RequestId, std::unique_ptr<Exchange>> exchanges_;

  struct Watch {
    short events = 0;  // of poll()
    std::shared_ptr<const OnReady> on_ready;
  };

  std::map<int, Watch> watches_;  // by socket

  std::jthread thread_;  // started under mu_
};

}  // namespace sluice::scrape
