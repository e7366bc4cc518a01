#include "agent/main_loop.h"

#include <future>
#include <thread>
#include <utility>

#include "base/duration.h"

namespace sluice::agent {
namespace {

using remotewrite::DestinationState;
using remotewrite::DestinationStatus;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr milliseconds kTurn{500};
constexpr milliseconds kStopTurn{20};
constexpr seconds kDescribeEvery{5};
// A thread that takes so many times the interval of the watchdog for one turn hangs. Slow disks
// take their time: with the unit's interval of 30 s it is two minutes.
constexpr int kIntervalsMax = 4;
// Beside what the drain may take: ending requests, closing the log.
constexpr seconds kClosingTime{30};
constexpr seconds kExtension{30};

uint64_t PendingIn(const std::vector<DestinationStatus>& destinations) {
  uint64_t pending = 0;
  for (const DestinationStatus& each : destinations) pending += each.progress.ledger.pending;
  return pending;
}

std::string DescriptionOf(const std::vector<DestinationStatus>& destinations) {
  std::string text = std::to_string(PendingIn(destinations)) + " samples pending for " +
                     std::to_string(destinations.size()) + " destinations";
  for (const DestinationStatus& each : destinations) {
    const bool is_well =
        each.state == DestinationState::kIdle || each.state == DestinationState::kSending;
    if (!is_well) text += "; " + each.name + ": " + each.last_error;
  }
  return text;
}

}  // namespace

MainLoop::MainLoop(Agent& agent, Signals& signals, const Supervisor& supervisor, const Clock& clock,
                   Logger logger)
    : agent_(agent),
      signals_(signals),
      supervisor_(supervisor),
      clock_(clock),
      logger_(std::move(logger)),
      replay_(agent.Deliveries(), clock.MonotonicNow()),
      clock_watch_(BuildTime()) {}

void MainLoop::Run() {
  supervisor_.Ready();
  while (!agent_.stop_requested()) {
    switch (signals_.Wait(kTurn)) {
      case Signal::kNone:
        agent_.ReloadIfChanged();
        agent_.NoteDeliveries();
        break;
      case Signal::kReload:
        Reload();
        break;
      case Signal::kStop:
        return;
    }
    Tell();
  }
}

void MainLoop::Reload() {
  supervisor_.Reloading(clock_.MonotonicNow());
  // Logged, counted; the old one goes on.
  const Status status = agent_.Reload();
  supervisor_.Ready();
  if (status.ok()) return;
  supervisor_.Describe("the old configuration goes on: " + status.error().message);
  next_description_ = clock_.MonotonicNow() + kDescribeEvery;
}

void MainLoop::Tell() {
  const MonotonicTime now = clock_.MonotonicNow();
  KeepAlive(now);
  WatchClock(now);
  const bool describes = now >= next_description_;
  if (!describes && !replay_.IsDue(now)) return;
  const std::vector<DestinationStatus> destinations = agent_.Deliveries();
  if (replay_.IsDue(now)) TellOfReplay(destinations, now);
  if (!describes) return;
  supervisor_.Describe(DescriptionOf(destinations));
  next_description_ = now + kDescribeEvery;
}

void MainLoop::WatchClock(MonotonicTime now) {
  if (const auto message = clock_watch_.Look(clock_.WallNowMs(), now)) logger_.Warn(*message);
}

void MainLoop::TellOfReplay(const std::vector<DestinationStatus>& destinations, MonotonicTime now) {
  for (const ReplayNews& news : replay_.Look(destinations, now)) {
    if (news.samples_left == 0) {
      logger_.Info("what was pending at the start has been delivered",
                   {{"remote_name", news.destination}});
      continue;
    }
    logger_.Info("delivering what was pending at the start",
                 {{"remote_name", news.destination},
                  {"samples_left", news.samples_left},
                  {"samples_per_second", news.samples_per_second},
                  {"time_left", news.time_left ? FormatDuration(*news.time_left) : "unknown"}});
  }
}

// Only while all who work come around: else the service manager is to start us again.
void MainLoop::KeepAlive(MonotonicTime now) {
  if (now < next_keep_alive_ || !supervisor_.keep_alive_interval()) return;
  const std::chrono::microseconds interval = *supervisor_.keep_alive_interval();
  const auto limit = std::chrono::duration_cast<milliseconds>(kIntervalsMax * interval);
  next_keep_alive_ = now + interval;
  std::optional<std::string> stalled = agent_.Stalled(limit);
  if (stalled && stalled != stalled_) {
    logger_.Error("it hangs: the service manager is not told any more that all is well",
                  {{"what", *stalled},
                   {"for", FormatDuration(limit)},
                   {"advice", "look for a disk that does not answer"}});
  }
  stalled_ = std::move(stalled);
  if (!stalled_) supervisor_.KeepAlive();
}

void MainLoop::Stop(milliseconds drain) {
  supervisor_.Stopping();
  logger_.Info("stopping", {{"drain", FormatDuration(drain)},
                            {"samples_pending", PendingIn(agent_.Deliveries())}});
  std::promise<void> ended;
  const std::future<void> end = ended.get_future();
  const std::jthread stopping([&] {
    agent_.Stop();
    ended.set_value();
  });
  const MonotonicTime begin = clock_.MonotonicNow();
  MonotonicTime next_word = begin + kTurn;
  MonotonicTime next_line = begin + kDescribeEvery;
  while (end.wait_for(milliseconds(0)) != std::future_status::ready) {
    if (signals_.Wait(kStopTurn) == Signal::kStop) {
      logger_.Warn("asked to stop once more: not waiting for what is pending");
      agent_.EndDrain();
    }
    const MonotonicTime now = clock_.MonotonicNow();
    if (now < next_word) continue;
    next_word = now + kTurn;
    TellOfDrain(now >= next_line);
    if (now >= next_line) next_line = now + kDescribeEvery;
    if (now >= begin + drain + kClosingTime) continue;
    supervisor_.AskForTime(kExtension);
    supervisor_.KeepAlive();
  }
  const uint64_t left = PendingIn(agent_.Deliveries());
  if (left == 0) {
    logger_.Info("stopped");
  } else {
    logger_.Info("stopped; what is pending stays in the buffer and is sent after the next start",
                 {{"samples_pending", left}});
  }
}

void MainLoop::TellOfDrain(bool in_log) {
  const uint64_t pending = PendingIn(agent_.Deliveries());
  supervisor_.Describe("draining: " + std::to_string(pending) + " samples pending");
  if (in_log) logger_.Info("draining", {{"samples_pending", pending}});
}

}  // namespace sluice::agent
