// The life of the running agent on the main thread: signals, reloads, the end; and what the log and
// the service manager are told meanwhile.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "agent/agent.h"
#include "agent/clock_watch.h"
#include "agent/replay_report.h"
#include "agent/signals.h"
#include "agent/supervisor.h"
#include "base/clock.h"
#include "base/logger.h"

namespace sluice::agent {

// All that is given must outlive it. Not thread-safe.
class MainLoop {
 public:
  MainLoop(Agent& agent, Signals& signals, const Supervisor& supervisor, const Clock& clock,
           Logger logger);

  // Until a signal or a request over HTTP asks for an end.
  void Run();

  // Stops the agent, which may take `drain` for what is pending, and says how that goes. A signal
  // in the meantime ends the drain.
  void Stop(std::chrono::milliseconds drain);

 private:
  void Reload();
  void Tell();
  void WatchClock(MonotonicTime now);
  void TellOfReplay(const std::vector<remotewrite::DestinationStatus>& destinations,
                    MonotonicTime now);
  void TellOfDrain(bool in_log);
  void KeepAlive(MonotonicTime now);

  Agent& agent_;
  Signals& signals_;
  const Supervisor& supervisor_;
  const Clock& clock_;
  const Logger logger_;
  ReplayReport replay_;
  ClockWatch clock_watch_;
  MonotonicTime next_description_;
  MonotonicTime next_keep_alive_;
  std::optional<std::string> stalled_;
};

}  // namespace sluice::agent
