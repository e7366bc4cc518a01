// The thread that syncs, and lets go of what nobody needs.
#include <algorithm>
#include <string>
#include <utility>

#include <pthread.h>

#include "buffer/log_impl.h"

namespace sluice::buffer {
namespace {

// Deleting files costs milliseconds: not for less than this.
constexpr uint64_t kDeleteBytes = 8 << 20;

// With every append synced there still are files to let go of.
constexpr std::chrono::milliseconds kRoundWhenSynced{1000};

}  // namespace

void Log::Impl::Start() {
  const uint64_t table_bytes = records->table_bytes();
  {
    MutexLock lock(mu_);
    // An earlier run may not have come to write all of their files anew.
    if (table_bytes > state_.epochs.bytes()) {
      for (const Stretch& epoch : state_.thinned->epochs()) to_rewrite_.push_back(epoch);
    }
  }
  thread_ = std::jthread([this](const std::stop_token& stop) { Run(stop); });
}

void Log::Impl::Stop() {
  if (!thread_.joinable()) return;
  thread_.request_stop();
  Wake();
  thread_.join();
  // Progress that could not be written before, and the last second against a power cut.
  RunRound();
  ReportLost();
}

void Log::Impl::Wake() {
  MutexLock lock(wake_mu_);
  woken_ = true;
  wake_.NotifyAll();
}

void Log::Impl::Run(const std::stop_token& stop) {
  pthread_setname_np(pthread_self(), "buffer");
  const std::chrono::milliseconds interval =
      options.sync_interval.count() > 0 ? options.sync_interval : kRoundWhenSynced;
  while (!stop.stop_requested()) {
    {
      MutexLock lock(wake_mu_);
      if (!woken_) wake_.WaitFor(wake_mu_, interval);
      woken_ = false;
    }
    if (stop.stop_requested()) break;
    RunRound();
  }
}

uint64_t Log::Impl::WakeBytes() const {
  return std::min<uint64_t>(kDeleteBytes, least_budget_ / 4);
}

bool Log::Impl::AllDone() const { return state_.book.Oldest(state_.head) >= state_.head; }

void Log::Impl::RunRound() {
  space.Tend();
  EnforceBudget();
  Mend();
  CutWhenIdle();
  if (!SyncAndPublish().ok()) return;
  DeleteFiles();
  RewriteThinned();
  FlushWhenIdle();
}

// Everybody is done, but files with frames of the current epoch are left over from a backlog: a new
// epoch lets them go.
void Log::Impl::CutWhenIdle() {
  const uint64_t table_bytes = records->table_bytes();
  MutexLock write_lock(write_mu_);
  const uint64_t worthwhile = std::max(options.write_buffer_bytes, 4 * writer_.dictionary_bytes());
  {
    MutexLock lock(mu_);
    if (state_.epochs.empty() || !AllDone()) return;
    if (std::min(table_bytes, state_.epochs.current().totals.bytes()) < worthwhile) return;
  }
  writer_.RequestEpoch();
  if (!WriteProgress().ok()) progress_dirty_ = true;
}

uint64_t Log::Impl::RemoveDone(const Floor& done) {
  const uint64_t removed =
      state_.epochs.Remove([&done](const Epoch& epoch) { return done.IsDone(epoch.start); });
  undeleted_bytes_ += removed;
  if (removed > 0 && !state_.thinned->empty()) {
    auto kept = std::make_shared<ThinnedEpochs>(*state_.thinned);
    kept->Keep(state_.epochs);
    state_.thinned = std::move(kept);
  }
  return removed;
}

Status Log::Impl::SyncAndPublish() {
  Floor next;
  bool needed = false;
  Sequence synced_before = 0;
  {
    MutexLock write_lock(write_mu_);
    next = written_floor_;
    needed = std::exchange(unsynced_, false);
    MutexLock lock(mu_);
    synced_before = state_.head;
  }
  if (needed) {
    Status synced = records->Sync();
    MutexLock write_lock(write_mu_);
    if (!synced.ok()) {
      metrics.sync_errors.Increment();
      unsynced_ = true;
      NoteFailure(synced.error());
      return synced;
    }
    synced_before_ = synced_before;
  }
  floor->Set(next);
  MutexLock lock(mu_);
  RemoveDone(next);
  return {};
}

void Log::Impl::DeleteFiles() {
  const std::shared_ptr<const Floor> done = floor->Get();
  // Whatever lies before it is deleted, but the epoch starts that lead back over holes.
  const Sequence until = std::max(done->keep_from, done->hole_from == 0 ? 0 : done->hole_end);
  uint64_t needed = 0;
  bool idle = false;
  {
    MutexLock lock(mu_);
    idle = AllDone();
    needed = state_.epochs.bytes();
  }
  // Files on their way from level 0 to level 1 are passed over, so it may take more than one go.
  const bool residue = records->table_bytes() > needed + options.write_buffer_bytes;
  if (until > deleted_before_ ? undeleted_bytes_ < WakeBytes() && !idle : !residue) return;
  Status deleted = records->DeleteFilesBetween(0, done->keep_from);
  if (deleted.ok() && done->hole_from != 0 && done->hole_from + 1 < done->hole_end) {
    deleted = records->DeleteFilesBetween(done->hole_from + 1, done->hole_end);
  }
  if (!deleted.ok()) return;
  deleted_before_ = until;
  undeleted_bytes_ = 0;
}

void Log::Impl::FlushWhenIdle() {
  {
    MutexLock lock(mu_);
    if (!AllDone()) return;
  }
  if (records->memtable_bytes() >= options.write_buffer_bytes / 2) records->StartFlush();
}

}  // namespace sluice::buffer
