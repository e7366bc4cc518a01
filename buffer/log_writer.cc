#include "buffer/log_writer.h"

#include <algorithm>
#include <utility>

namespace sluice::buffer {
namespace {

// Bounds of what a restart has to read again.
constexpr uint64_t kCheckpointRecords = 1024;
constexpr uint64_t kCheckpointBytes = 4 << 20;

// An epoch repeats the dictionary of the one before it: it must outweigh that clearly.
constexpr uint64_t kDictionaryShare = 4;

// On disk: do not renumber.
constexpr char kPlainSnapshot = 0;
constexpr char kCheckpoint = 1;
constexpr char kCheckpointThinned = 2;  // with a list of thinned epochs

}  // namespace

void EncodeProgressBody(std::string& out, Sequence sequence, const ProgressBook& book,
                        const EpochTotals* totals, const std::vector<Sequence>& thinned) {
  if (totals == nullptr) {
    out.push_back(kPlainSnapshot);
  } else {
    out.push_back(thinned.empty() ? kCheckpoint : kCheckpointThinned);
    EncodeTotals(out, *totals);
  }
  if (totals != nullptr && !thinned.empty()) {
    PutVarint(out, thinned.size());
    for (const Sequence at : thinned) PutVarint(out, sequence - at);
  }
  book.Encode(out, sequence);
}

Result<ProgressBody> DecodeProgressBody(Sequence sequence, std::string_view body) {
  ByteReader reader(body);
  ProgressBody progress;
  const auto kind = static_cast<char>(reader.Byte());
  if (kind == kCheckpoint || kind == kCheckpointThinned) progress.totals = DecodeTotals(reader);
  const uint64_t thinned = kind == kCheckpointThinned ? reader.Varint() : 0;
  for (uint64_t i = 0; i < thinned && reader.ok(); ++i) {
    const uint64_t distance = reader.Varint();
    if (distance >= sequence) return Corruption("progress record: malformed");
    progress.thinned.push_back(sequence - distance);
  }
  progress.book = ProgressBook::Decode(reader, sequence);
  if (!reader.ok() || !reader.empty() || kind < kPlainSnapshot || kind > kCheckpointThinned) {
    return Corruption("progress record: malformed");
  }
  return progress;
}

bool LogWriter::EpochDue(const LogState& state) const {
  if (epoch_requested_ || state.epochs.empty()) return true;
  const uint64_t bytes = state.epochs.current().totals.bytes();
  const uint64_t dictionary = std::min(bytes, dictionary_.bytes());
  if (bytes - dictionary >= std::max(options_.epoch_bytes, kDictionaryShare * dictionary))
    return true;
  // Whatever the dictionary weighs: the budget works in whole epochs and needs several of them.
  return bytes >= std::max(options_.epoch_bytes, options_.bytes_max / 4);
}

Sequence LogWriter::Put(LogBatch& batch) {
  const Sequence sequence = batch.next++;
  SealRecord(batch.record, sequence);
  batch.writes.Put(sequence, batch.record);
  ++batch.record_count;
  return sequence;
}

void LogWriter::AddEpochStart(const LogState& state, LogBatch& batch) {
  const Sequence sequence = batch.next;
  EpochStartBody body;
  if (!state.epochs.empty()) {
    body.previous_start = state.epochs.current().start;
    body.previous = state.epochs.current().totals;
  }
  batch.new_epoch = true;
  batch.epoch_start = sequence;
  StartRecord(batch.record, RecordType::kEpochStart, 0);
  EncodeEpochStartBody(batch.record, sequence, body);
  Put(batch);
  batch.other_bytes += RecordBytes(batch.record);
  dictionary_.StageNewEpoch();
}

void LogWriter::AddCheckpoint(const LogState& state, const EpochTotals& totals, LogBatch& batch) {
  const Sequence sequence = batch.next;
  StartRecord(batch.record, RecordType::kProgress, sequence - batch.epoch_start);
  EncodeProgressBody(batch.record, sequence, state.book, &totals, state.thinned->records());
  batch.checkpoint_at = Put(batch);
  batch.other_bytes += RecordBytes(batch.record);
}

bool LogWriter::CheckpointDue(const LogState& state) {
  return state.records_since_checkpoint >= kCheckpointRecords ||
         state.bytes_since_checkpoint >= kCheckpointBytes;
}

bool LogWriter::ProgressDue(const LogState& state) const {
  return EpochDue(state) || CheckpointDue(state);
}

void LogWriter::Begin(const LogState& state, LogBatch& batch) {
  batch.writes.Clear();
  batch.frames.clear();
  batch.recent.clear();
  batch.next = state.head;
  batch.new_epoch = false;
  batch.checkpoint_at = 0;
  batch.record_count = 0;
  batch.other_bytes = 0;
  batch.frame_bytes = 0;
  batch.target_records = 0;
  batch.layout_records = 0;
  batch.chunk_records = 0;
  if (EpochDue(state)) {
    AddEpochStart(state, batch);
    EpochTotals totals;
    totals.other_bytes = batch.other_bytes;
    AddCheckpoint(state, totals, batch);
    return;
  }
  batch.epoch_start = state.epochs.current().start;
  if (CheckpointDue(state)) {
    AddCheckpoint(state, state.epochs.current().totals, batch);
  }
}

Sequence LogWriter::AddTarget(const TargetLabels& target, LogBatch& batch) {
  if (const auto known = dictionary_.Find(RecordType::kTarget, target.id)) return *known;
  StartRecord(batch.record, RecordType::kTarget, batch.next - batch.epoch_start);
  EncodeContentBody(batch.record, target.id, target.stored);
  const Sequence at = Put(batch);
  batch.other_bytes += RecordBytes(batch.record);
  ++batch.target_records;
  dictionary_.Stage(RecordType::kTarget, target.id, at, RecordBytes(batch.record));
  return at;
}

Sequence LogWriter::AddChunk(const Chunk& chunk, LogBatch& batch) {
  if (const auto known = dictionary_.Find(RecordType::kChunk, chunk.id)) return *known;
  StartRecord(batch.record, RecordType::kChunk, batch.next - batch.epoch_start);
  EncodeContentBody(batch.record, chunk.id, chunk.stored);
  const Sequence at = Put(batch);
  batch.other_bytes += RecordBytes(batch.record);
  ++batch.chunk_records;
  dictionary_.Stage(RecordType::kChunk, chunk.id, at, RecordBytes(batch.record));
  return at;
}

Sequence LogWriter::AddLayout(const Layout& layout, LogBatch& batch) {
  if (const auto known = dictionary_.Find(RecordType::kLayout, layout.id)) return *known;
  LayoutBody body;
  body.id = layout.id;
  body.series_count = layout.series_count;
  body.chunks.reserve(layout.chunks.size());
  for (const auto& chunk : layout.chunks) {
    const Sequence at = AddChunk(*chunk, batch);
    body.chunks.push_back({.id = chunk->id, .series_count = chunk->series_count, .at = at});
  }
  StartRecord(batch.record, RecordType::kLayout, batch.next - batch.epoch_start);
  EncodeLayoutBody(batch.record, batch.next, body);
  const Sequence at = Put(batch);
  batch.other_bytes += RecordBytes(batch.record);
  ++batch.layout_records;
  dictionary_.Stage(RecordType::kLayout, layout.id, at, RecordBytes(batch.record));
  return at;
}

void LogWriter::AddFrame(const FrameAppend& frame, LogBatch& batch) {
  FrameBody body;
  body.lane = static_cast<uint32_t>(frame.lane_hash % kLaneCount);
  body.timestamp_ms = frame.timestamp_ms;
  body.sample_count = frame.sample_count;
  body.target_at = AddTarget(*frame.target, batch);
  body.layout_at = AddLayout(*frame.layout, batch);
  body.stored = frame.stored;
  EncodeFrameRecord(batch.record, batch.next, batch.epoch_start, body);
  const uint64_t bytes = RecordBytes(batch.record);
  const Sequence sequence = Put(batch);
  batch.frame_bytes += bytes;
  batch.frames.push_back({.lane = body.lane,
                          .sequence = sequence,
                          .samples = frame.sample_count,
                          .bytes = bytes,
                          .timestamp_ms = frame.timestamp_ms});
  if (!options_.keeps_recent) return;
  batch.recent.push_back(std::make_shared<const RecentFrame>(
      RecentFrame{.sequence = sequence,
                  .lane = body.lane,
                  .timestamp_ms = frame.timestamp_ms,
                  .sample_count = frame.sample_count,
                  .target_at = body.target_at,
                  .layout_at = body.layout_at,
                  .record_bytes = bytes,
                  .stored = std::make_shared<const std::string>(frame.stored),
                  .decoded = frame.decoded}));
}

void LogWriter::AddThinned(ThinnedEpoch& thinned, LogBatch& batch) {
  StartRecord(batch.record, RecordType::kThinned, batch.next - batch.epoch_start);
  EncodeThinnedBody(batch.record, batch.next, thinned);
  thinned.at = Put(batch);
  batch.other_bytes += RecordBytes(batch.record);
}

void LogWriter::AddProgress(const LogState& state, LogBatch& batch) {
  if (batch.checkpoint_at != 0) return;  // it holds the same
  const Sequence sequence = batch.next;
  StartRecord(batch.record, RecordType::kProgress, sequence - batch.epoch_start);
  EncodeProgressBody(batch.record, sequence, state.book, nullptr, {});
  Put(batch);
  batch.other_bytes += RecordBytes(batch.record);
}

void LogWriter::Commit(const LogBatch& batch, LogState& state) {
  if (batch.new_epoch) {
    state.epochs.Push(Epoch{.start = batch.epoch_start, .totals = {}});
    epoch_requested_ = false;
  }
  EpochTotals& totals = state.epochs.current().totals;
  totals.other_bytes += batch.other_bytes;
  for (const LogBatch::Frame& frame : batch.frames) {
    totals.AddFrame(frame.lane, frame.samples, frame.bytes, frame.timestamp_ms);
    state.book.AddFrame(frame.lane, frame.sequence,
                        {.samples = frame.samples, .bytes = frame.bytes}, frame.timestamp_ms);
  }
  if (batch.checkpoint_at != 0) {
    state.checkpoint_at = batch.checkpoint_at;
    state.records_since_checkpoint = 0;
    state.bytes_since_checkpoint = 0;
  }
  state.records_since_checkpoint += batch.record_count;
  state.bytes_since_checkpoint += batch.other_bytes + batch.frame_bytes;
  state.head = batch.next;
  dictionary_.Commit();
}

void LogWriter::Rollback(const LogBatch& batch, LogState& state) {
  state.head = batch.next;
  dictionary_.Rollback();
}

}  // namespace sluice::buffer
