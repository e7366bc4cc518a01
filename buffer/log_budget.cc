// Disk budgets: the log's own, and those of destinations.
#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "buffer/log_impl.h"

namespace sluice::buffer {
namespace {

// Budgets work in whole epochs and need many of them, so that one is no loss to speak of.
constexpr uint64_t kEpochsInBudget = 16;
constexpr uint64_t kEpochBytesMin = 64 << 10;

// A destination that stopped accepting goes on when it needs no more than this part of its budget.
constexpr double kAcceptAgain = 0.75;

constexpr std::chrono::seconds kReportInterval{30};

}  // namespace

void Log::Impl::SetBudget(const std::string& name, const DiskBudget& budget) {
  {
    MutexLock write_lock(write_mu_);
    MutexLock lock(mu_);
    budgets_[name] = budget;
    uint64_t least = options.bytes_max;
    for (const auto& [each, its] : budgets_) {
      if (its.bytes_max > 0) least = std::min(least, its.bytes_max);
    }
    least_budget_ = least;
    const uint64_t epoch_bytes = std::max(kEpochBytesMin, least / kEpochsInBudget);
    writer_.SetOptions({.epoch_bytes = least < options.bytes_max
                                           ? std::min(options.epoch_bytes, epoch_bytes)
                                           : options.epoch_bytes,
                        .bytes_max = least});
  }
  Wake();
}

uint64_t Log::Impl::KeptBytes(const std::string& name) const {
  return state_.epochs.BytesOf(state_.book.StretchesOf(name, state_.head));
}

// Whether it is to change between accepting frames and dropping them.
bool Log::Impl::IsTurnDue(const std::string& name, const DiskBudget& budget) const {
  const std::optional<DestinationProgress> progress = state_.book.Progress(name, state_.head);
  if (!progress) return false;
  const bool may_stop = budget.when_full == WhenFull::kStopAccepting && budget.bytes_max > 0;
  const uint64_t kept = KeptBytes(name);
  if (progress->full_at == 0) return may_stop && kept > budget.bytes_max;
  const auto enough = static_cast<uint64_t>(static_cast<double>(budget.bytes_max) * kAcceptAgain);
  return (!may_stop || kept <= enough) && state_.book.MayAccept(name);
}

// Those whose budgets nobody has told yet stay as they are.
void Log::Impl::TakeTurns() {
  std::vector<std::pair<std::string, bool>> due;  // and whether it accepts frames now
  {
    MutexLock lock(mu_);
    for (const auto& [name, budget] : budgets_) {
      if (!IsTurnDue(name, budget)) continue;
      due.emplace_back(name, state_.book.Progress(name, state_.head)->full_at == 0);
    }
  }
  for (const auto& [name, accepts] : due) {
    const Result<bool> turned =
        ChangeBookAtEpoch(name, [&name = name, accepts = accepts](ProgressBook& book, Sequence at) {
          return accepts ? book.StopAccepting(name, at) : book.Accept(name);
        });
    if (!turned.ok() || !*turned) continue;  // the next round tries again
    if (accepts) {
      logger.Error("buffer: the disk budget of a destination is full, it accepts nothing new",
                   {{"remote_name", PrintableName(name)}});
    } else {
      logger.Info("buffer: a destination whose disk budget was full accepts samples again",
                  {{"remote_name", PrintableName(name)}});
    }
  }
}

uint64_t Log::Impl::DropOldestEpoch() {
  const uint64_t lost = state_.book.DropBefore(state_.epochs.at(1).start, state_.epochs);
  undeleted_bytes_ += state_.epochs.oldest().totals.bytes();
  state_.epochs.PopOldest();
  return lost;
}

void Log::Impl::DropOverOwnBudgets() {
  for (const auto& [name, budget] : budgets_) {
    if (budget.bytes_max == 0 || budget.when_full != WhenFull::kDropOldest) continue;
    while (KeptBytes(name) > budget.bytes_max) {
      Sequence oldest = state_.head;
      for (const Stretch& stretch : state_.book.StretchesOf(name, state_.head)) {
        oldest = std::min(oldest, stretch.from);
      }
      const Sequence start = state_.epochs.StartAfter(oldest);
      if (start == 0) break;  // only the current one is left
      own_unreported_[name] += state_.book.DropBeforeFor(name, start, state_.epochs);
      progress_dirty_ = true;
    }
  }
}

void Log::Impl::EnforceBudget() {
  TakeTurns();
  const Room room = space.room();
  MutexLock write_lock(write_mu_);
  busy_bytes_ = 0;
  uint64_t samples = 0;
  uint64_t epochs = 0;
  {
    MutexLock lock(mu_);
    DropOverOwnBudgets();
    // On a full disk one epoch at a time, and only when there is something to put in its place and
    // little room for that in memory: others may have filled the disk, and may leave it again.
    const bool wanted =
        room_wanted_.exchange(false) &&
        (room == Room::kTight ||
         (room == Room::kNone && records->held_bytes() > options.held_bytes_max / 2));
    bool drop = wanted && state_.epochs.size() > 1;
    while (drop || (state_.epochs.size() > 1 && state_.epochs.bytes() > options.bytes_max)) {
      drop = false;
      const uint64_t lost = DropOldestEpoch();
      progress_dirty_ = true;
      samples += lost;
      if (lost > 0) ++epochs;
    }
    const Sequence oldest = state_.book.Oldest(state_.head);
    metrics.bytes.Set(static_cast<double>(state_.epochs.BytesFrom(oldest)));
  }
  if (progress_dirty_) {
    // A failure leaves it dirty: the next round tries again.
    const Status written = WriteProgress();
    if (!written.ok()) logger.Debug("buffer: progress", {{"error", written.error().message}});
  }
  Report(room, samples, epochs);
}

void Log::Impl::Report(Room room, uint64_t samples, uint64_t epochs) {
  metrics.epochs_dropped.Increment(static_cast<double>(epochs));
  metrics.disk_full.Set(room == Room::kNone ? 1 : 0);
  const MonotonicTime now = clock->MonotonicNow();
  const auto due = [now](const std::optional<MonotonicTime>& last) {
    return !last || now - *last >= kReportInterval;
  };
  if (room == Room::kNone && due(full_reported_at_)) {
    logger.Error("buffer: the disk is nearly full, new frames are held in memory",
                 {{"directory", options.directory}});
    full_reported_at_ = now;
  }
  dropped_unreported_ += samples;
  if (dropped_unreported_ == 0 && own_unreported_.empty()) return;
  if (!due(dropped_reported_at_)) return;
  dropped_reported_at_ = now;
  if (dropped_unreported_ > 0) {
    logger.Error("buffer: no more room, oldest samples dropped",
                 {{"samples", dropped_unreported_}, {"bytes_max", options.bytes_max}});
  }
  dropped_unreported_ = 0;
  for (const auto& [name, lost] : std::exchange(own_unreported_, {})) {
    logger.Error("buffer: the disk budget of a destination is full, its oldest samples dropped",
                 {{"remote_name", PrintableName(name)}, {"samples", lost}});
  }
}

}  // namespace sluice::buffer
