// The signals that a service manager sends, received on one thread instead of in handlers.
#pragma once

#include <chrono>

namespace sluice::agent {

enum class Signal { kNone, kStop, kReload };

// Blocks SIGINT, SIGTERM and SIGHUP in this thread and all that it starts later, and ignores
// SIGPIPE. To be made once, before any other thread.
class Signals {
 public:
  Signals();
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

  // The next signal; kNone when none came within `wait`.
  Signal Wait(std::chrono::milliseconds wait);
};

}  // namespace sluice::agent
