// While the disk is full or fails: frames are held in memory, destinations read them from there,
// and the disk gets them when it takes them again.
#include <algorithm>
#include <string>

#include "buffer/log_impl.h"

namespace sluice::buffer {
namespace {

// Appends wait while a piece of this size is moved to the store.
constexpr uint64_t kPieceBytes = 1 << 20;

// How often a store that failed is opened.
constexpr std::chrono::seconds kReopenInterval{2};

// The store finds out by itself that there is room again, within 5 s, measured.
constexpr std::chrono::seconds kWronglyFullMax{15};

constexpr std::chrono::seconds kReportInterval{30};

}  // namespace

Floor Log::Impl::CurrentFloor() const {
  return MakeFloor(state_.book.NeedsOf(state_.head), state_.epochs, state_.checkpoint_at,
                   state_.thinned);
}

void Log::Impl::NoteFailure(const Error& error) {
  if (error.code != ErrorCode::kResourceExhausted) {
    store_failed_ = true;
  } else if (space.room() == Room::kNone) {
    wrongly_full_since_.reset();
  } else if (!wrongly_full_since_) {
    wrongly_full_since_ = clock->MonotonicNow();
  } else if (clock->MonotonicNow() - *wrongly_full_since_ > kWronglyFullMax) {
    wrongly_full_since_.reset();
    store_failed_ = true;
  }
}

Status Log::Impl::HoldBatch(std::span<const FrameAppend> frames) {
  if (!holding_) {
    holding_ = true;
    // What is held is to stand for itself, whatever the disk still gives.
    writer_.RequestEpoch();
    Wake();
  }
  bool due = false;
  {
    MutexLock lock(mu_);
    due = writer_.ProgressDue(state_);
  }
  // To the disk, if it takes that little: what is held is gone after a crash, and recovery wants to
  // find its way.
  if (due && !WriteProgress().ok()) progress_dirty_ = true;
  PrepareBatch(frames);
  Status held = records->Hold(batch_.writes);
  MutexLock lock(mu_);
  if (!held.ok()) {
    records->DropHeld(CurrentFloor());
    held = records->Hold(batch_.writes);
  }
  if (held.ok()) {
    CommitBatch();
  } else {
    writer_.Rollback(batch_, state_);
  }
  return held;
}

bool Log::Impl::ReopenStore() {
  Sequence unsynced_from = 0;
  Floor floor_now;
  {
    MutexLock write_lock(write_mu_);
    if (!store_failed_) return true;
    if (clock->MonotonicNow() < reopen_next_at_) return false;
    unsynced_from = synced_before_;
    MutexLock lock(mu_);
    floor_now = CurrentFloor();
  }
  const Status opened = records->Reopen(unsynced_from, floor_now);
  const MonotonicTime now = clock->MonotonicNow();
  reopen_next_at_ = now + kReopenInterval;
  if (!opened.ok()) {
    if (!failure_reported_at_ || now - *failure_reported_at_ >= kReportInterval) {
      logger.Error("buffer: the disk fails, new frames are held in memory",
                   {{"directory", options.directory}, {"error", opened.error().message}});
      failure_reported_at_ = now;
    }
    return false;
  }
  logger.Warn("buffer: the disk had failed, the store is open again",
              {{"directory", options.directory}});
  MutexLock write_lock(write_mu_);
  store_failed_ = false;
  // What was rescued from the store has to go back to it.
  holding_ = true;
  return true;
}

// Piece by piece, so that appends wait for one piece only.
Status Log::Impl::StoreHeld() {
  for (;;) {
    MutexLock write_lock(write_mu_);
    if (!records->holding()) {
      holding_ = false;
      progress_dirty_ = true;
      return {};
    }
    if (Status stored = records->StoreHeld(kPieceBytes); !stored.ok()) {
      NoteFailure(stored.error());
      return stored;
    }
    unsynced_ = true;
  }
}

void Log::Impl::Mend() {
  bool failed = false;
  {
    MutexLock write_lock(write_mu_);
    failed = store_failed_;
    if (holding_) {
      MutexLock lock(mu_);
      records->DropHeld(CurrentFloor());
    }
    metrics.disk_failing.Set(failed ? 1 : 0);
    metrics.held_bytes.Set(static_cast<double>(records->held_bytes()));
    if (!failed && !holding_) return;
  }
  if ((failed && !ReopenStore()) || space.room() == Room::kNone || !StoreHeld().ok()) return;
  MutexLock write_lock(write_mu_);
  metrics.disk_failing.Set(0);
  metrics.held_bytes.Set(0);
  if (!WriteProgress().ok()) progress_dirty_ = true;
}

void Log::Impl::ReportLost() {
  if (!records->holding()) return;
  logger.Error("buffer: the disk did not take what was held in memory until the end; it is lost",
               {{"directory", options.directory}, {"bytes", records->held_bytes()}});
}

}  // namespace sluice::buffer
