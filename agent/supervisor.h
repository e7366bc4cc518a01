// Tells a service manager how the process is doing: the messages of sd_notify(3), which are a few
// words in a datagram.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "agent/config/config.h"
#include "base/clock.h"
#include "base/result.h"

namespace sluice::agent {

// Without a service manager, everything is done by doing nothing. A message that does not arrive is
// lost: the manager notices what it was waiting for. Not thread-safe.
class Supervisor {
 public:
  // By NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID. `process` is our process id.
  Supervisor(const Environment& environment, int64_t process);
  ~Supervisor();
  Supervisor(const Supervisor&) = delete;
  Supervisor& operator=(const Supervisor&) = delete;

  // Why there is a NOTIFY_SOCKET, and nothing can be sent there.
  const Status& status() const { return status_; }

  // How often KeepAlive() is to be called; nothing when nobody waits for it.
  std::optional<std::chrono::microseconds> keep_alive_interval() const { return keep_alive_; }

  void Ready() const { Send("READY=1"); }

  void Reloading(MonotonicTime now) const;

  // The end has begun.
  void Stopping() const { Send("STOPPING=1"); }

  // For people, in one line.
  void Describe(std::string_view text) const;

  // We are well.
  void KeepAlive() const { Send("WATCHDOG=1"); }

  // To start or to stop takes this much longer, from now.
  void AskForTime(std::chrono::microseconds more) const;

 private:
  Status Connect(const std::string& address);
  void Send(std::string_view message) const;

  Status status_;
  std::optional<std::chrono::microseconds> keep_alive_;
  int socket_ = -1;
};

}  // namespace sluice::agent
