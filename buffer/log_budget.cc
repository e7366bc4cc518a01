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

// Beside those that have stopped accepting, others have this part of the budget on top.
constexpr uint64_t kShareForOthers = 8;

constexpr std::chrono::seconds kReportInterval{30};

}  // namespace

void Log::Impl::SetBudgets(const std::map<std::string, DiskBudget>& budgets) {
  {
    MutexLock write_lock(write_mu_);
    MutexLock lock(mu_);
    for (const auto& [name, budget] : budgets) budgets_[name] = budget;
    uint64_t least = options.bytes_max;
    for (const auto& [each, its] : budgets_) {
      if (its.bytes_max > 0) least = std::min(least, its.bytes_max);
    }
    least_budget_ = least;
    const uint64_t epoch_bytes = std::max(kEpochBytesMin, least / kEpochsInBudget);
    writer_.SetOptions({.epoch_bytes = least < options.bytes_max
                                           ? std::min(options.epoch_bytes, epoch_bytes)
                                           : options.epoch_bytes,
                        .bytes_max = least,
                        .keeps_recent = recent_.keeps_any()});
  }
  Wake();
}

uint64_t Log::Impl::KeptBytes(const std::string& name) const {
  return state_.epochs.BytesOf(state_.book.StretchesOf(name, state_.head));
}

Sequence Log::Impl::OldestOf(const std::string& name) const {
  Sequence oldest = state_.head;
  for (const Stretch& stretch : state_.book.StretchesOf(name, state_.head)) {
    oldest = std::min(oldest, stretch.from);
  }
  return oldest;
}

bool Log::Impl::MayLose(const std::string& name) const {
  const auto budget = budgets_.find(name);
  return budget == budgets_.end() || budget->second.when_full != WhenFull::kStopAccepting;
}

// Whether it needs the oldest epoch, and that is not the current one.
bool Log::Impl::IsOldestFor(const std::string& name) const {
  const Sequence oldest = OldestOf(name);
  return oldest < state_.epochs.current().start &&
         state_.epochs.StartOf(oldest) == state_.epochs.oldest().start;
}

// Whether the log holds more than `part` of its own budget, and its oldest epoch only for this one
// and others that stop accepting.
bool Log::Impl::HoldsUpLog(const std::string& name, double part) const {
  const auto bytes = static_cast<double>(state_.epochs.bytes());
  if (bytes <= part * static_cast<double>(options.bytes_max)) return false;
  if (!IsOldestFor(name)) return false;
  for (const std::string& each : state_.book.Names()) {
    if (MayLose(each) && IsOldestFor(each)) return false;
  }
  return true;
}

// Whether it is to change between accepting frames and dropping them.
bool Log::Impl::IsTurnDue(const std::string& name, const DiskBudget& budget) const {
  const std::optional<DestinationProgress> progress = state_.book.Progress(name, state_.head);
  if (!progress || state_.epochs.empty()) return false;
  const bool accepts = progress->full_at == 0;
  const double part = accepts ? 1 : kAcceptAgain;
  const auto own = static_cast<double>(budget.bytes_max);
  const bool is_full =
      budget.when_full == WhenFull::kStopAccepting &&
      ((budget.bytes_max > 0 && static_cast<double>(KeptBytes(name)) > part * own) ||
       HoldsUpLog(name, part));
  return accepts ? is_full : !is_full && state_.book.MayAccept(name);
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

void Log::Impl::DropOverOwnBudgets(const std::set<std::string>& thin) {
  for (const auto& [name, budget] : budgets_) {
    if (budget.bytes_max == 0 || budget.when_full == WhenFull::kStopAccepting) continue;
    if (budget.when_full == WhenFull::kThinOut && thin.count(name) == 0) continue;
    while (KeptBytes(name) > budget.bytes_max) {
      const Sequence start = state_.epochs.StartAfter(OldestOf(name));
      if (start == 0) break;  // only the current one is left
      own_unreported_[name] +=
          state_.book.DropBefore(name, start, state_.epochs, DropReason::kMaxBytes);
      progress_dirty_ = true;
    }
  }
}

// The epoch to give up for room: the oldest, or, when only those need it that stop accepting, the
// oldest that somebody needs who may lose it. In that case the others are to have some room all the
// same, or they would lose what they are about to send. Nothing when there is none.
std::optional<Stretch> Log::Impl::EpochToDrop() const {
  if (state_.epochs.empty()) return std::nullopt;
  Sequence oldest = state_.head;
  bool may_go = state_.epochs.bytes() > options.bytes_max + options.bytes_max / kShareForOthers;
  for (const std::string& name : state_.book.Names()) {
    if (!MayLose(name)) continue;
    oldest = std::min(oldest, OldestOf(name));
    may_go = may_go || IsOldestFor(name);
  }
  const Sequence next = state_.epochs.StartAfter(oldest);
  if (!may_go || next == 0) return std::nullopt;
  return Stretch{.from = state_.epochs.StartOf(oldest), .end = next};
}

// Whether the log gets smaller by thinning out, next time at the latest.
bool Log::Impl::CanThin(const std::set<std::string>& thin) const {
  bool is_needed = false;
  for (const std::string& name : state_.book.Names()) {
    if (!IsOldestFor(name)) continue;
    if (!ThinsOut(name) || thin.count(name) > 0) return false;
    is_needed = true;
  }
  return is_needed;
}

// Whoever needs the epoch gives it up: only then is there room.
std::optional<uint64_t> Log::Impl::DropOldestEpoch() {
  const std::optional<Stretch> epoch = EpochToDrop();
  if (!epoch) return std::nullopt;
  uint64_t lost = 0;
  for (const std::string& name : state_.book.Names()) {
    const std::vector<Stretch> stretches = state_.book.StretchesOf(name, state_.head);
    const bool needs_it =
        std::any_of(stretches.begin(), stretches.end(), [&epoch](const Stretch& stretch) {
          return stretch.from < epoch->end && stretch.end > epoch->from;
        });
    if (!needs_it) continue;
    lost += state_.book.DropBefore(name, epoch->end, state_.epochs, DropReason::kBudget);
  }
  RemoveDone(CurrentFloor());
  return lost;
}

void Log::Impl::EnforceBudget() {
  TakeTurns();
  const std::set<std::string> thin = ThinOverBudgets();
  const Room room = space.room();
  MutexLock write_lock(write_mu_);
  busy_bytes_ = 0;
  uint64_t samples = 0;
  uint64_t epochs = 0;
  {
    MutexLock lock(mu_);
    DropOverOwnBudgets(thin);
    // On a full disk one epoch at a time, and only when there is something to put in its place and
    // little room for that in memory: others may have filled the disk, and may leave it again.
    const bool wanted =
        room_wanted_.exchange(false) &&
        (room == Room::kTight ||
         (room == Room::kNone && records->held_bytes() > options.held_bytes_max / 2));
    bool drop = RemoveDone(CurrentFloor()) == 0 && wanted;
    while (drop || (state_.epochs.bytes() > options.bytes_max && !CanThin(thin))) {
      drop = false;
      const std::optional<uint64_t> lost = DropOldestEpoch();
      if (!lost) break;
      progress_dirty_ = true;
      samples += *lost;
      if (*lost > 0) ++epochs;
    }
    unfreed_bytes_ = state_.epochs.bytes() - std::min(state_.epochs.bytes(), options.bytes_max);
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

void Log::Impl::ReportThinned(MonotonicTime now) {
  if (thinned_reported_at_ && now - *thinned_reported_at_ < kReportInterval) return;
  MutexLock lock(mu_);
  if (thinned_unreported_ == 0) return;
  logger.Warn("buffer: a disk budget is full, what waits was thinned out",
              {{"samples", thinned_unreported_}});
  thinned_unreported_ = 0;
  thinned_reported_at_ = now;
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
  ReportThinned(now);
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
