// Writing: appends and progress.
#include <utility>

#include "buffer/log_impl.h"

namespace sluice::buffer {

namespace {

// What is written meanwhile is far less than the reserve.
constexpr std::chrono::milliseconds kPlentyBelieved{50};

}  // namespace

// To ask the file system costs as much as writing a small frame, so plenty of room is believed in
// for a moment.
Room Log::Impl::RoomForAppend(MonotonicTime now) {
  if (now < plenty_until_) return Room::kPlenty;
  const Room room = space.room();
  if (room == Room::kPlenty) plenty_until_ = now + kPlentyBelieved;
  return room;
}

Status Log::Impl::Append(std::span<const FrameAppend> frames) {
  const MonotonicTime started = clock->MonotonicNow();
  MutexLock write_lock(write_mu_);
  const Room room = RoomForAppend(started);
  if (room != Room::kPlenty && !room_wanted_.exchange(true)) Wake();
  Status written = room == Room::kNone ? Error{ErrorCode::kResourceExhausted,
                                               "the disk of " + options.directory + " is full"}
                                       : Status();
  if (written.ok() && !holding_ && !store_failed_) {
    PrepareBatch(frames);
    written = WriteBatch(batch_.checkpoint_at != 0);
  }
  if (!written.ok() || holding_ || store_failed_) {
    if (Status held = HoldBatch(frames); !held.ok()) {
      metrics.append_errors.Increment();
      if (written.ok()) return held.error().WithContext("append: the disk failed");
      return written.error().WithContext("append: " + held.error().message);
    }
  }
  uint64_t samples = 0;
  for (const FrameAppend& frame : frames) samples += frame.sample_count;
  metrics.appended_frames.Increment(static_cast<double>(frames.size()));
  metrics.appended_samples.Increment(static_cast<double>(samples));
  metrics.appended_bytes.Increment(static_cast<double>(batch_.frame_bytes));
  metrics.targets.Increment(static_cast<double>(batch_.target_records));
  metrics.layouts.Increment(static_cast<double>(batch_.layout_records));
  metrics.chunks.Increment(static_cast<double>(batch_.chunk_records));
  const std::chrono::duration<double> took = clock->MonotonicNow() - started;
  metrics.append_seconds.Observe(took.count());
  return {};
}

void Log::Impl::PrepareBatch(std::span<const FrameAppend> frames) {
  {
    MutexLock lock(mu_);
    writer_.Begin(state_, batch_);
  }
  for (const FrameAppend& frame : frames) writer_.AddFrame(frame, batch_);
}

void Log::Impl::CommitBatch() {
  writer_.Commit(batch_, state_);
  recent_.Add(batch_.recent, batch_.next);
  batch_.recent.clear();
}

// Writes what is in batch_ and moves the state on.
Status Log::Impl::WriteBatch(bool with_progress) {
  const Store::Durability durability = options.sync_interval.count() == 0 && !batch_.frames.empty()
                                           ? Store::Durability::kPowerCut
                                           : Store::Durability::kProcessCrash;
  Status written = records->Write(batch_.writes, durability);
  if (!written.ok()) NoteFailure(written.error());
  MutexLock lock(mu_);
  if (!written.ok()) {
    writer_.Rollback(batch_, state_);
    return written;
  }
  unsynced_ = true;
  if (with_progress) {
    // What the progress in this batch says, which does not know of the frames behind it.
    const Needs needs = state_.book.NeedsOf(state_.head);
    CommitBatch();
    // A checkpoint that is held replaces none on disk.
    written_floor_ =
        MakeFloor(needs, state_.epochs,
                  holding_ ? written_floor_.progress_from : state_.checkpoint_at, state_.thinned);
    progress_dirty_ = false;
  } else {
    CommitBatch();
  }
  if (durability == Store::Durability::kPowerCut) synced_before_ = state_.head;
  if (state_.book.empty() || least_budget_ < options.bytes_max) busy_bytes_ += batch_.frame_bytes;
  const uint64_t allowed =
      options.bytes_max + (unfreed_bytes_ == 0 ? 0 : unfreed_bytes_ + WakeBytes());
  if (busy_bytes_ >= WakeBytes() || state_.epochs.bytes() > allowed) Wake();
  return {};
}

Status Log::Impl::WriteProgress() {
  {
    MutexLock lock(mu_);
    writer_.Begin(state_, batch_);
    writer_.AddProgress(state_, batch_);
  }
  if (Status written = WriteBatch(true); !written.ok()) {
    return written.error().WithContext("write progress");
  }
  return {};
}

// Undoes the change when it cannot be written.
Status Log::Impl::WriteChange(const ProgressBook& before) {
  Status written = WriteProgress();
  if (!written.ok()) {
    MutexLock lock(mu_);
    state_.book = before;
  }
  return written;
}

Status Log::Impl::ChangeBook(const std::function<bool(ProgressBook&)>& change) {
  MutexLock write_lock(write_mu_);
  ProgressBook before;
  {
    MutexLock lock(mu_);
    before = state_.book;
    if (!change(state_.book)) return {};
  }
  return WriteChange(before);
}

Result<bool> Log::Impl::ChangeBookAtEpoch(
    const std::string& name, const std::function<bool(ProgressBook&, Sequence)>& change) {
  MutexLock write_lock(write_mu_);
  ProgressBook before;
  {
    MutexLock lock(mu_);
    if (!state_.book.Progress(name, state_.head)) {
      return Error{ErrorCode::kNotFound, "no destination " + name};
    }
    before = state_.book;
    // The next batch begins there with a new epoch.
    if (!change(state_.book, state_.head)) return false;
  }
  writer_.RequestEpoch();
  if (Status written = WriteChange(before); !written.ok()) return written.error();
  return true;
}

}  // namespace sluice::buffer
