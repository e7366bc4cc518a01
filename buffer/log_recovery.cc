#include "buffer/log_recovery.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "buffer/record_reader.h"

namespace sluice::buffer {
namespace {

bool IsCheckpoint(Sequence sequence, std::string_view value) {
  const auto hint = PeekRecord(value);
  if (!hint || hint->type != RecordType::kProgress) return false;
  const Result<RecordView> record = OpenRecord(sequence, value);
  if (!record.ok()) return false;
  const Result<ProgressBody> progress = DecodeProgressBody(sequence, record.value().body);
  return progress.ok() && progress.value().totals;
}

class Recovery {
 public:
  enum class DiskErrors {
    kStop,      // they end it, without a result
    kPassOver,  // what they are met at counts as damaged
  };

  Recovery(const Store& store, DiskErrors disk_errors) : store_(store), disk_errors_(disk_errors) {}

  void Run();

  RecoveredLog& result() { return result_; }

  // What ended it.
  const std::optional<Error>& disk_error() const { return disk_error_; }

  // There are records, but none that tells of progress.
  bool lacks_progress() const { return !is_empty_ && !found_progress_; }

 private:
  // The sequence after all others; 0 without any.
  Sequence FindHead();
  // Where reading forward has to start: the newest intact checkpoint, else the oldest record.
  Sequence FindCheckpoint(Sequence head);
  void Replay(Sequence from);
  void LoadOlderEpochs();
  void ApplyThinned();
  void Take(Sequence sequence, std::string_view value);
  void TakeProgress(Sequence sequence, const RecordView& record, uint64_t bytes);
  void TakeEpochStart(Sequence sequence, const RecordView& record, uint64_t bytes);
  void LoadThinned(const std::vector<Sequence>& records);
  void TakeThinned(Sequence sequence, std::string_view body);
  std::optional<EpochStartBody> ReadEpochStart(Sequence at);

  // Whether this is the end.
  bool EndsAt(const Error& error) {
    if (error.code != ErrorCode::kRetryable || disk_errors_ == DiskErrors::kPassOver) return false;
    disk_error_ = error;
    return true;
  }

  // A log whose epoch start is not in sight still has an epoch.
  void EnsureEpoch(Sequence start) {
    if (result_.state.epochs.empty())
      result_.state.epochs.Push(Epoch{.start = start, .totals = {}});
  }

  const Store& store_;
  const DiskErrors disk_errors_;
  std::optional<Error> disk_error_;
  RecoveredLog result_;
  ThinnedEpochs thinned_;
  bool is_empty_ = true;
  bool found_progress_ = false;
};

// The newest file may be damaged, at its end or all of it; its sequences must not be used again all
// the same, and what is newer than it can be reached from its end on only.
Sequence Recovery::FindHead() {
  StoreCursor cursor = store_.NewCursor();
  const Sequence in_tables = store_.newest_in_tables();
  if (cursor.SeekToLast()) return std::max(cursor.sequence(), in_tables) + 1;
  if (!cursor.broken() || EndsAt(cursor.error())) return 0;
  Sequence newest = in_tables;
  for (bool found = cursor.Seek(in_tables + 1); found; found = cursor.Next()) {
    newest = cursor.sequence();
  }
  return newest + 1;
}

// Backwards; over what cannot be read in growing steps.
Sequence Recovery::FindCheckpoint(Sequence head) {
  StoreCursor cursor = store_.NewCursor();
  Sequence at = head - 1;
  uint64_t step = 1;
  bool found = cursor.SeekBack(at);
  while (found || cursor.broken()) {
    if (found) {
      at = cursor.sequence();
      if (IsCheckpoint(at, cursor.value())) return at;
      step = 1;
      found = cursor.Previous();
      continue;
    }
    if (EndsAt(cursor.error()) || at <= step) break;
    at -= step;
    step *= 2;
    found = cursor.SeekBack(at);
  }
  return at;
}

void Recovery::TakeProgress(Sequence sequence, const RecordView& record, uint64_t bytes) {
  LogState& state = result_.state;
  EnsureEpoch(record.epoch_start);
  Result<ProgressBody> progress = DecodeProgressBody(sequence, record.body);
  if (!progress.ok()) {
    ++result_.damaged_records;
    return;
  }
  found_progress_ = true;
  state.book = std::move(progress.value().book);
  if (progress.value().totals) {
    LoadThinned(progress.value().thinned);
    state.epochs.current().totals = *progress.value().totals;
    state.checkpoint_at = sequence;
    state.records_since_checkpoint = 0;
    state.bytes_since_checkpoint = 0;
  }
  state.epochs.current().totals.other_bytes += bytes;
}

void Recovery::TakeThinned(Sequence sequence, std::string_view body) {
  Result<ThinnedEpoch> thinned = DecodeThinnedBody(sequence, body);
  if (!thinned.ok()) {
    ++result_.damaged_records;
    return;
  }
  thinned_.Put(std::move(*thinned));
}

// One that is not there was superseded by one that is still to come.
void Recovery::LoadThinned(const std::vector<Sequence>& records) {
  thinned_ = {};
  for (const Sequence at : records) {
    const Result<std::string> value = store_.Get(at);
    if (!value.ok() && value.error().code == ErrorCode::kNotFound) continue;
    if (!value.ok() && EndsAt(value.error())) return;
    const Result<RecordView> record =
        value.ok() ? OpenRecord(at, *value) : Result<RecordView>(value.error());
    if (record.ok() && record->type == RecordType::kThinned) {
      TakeThinned(at, record->body);
    } else {
      ++result_.damaged_records;
    }
  }
}

// What is left of thinned epochs; their successors know of the whole.
void Recovery::ApplyThinned() {
  LogState& state = result_.state;
  thinned_.Keep(state.epochs);
  for (const Stretch& epoch : thinned_.epochs()) {
    state.epochs.SetTotals(epoch.from, thinned_.Of(epoch.from)->totals);
  }
  state.thinned = std::make_shared<const ThinnedEpochs>(std::move(thinned_));
}

void Recovery::TakeEpochStart(Sequence sequence, const RecordView& record, uint64_t bytes) {
  LogState& state = result_.state;
  const Result<EpochStartBody> start = DecodeEpochStartBody(sequence, record.body);
  if (start.ok() && !state.epochs.empty() &&
      state.epochs.current().start == start.value().previous_start) {
    state.epochs.current().totals = start.value().previous;
  }
  state.epochs.Push(Epoch{.start = sequence, .totals = {}});
  state.epochs.current().totals.other_bytes += bytes;
}

void Recovery::Take(Sequence sequence, std::string_view value) {
  LogState& state = result_.state;
  const Result<RecordView> record = OpenRecord(sequence, value);
  if (!record.ok()) {
    ++result_.damaged_records;
    return;
  }
  const uint64_t bytes = RecordBytes(value);
  ++state.records_since_checkpoint;
  state.bytes_since_checkpoint += bytes;
  if (record.value().type == RecordType::kEpochStart) {
    TakeEpochStart(sequence, record.value(), bytes);
    return;
  }
  if (record.value().type == RecordType::kProgress) {
    TakeProgress(sequence, record.value(), bytes);
    return;
  }
  EnsureEpoch(record.value().epoch_start);
  EpochTotals& totals = state.epochs.current().totals;
  if (record.value().type != RecordType::kFrame) {
    totals.other_bytes += bytes;
    if (record.value().type == RecordType::kThinned) TakeThinned(sequence, record.value().body);
    return;
  }
  const Result<FrameBody> frame = DecodeFrameBody(sequence, record.value().body);
  if (!frame.ok()) {
    ++result_.damaged_records;
    return;
  }
  totals.AddFrame(frame.value().lane, frame.value().sample_count, bytes,
                  frame.value().timestamp_ms);
  state.book.AddFrame(frame.value().lane, sequence,
                      {.samples = frame.value().sample_count, .bytes = bytes},
                      frame.value().timestamp_ms);
}

void Recovery::Replay(Sequence from) {
  RecordReader reader(store_, from, result_.state.head,
                      [this](Sequence, const Error& error) { return !EndsAt(error); });
  for (;;) {
    const bool found = reader.Next();
    result_.damaged_records += reader.unreadable().count;
    if (!found) return;
    Take(reader.sequence(), reader.value());
    if (disk_error_) return;
  }
}

std::optional<EpochStartBody> Recovery::ReadEpochStart(Sequence at) {
  const Result<std::string> value = store_.Get(at);
  if (!value.ok()) {
    EndsAt(value.error());
    return std::nullopt;
  }
  const Result<RecordView> record = OpenRecord(at, value.value());
  if (!record.ok() || record.value().type != RecordType::kEpochStart) return std::nullopt;
  const Result<EpochStartBody> start = DecodeEpochStartBody(at, record.value().body);
  if (!start.ok()) return std::nullopt;
  return start.value();
}

// Which epoch start tells of the last epoch before `start` that is needed: over a hole it is the
// one at the beginning of that.
Sequence LeadsBackFrom(const std::vector<Stretch>& needed, Sequence start) {
  Sequence last_end = 0;
  for (const Stretch& stretch : needed) {
    if (stretch.end <= start) last_end = std::max(last_end, stretch.end);
  }
  const bool is_hole = std::none_of(needed.begin(), needed.end(), [&](const Stretch& stretch) {
    return stretch.from < start && stretch.end > last_end;
  });
  return is_hole ? last_end : start;
}

// Where the chain is broken, what lies before it becomes one epoch: totals are only ever asked of
// epochs that stay when an older one is dropped, so the oldest one may do without.
void Recovery::LoadOlderEpochs() {
  LogState& state = result_.state;
  const Sequence oldest = state.book.Oldest(state.head);
  const std::vector<Stretch> needed = state.book.Stretches(state.head);
  while (state.epochs.oldest().start > oldest) {
    const std::optional<EpochStartBody> start =
        ReadEpochStart(LeadsBackFrom(needed, state.epochs.oldest().start));
    if (!start || start->previous_start == 0) {
      uint64_t pending_bytes = 0;
      for (const DestinationProgress& progress : state.book.AllProgress(state.head)) {
        pending_bytes = std::max(pending_bytes, progress.pending_bytes);
      }
      Epoch unknown{.start = oldest, .totals = {}};
      unknown.totals.other_bytes = pending_bytes - std::min(pending_bytes, state.epochs.bytes());
      state.epochs.PushOlder(std::move(unknown));
      if (!start) ++result_.damaged_records;
      return;
    }
    state.epochs.PushOlder(Epoch{.start = start->previous_start, .totals = start->previous});
  }
}

void Recovery::Run() {
  result_.damaged_records = store_.damage_met();
  const Sequence head = FindHead();
  if (head == 0) return;
  is_empty_ = false;
  result_.state.head = head;
  const Sequence from = FindCheckpoint(head);
  if (!disk_error_) Replay(from);
  if (!disk_error_ && !result_.state.epochs.empty()) LoadOlderEpochs();
  if (!disk_error_) ApplyThinned();
}

}  // namespace

Result<RecoveredLog> RecoverLog(const Store& store, const Logger& logger,
                                const TryAgain& try_again) {
  using DiskErrors = Recovery::DiskErrors;
  DiskErrors then = try_again ? DiskErrors::kStop : DiskErrors::kPassOver;
  std::optional<Error> lasting;
  for (;;) {
    Recovery recovery(store, then);
    recovery.Run();
    if (recovery.disk_error()) {
      if (try_again(*recovery.disk_error())) continue;
      lasting = recovery.disk_error();
      then = DiskErrors::kPassOver;
      continue;
    }
    if (recovery.lacks_progress() && lasting) {
      return lasting->WithContext(
          "the disk does not give what tells how far the destinations are; see to it and start "
          "again, or move the directory away to start with an empty one");
    }
    if (recovery.lacks_progress()) {
      logger.Error(
          "buffer: no intact progress record; destinations start anew at the newest frame");
    }
    return std::move(recovery.result());
  }
}

}  // namespace sluice::buffer
