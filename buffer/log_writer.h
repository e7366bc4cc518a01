// Turns appends and progress into batches of records: all state that is written, and nothing of the
// disk. The log holds the locks and does the writing.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "buffer/dictionary.h"
#include "buffer/epochs.h"
#include "buffer/floor.h"
#include "buffer/log.h"
#include "buffer/progress_book.h"
#include "buffer/recent_frames.h"
#include "buffer/record.h"
#include "buffer/store.h"
#include "buffer/thinned.h"

namespace sluice::buffer {

// What is known of the log besides its records.
struct LogState {
  Sequence head = 1;  // the next sequence to be written
  Epochs epochs;
  ProgressBook book;
  // Never null; another one with each change.
  std::shared_ptr<const ThinnedEpochs> thinned = std::make_shared<const ThinnedEpochs>();
  // Of the newest progress record that also tells what its epoch holds so far.
  Sequence checkpoint_at = 0;
  uint64_t records_since_checkpoint = 0;
  uint64_t bytes_since_checkpoint = 0;
};

// A batch being put together on top of a state, and what that state becomes when it was written.
struct LogBatch {
  StoreBatch writes;
  std::string record;  // scratch

  Sequence next = 0;
  Sequence epoch_start = 0;
  bool new_epoch = false;
  Sequence checkpoint_at = 0;  // 0: none in this batch
  uint64_t record_count = 0;
  uint64_t other_bytes = 0;
  uint64_t frame_bytes = 0;
  uint64_t target_records = 0;
  uint64_t layout_records = 0;
  uint64_t chunk_records = 0;

  struct Frame {
    uint32_t lane;
    Sequence sequence;
    uint64_t samples;
    uint64_t bytes;
    TimestampMs timestamp_ms;
  };

  std::vector<Frame> frames;
  RecentFrames recent;  // the same, when they are to be kept for readers
};

struct LogWriterOptions {
  uint64_t epoch_bytes = 0;
  uint64_t bytes_max = 0;
  bool keeps_recent = false;  // fills in LogBatch::recent
};

// Thread-compatible.
class LogWriter {
 public:
  explicit LogWriter(LogWriterOptions options) : options_(options) {}

  // From the next epoch on.
  void SetOptions(LogWriterOptions options) { options_ = options; }

  // Empties the batch and lays it on top of `state`; starts a new epoch when one is due, and adds a
  // checkpoint when one is due.
  void Begin(const LogState& state, LogBatch& batch);
  void AddFrame(const FrameAppend& frame, LogBatch& batch);
  // A snapshot of `state`, which must be what Begin() saw.
  void AddProgress(const LogState& state, LogBatch& batch);

  // Sets where the record is.
  void AddThinned(ThinnedEpoch& thinned, LogBatch& batch);

  // Whether the next batch starts an epoch, or has a checkpoint for another reason.
  bool ProgressDue(const LogState& state) const;

  // The batch was written: moves the state on.
  void Commit(const LogBatch& batch, LogState& state);
  // It was not. Its sequences are not used again: after a power cut some of it may turn up.
  void Rollback(const LogBatch& batch, LogState& state);

  // The next batch starts a new epoch.
  void RequestEpoch() { epoch_requested_ = true; }

  uint64_t dictionary_bytes() const { return dictionary_.bytes(); }

 private:
  bool EpochDue(const LogState& state) const;
  static bool CheckpointDue(const LogState& state);
  void AddEpochStart(const LogState& state, LogBatch& batch);
  void AddCheckpoint(const LogState& state, const EpochTotals& totals, LogBatch& batch);
  Sequence AddTarget(const TargetLabels& target, LogBatch& batch);
  Sequence AddChunk(const Chunk& chunk, LogBatch& batch);
  Sequence AddLayout(const Layout& layout, LogBatch& batch);
  // Seals the record in `batch.record` and puts it at `batch.next`.
  Sequence Put(LogBatch& batch);

  LogWriterOptions options_;
  EpochDictionary dictionary_;
  // True at first: what an epoch of an earlier run holds is not known.
  bool epoch_requested_ = true;
};

// Body of a progress record.
struct ProgressBody {
  ProgressBook book;
  std::optional<EpochTotals> totals;  // of its epoch so far; makes it a checkpoint
  std::vector<Sequence> thinned;      // in a checkpoint: where the records of thinned epochs are
};

// `totals` null: no checkpoint.
void EncodeProgressBody(std::string& out, Sequence sequence, const ProgressBook& book,
                        const EpochTotals* totals, const std::vector<Sequence>& thinned);
Result<ProgressBody> DecodeProgressBody(Sequence sequence, std::string_view body);

}  // namespace sluice::buffer
