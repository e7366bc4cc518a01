// The durable log of frames, kept in RocksDB: the only place that includes RocksDB.
//
// One writer of sequences, any number of readers (destinations), each with durable progress of its
// own. What every destination has passed is deleted. See FORMAT.md for the records.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/hash.h"
#include "base/logger.h"
#include "base/result.h"
#include "base/telemetry.h"
#include "buffer/chunk.h"
#include "buffer/disk_budget.h"
#include "buffer/frame.h"
#include "buffer/layout.h"
#include "buffer/progress.h"

namespace sluice::buffer {

struct LogOptions {
  std::string directory;  // created if absent (its parent must exist)
  // Bound of what the log keeps for its destinations, in bytes of records. Over it, the oldest
  // epoch is dropped for the destinations that still need it, with a counted reason.
  uint64_t bytes_max = 8ULL << 30;
  // What a power cut may lose at most; 0 = synced with every append. A crash of the process alone
  // loses nothing in any case.
  std::chrono::milliseconds sync_interval{1000};
  // RocksDB's memtable; must be at least 4 times the largest frame. 0 = derived from bytes_max.
  uint64_t write_buffer_bytes = 0;
  // An epoch is cut when its frames reach this size (and outweigh its dictionary). 0 = derived.
  uint64_t epoch_bytes = 0;
  // What may be held in memory while the disk is full or fails. Beyond it appends fail.
  uint64_t held_bytes_max = 64 << 20;
  // Of the frames that were appended last, so many bytes stay in memory for readers that keep up.
  uint64_t recent_bytes_max = 1 << 20;
};

// One frame to append, with what a reader needs to understand it.
struct FrameAppend {
  std::shared_ptr<const TargetLabels> target;
  std::shared_ptr<const Layout> layout;
  uint64_t lane_hash = 0;  // equal for all frames of one target; lane = lane_hash % kLaneCount
  TimestampMs timestamp_ms = 0;
  uint32_t sample_count = 0;
  std::string_view stored;  // from FrameEncoder::Encode
  // What `stored` decodes to, where that is at hand; for readers that come soon.
  std::shared_ptr<const DecodedFrame> decoded = nullptr;
};

// A frame as a scan hands it out; views are valid during the callback only.
struct FrameRecord {
  Sequence sequence = 0;
  uint32_t lane = 0;
  TimestampMs timestamp_ms = 0;
  uint32_t sample_count = 0;
  Sequence target_at = 0;  // records that hold its target labels and its layout
  Sequence layout_at = 0;
  uint64_t record_bytes = 0;  // what it counts in pending_bytes
  std::string_view stored;
  // Has the bytes of `stored` when they are in memory for others, too; else null.
  std::shared_ptr<const std::string> held = nullptr;
  // What `stored` decodes to, when it was appended a moment ago with that at hand; else null.
  std::shared_ptr<const DecodedFrame> decoded = nullptr;
};

// A layout as read back; its chunks are named, and loaded one by one when they are needed.
struct StoredLayout {
  struct ChunkRef {
    ContentId id;
    uint32_t series_count = 0;
    Sequence at = 0;  // for LoadChunk
  };

  ContentId id;
  uint32_t series_count = 0;
  std::vector<ChunkRef> chunks;
};

struct StoredTarget {
  ContentId id;
  std::string stored;  // for TargetLabels::Decode
};

struct LogStatus {
  Sequence head = 0;                     // the next sequence to be written
  Sequence oldest = 0;                   // the least sequence that a destination still needs
  uint64_t bytes = 0;                    // records between them
  std::optional<TimestampMs> oldest_ms;  // timestamp of the oldest pending frame, if any
  uint64_t damaged_records = 0;
};

// Thread-safe, but for Open. Blocking calls say so.
class Log {
 public:
  // Blocking: recovery takes well under a second whatever the backlog. Fails with a message that
  // says what to do when the directory is locked by another process, written by a newer version,
  // or unreadable. `logger` and `telemetry` must outlive the log.
  static Result<std::unique_ptr<Log>> Open(const LogOptions& options, const Clock& clock,
                                           Logger logger, Telemetry& telemetry);
  // As Open, but never changes anything on disk; only the const members may be called.
  static Result<std::unique_ptr<Log>> OpenReadOnly(const std::string& directory);
  ~Log();
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;

  // Blocking (a write to the WAL). Appends the frames, and whatever of their targets, layouts and
  // chunks the current epoch does not hold yet, in one atomic write. On success nothing of it is
  // lost by a crash of the process, but for what is held in memory because the disk is full or
  // fails. On failure nothing was appended: there is no room in memory either. Later appends try
  // again.
  Status Append(std::span<const FrameAppend> frames);

  // Calls `visit` for each intact frame at or after `from`, in order, until it returns false or
  // `records_max` records were read. Returns where to go on: the head when there was nothing more.
  // Damaged records are counted and skipped. Frames that nobody needs may be missing. kRetryable
  // when the disk fails, before anything was visited; what it does not give for half a minute
  // counts as damaged.
  Result<Sequence> Scan(Sequence from, uint32_t records_max,
                        const std::function<bool(const FrameRecord&)>& visit) const;

  // kNotFound when the record is gone, kCorruption when it is damaged, kRetryable as for Scan.
  Result<StoredLayout> LoadLayout(Sequence at) const;
  Result<StoredTarget> LoadTarget(Sequence at) const;
  // The stored form, for DecodedChunk::Decode.
  Result<std::string> LoadChunk(Sequence at) const;

  // Makes `name` a destination that frames are kept for. A known one goes on where it was; a new
  // one starts at the head. Durable when it returns.
  Result<DestinationProgress> Attach(const std::string& name);
  // The destination is no longer configured. What it has not acknowledged stays (within
  // bytes_max), and is taken up again by Attach; new frames are kept for it as well, so that there
  // is no gap then. Forget is what ends that.
  Status Detach(const std::string& name);
  // As Detach, but new frames are not kept for it: it is to have what is pending, and no more.
  Status Close(const std::string& name);
  // Forgets the destination and its backlog.
  Status Forget(const std::string& name);

  // From now on, until the log is closed or forgets the destination. One that had stopped accepting
  // goes on only when its budget is known. Those that are not named keep theirs.
  void SetBudgets(const std::map<std::string, DiskBudget>& budgets);
  // To be called before a Scan for the destination: where that is to end at the latest; what lies
  // behind may not be for it, or may be about to be thinned out. Cheap.
  Sequence BeginScan(const std::string& name, Sequence from);

  // Books how frames ended and moves lanes forward, durably (as an append is). `outcomes` are in
  // log order within a lane and imply `next` = their sequence + 1; `advances` then move lanes
  // further. What lies behind the current position of its lane (because the frame was dropped
  // meanwhile) is ignored. When a lane reaches the head with samples still pending, those were
  // never handed out by Scan: they are booked as kDamaged. On failure of the disk the booking
  // stands in memory all the same and is written as soon as possible: do not repeat it. kNotFound
  // when the destination is unknown, kInvalidInput for a lane that does not exist.
  Status Acknowledge(const std::string& name, std::span<const FrameOutcome> outcomes,
                     std::span<const LaneAdvance> advances);

  // Parts what is pending for the destination from what is still to come: it becomes the backlog,
  // with positions of its own, so that fresh frames need not wait for it. False when nothing is
  // pending, or there is a backlog still; kNotFound when the destination is unknown. Durable when
  // it returns true.
  Result<bool> PartBacklog(const std::string& name);

  // A branch (see BranchName) begins where the destination stands; kNotFound when that is unknown.
  // One that is there already goes on. Durable when it returns.
  Status Branch(const std::string& name, const std::string& part);
  // A branch ends, and what it has delivered counts as the destination's. Durable when it returns.
  Status Join(const std::string& name, const std::string& part);

  // Nothing when unknown. Cheap.
  std::optional<DestinationProgress> Progress(const std::string& name) const;
  // Branches included.
  std::vector<DestinationProgress> AllProgress() const;
  // Its ledger with those of its branches.
  std::optional<DestinationProgress> ProgressWithBranches(const std::string& name) const;

  LogStatus status() const;

 private:
  struct Impl;
  explicit Log(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace sluice::buffer
