#include "agent/signals.h"

#include <csignal>
#include <ctime>

namespace sluice::agent {
namespace {

sigset_t Handled() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGHUP);
  return set;
}

}  // namespace

Signals::Signals() {
  const sigset_t handled = Handled();
  pthread_sigmask(SIG_BLOCK, &handled, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
}

Signal Signals::Wait(std::chrono::milliseconds wait) {
  const sigset_t handled = Handled();
  timespec timeout{};
  timeout.tv_sec = wait.count() / 1000;
  timeout.tv_nsec = (wait.count() % 1000) * 1'000'000;
  switch (sigtimedwait(&handled, nullptr, &timeout)) {
    case SIGHUP:
      return Signal::kReload;
    case SIGINT:
    case SIGTERM:
      return Signal::kStop;
    default:
      return Signal::kNone;
  }
}

}  // namespace sluice::agent
