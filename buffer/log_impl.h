// The inside of Log, shared by the files that implement it.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "base/mutex.h"
#include "buffer/disk_space.h"
#include "buffer/floor.h"
#include "buffer/log.h"
#include "buffer/log_metrics.h"
#include "buffer/log_writer.h"
#include "buffer/read_trouble.h"
#include "buffer/recent_frames.h"
#include "buffer/records.h"

namespace sluice::buffer {

// Lock order: write_mu_, then mu_. write_mu_ is held over writes to the disk, so that there is one
// writer of sequences; mu_ only over memory, so that asking for progress never waits for a disk.
struct Log::Impl {
  Impl(LogOptions log_options, const Clock* log_clock, Logger log_logger);
  ~Impl();
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  // Set once, by Open.
  const LogOptions options;
  const Clock* const clock;  // null when read-only
  const Logger logger;
  const DiskSpace space;
  LogMetrics metrics;
  std::shared_ptr<FloorHolder> floor = std::make_shared<FloorHolder>();
  std::unique_ptr<Records> records;

  // Finds out where the log stands, and goes on from there. `open` as in Records.
  Status Recover(std::unique_ptr<Store> store, const Records::OpenStore& open) SLUICE_EXCLUDES(mu_);
  void Start();  // the thread
  void Stop();

  Status Append(std::span<const FrameAppend> frames);
  Room RoomForAppend(MonotonicTime now) SLUICE_REQUIRES(write_mu_);
  Result<Sequence> Scan(Sequence from, uint32_t records_max,
                        const std::function<bool(const FrameRecord&)>& visit) const;
  // The same, of records before `end`.
  Result<Sequence> ScanBefore(Sequence from, Sequence end, uint32_t records_max,
                              const std::function<bool(const FrameRecord&)>& visit) const;
  static Result<Sequence> VisitRecent(const RecentFrames& frames, Sequence end,
                                      uint32_t records_max, const ThinnedEpochs& thinned,
                                      const std::function<bool(const FrameRecord&)>& visit);
  Sequence BeginScan(const std::string& name, Sequence from);
  bool VisitFrame(Sequence sequence, std::string_view value,
                  const std::function<bool(const FrameRecord&)>& visit) const;
  Result<std::string> Load(Sequence at, RecordType type) const;
  // Changes the book by `change` and writes it down. On failure the change is undone.
  Status ChangeBook(const std::function<bool(ProgressBook&)>& change);
  // The same, where the change begins with an epoch, so that what the budget drops later can be
  // told from totals of epochs. Whether anything changed.
  Result<bool> ChangeBookAtEpoch(const std::string& name,
                                 const std::function<bool(ProgressBook&, Sequence)>& change);
  Status Acknowledge(const std::string& name, std::span<const FrameOutcome> outcomes,
                     std::span<const LaneAdvance> advances);
  LogStatus Describe() const;
  void SetBudgets(const std::map<std::string, DiskBudget>& budgets);
  // What is kept for a destination and its branches.
  uint64_t KeptBytes(const std::string& name) const SLUICE_REQUIRES(mu_);

  // A record that the disk does not give now: whether to believe that it never will.
  bool IsLost(Sequence sequence) SLUICE_EXCLUDES(trouble_mu_);

  // Counts a record once, however often it is met.
  void CountDamaged(Sequence sequence, uint64_t count) const SLUICE_EXCLUDES(mu_);

  // What the thread does: makes everything so far safe against a power cut, then lets go of what
  // nobody needs.
  void RunRound();
  void Wake();

  mutable Mutex write_mu_;
  LogWriter writer_ SLUICE_GUARDED_BY(write_mu_);
  LogBatch batch_ SLUICE_GUARDED_BY(write_mu_);
  // The floor as of the newest progress record; to be published once that is safe on disk.
  Floor written_floor_ SLUICE_GUARDED_BY(write_mu_);
  // Progress changed in memory and could not be written yet.
  bool progress_dirty_ SLUICE_GUARDED_BY(write_mu_) = false;
  bool unsynced_ SLUICE_GUARDED_BY(write_mu_) = false;
  // What lies before it is safe against a power cut, and against a disk that fails.
  Sequence synced_before_ SLUICE_GUARDED_BY(write_mu_) = 1;

  // Appends go to memory: the disk is full or failed, or there is something left from then.
  bool holding_ SLUICE_GUARDED_BY(write_mu_) = false;
  // The store has to be opened anew.
  bool store_failed_ SLUICE_GUARDED_BY(write_mu_) = false;
  // Since when the store says that the disk is full though there is room.
  std::optional<MonotonicTime> wrongly_full_since_ SLUICE_GUARDED_BY(write_mu_);

  Mutex trouble_mu_;
  ReadTrouble trouble_ SLUICE_GUARDED_BY(trouble_mu_);

  mutable Mutex mu_;
  // Changed only with write_mu_ held as well.
  LogState state_ SLUICE_GUARDED_BY(mu_);
  RecentStretch recent_ SLUICE_GUARDED_BY(mu_);
  mutable std::set<Sequence> damaged_ SLUICE_GUARDED_BY(mu_);
  mutable uint64_t damaged_count_ SLUICE_GUARDED_BY(mu_) = 0;
  mutable uint64_t damage_named_ SLUICE_GUARDED_BY(mu_) = 0;
  // Of those destinations whose was told.
  std::map<std::string, DiskBudget> budgets_ SLUICE_GUARDED_BY(mu_);
  // Where each destination may have read up to.
  std::map<std::string, Sequence> read_until_ SLUICE_GUARDED_BY(mu_);
  Stretch being_thinned_ SLUICE_GUARDED_BY(mu_);            // nobody may begin to read it
  std::set<Sequence> thin_already_ SLUICE_GUARDED_BY(mu_);  // epochs with nothing to take out
  bool thinning_failed_ SLUICE_GUARDED_BY(mu_) = false;     // for now
  uint64_t thinned_unreported_ SLUICE_GUARDED_BY(mu_) = 0;

 private:
  void PrepareBatch(std::span<const FrameAppend> frames) SLUICE_REQUIRES(write_mu_)
      SLUICE_EXCLUDES(mu_);
  Status WriteBatch(bool with_progress) SLUICE_REQUIRES(write_mu_) SLUICE_EXCLUDES(mu_);
  Status HoldBatch(std::span<const FrameAppend> frames) SLUICE_REQUIRES(write_mu_)
      SLUICE_EXCLUDES(mu_);
  // Moves the state on: what is in batch_ can be read from now on.
  void CommitBatch() SLUICE_REQUIRES(write_mu_, mu_);
  Floor CurrentFloor() const SLUICE_REQUIRES(mu_);
  // What a failed write or sync says about the store.
  void NoteFailure(const Error& error) SLUICE_REQUIRES(write_mu_);
  Status WriteChange(const ProgressBook& before) SLUICE_REQUIRES(write_mu_) SLUICE_EXCLUDES(mu_);
  Status WriteProgress() SLUICE_REQUIRES(write_mu_) SLUICE_EXCLUDES(mu_);
  bool AllDone() const SLUICE_REQUIRES(mu_);

  void Run(const std::stop_token& stop);
  Status SyncAndPublish();
  void EnforceBudget();
  bool IsTurnDue(const std::string& name, const DiskBudget& budget) const SLUICE_REQUIRES(mu_);
  void TakeTurns() SLUICE_EXCLUDES(write_mu_, mu_);
  void DropOverOwnBudgets(const std::set<std::string>& thin) SLUICE_REQUIRES(write_mu_, mu_);
  bool ThinsOut(const std::string& name) const SLUICE_REQUIRES(mu_);
  bool MayThin(const Stretch& epoch) const SLUICE_REQUIRES(mu_);
  bool IsToThin(const std::string& name) const SLUICE_REQUIRES(mu_);
  std::optional<Stretch> EpochToThin(const std::string& name) const SLUICE_REQUIRES(mu_);
  std::optional<std::vector<FrameTaken>> ChooseFrames(const Stretch& epoch) const
      SLUICE_EXCLUDES(mu_);
  Status TakeOut(const Stretch& epoch, const std::vector<FrameTaken>& taken)
      SLUICE_EXCLUDES(write_mu_, mu_);
  LogState CopyForThinning() const SLUICE_EXCLUDES(mu_);
  bool ThinOne(const std::string& name) SLUICE_EXCLUDES(write_mu_, mu_);
  std::set<std::string> ThinOverBudgets() SLUICE_EXCLUDES(write_mu_, mu_);
  void RewriteThinned();
  // Brings the store back when it failed, and what is held to it.
  void Mend();
  bool ReopenStore();
  Status StoreHeld();
  void ReportLost();
  std::optional<uint64_t> DropOldestEpoch() SLUICE_REQUIRES(mu_);
  Sequence OldestOf(const std::string& name) const SLUICE_REQUIRES(mu_);
  bool MayLose(const std::string& name) const SLUICE_REQUIRES(mu_);
  bool IsOldestFor(const std::string& name) const SLUICE_REQUIRES(mu_);
  std::optional<Stretch> EpochToDrop() const SLUICE_REQUIRES(mu_);
  bool CanThin(const std::set<std::string>& thin) const SLUICE_REQUIRES(mu_);
  void ReportThinned(MonotonicTime now);
  bool HoldsUpLog(const std::string& name, double part) const SLUICE_REQUIRES(mu_);
  // Forgets the epochs that are done with; their bytes.
  uint64_t RemoveDone(const Floor& done) SLUICE_REQUIRES(mu_);
  void CutWhenIdle();
  void DeleteFiles();
  void FlushWhenIdle();
  uint64_t WakeBytes() const;

  // Writes lines about a full disk and dropped samples, not more than one in a while.
  void Report(Room room, uint64_t samples, uint64_t epochs);

  // Owned by the thread.
  uint64_t dropped_unreported_ = 0;
  std::map<std::string, uint64_t> own_unreported_;  // over budgets of destinations
  std::optional<MonotonicTime> dropped_reported_at_;
  std::optional<MonotonicTime> full_reported_at_;
  std::optional<MonotonicTime> thinned_reported_at_;
  std::optional<MonotonicTime> failure_reported_at_;
  MonotonicTime reopen_next_at_{};
  std::deque<Stretch> to_rewrite_;
  Sequence deleted_before_ = 0;
  uint64_t undeleted_bytes_ = 0;

  // The log's own, or that of a destination when it is less.
  std::atomic<uint64_t> least_budget_ = options.bytes_max;

  // Set by appends that found the disk nearly full, taken by the thread.
  std::atomic<bool> room_wanted_ = false;
  MonotonicTime plenty_until_ SLUICE_GUARDED_BY(write_mu_){};

  mutable Mutex wake_mu_;
  CondVar wake_;
  bool woken_ SLUICE_GUARDED_BY(wake_mu_) = false;
  // Appended or let go of since the last round; wakes the thread when it grows large.
  uint64_t busy_bytes_ SLUICE_GUARDED_BY(write_mu_) = 0;
  // Over the budget, and nobody may lose any of it.
  uint64_t unfreed_bytes_ SLUICE_GUARDED_BY(write_mu_) = 0;
  std::jthread thread_;
};

}  // namespace sluice::buffer
