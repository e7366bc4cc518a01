#include "memory_log.h"

#include <algorithm>

#include <catch2/catch.hpp>

#include "remotewrite/lanes.h"

namespace sluice::remotewrite::test {

using buffer::Sequence;

std::shared_ptr<const buffer::Chunk> MakeChunk(const TestSeries& all) {
  buffer::ChunkBuilder builder;
  for (auto labels : all) {
    std::sort(labels.begin(), labels.end());
    std::vector<buffer::LabelView> views;
    for (const auto& label : labels) views.push_back({label.first, label.second});
    builder.AddSeries(views, {});
  }
  return builder.Finish();
}

void SetMetrics(TestTarget& target, const std::vector<std::vector<std::string>>& metrics) {
  std::vector<std::shared_ptr<const buffer::Chunk>> chunks;
  for (const auto& names : metrics) {
    if (names.empty()) continue;
    TestSeries series;
    for (const std::string& name : names) series.push_back({{"__name__", name}});
    chunks.push_back(MakeChunk(series));
  }
  target.layout = buffer::Layout::Of(std::move(chunks));
}

TestTarget MakeTarget(const std::string& instance, uint32_t lane,
                      const std::vector<std::vector<std::string>>& metrics) {
  const std::string lane_text = std::to_string(lane);
  const std::vector<buffer::LabelView> labels = {{"instance", instance}, {"lane", lane_text}};
  TestTarget target;
  target.labels = buffer::TargetLabels::Of(labels);
  target.lane = lane;
  SetMetrics(target, metrics);
  return target;
}

buffer::DestinationProgress MemoryLog::NewProgress() {
  buffer::DestinationProgress progress;
  progress.name = "test";
  progress.attached = true;
  for (buffer::LaneProgress& lane : progress.lanes) lane.next = 1;
  return progress;
}

Sequence MemoryLog::Store(const ContentId& id, Record record) {
  const auto found = dictionary_.find(id);
  if (found != dictionary_.end()) return found->second;
  record.id = id;
  records_[head_] = std::move(record);
  dictionary_[id] = head_;
  return head_++;
}

Sequence MemoryLog::Append(const TestTarget& target, TimestampMs timestamp_ms) {
  return Append(target, {.kind = buffer::FrameKind::kSamples, .timestamp_ms = timestamp_ms});
}

Sequence MemoryLog::Append(const TestTarget& target, buffer::FrameColumns columns) {
  const uint32_t series_count = target.layout->series_count;
  std::vector<double> values;
  if (columns.kind == buffer::FrameKind::kSamples && columns.values.empty()) {
    for (uint32_t i = 0; i < series_count; ++i) values.push_back(i);
    columns.values = values;
  }
  Record layout;
  layout.layout.id = target.layout->id;
  layout.layout.series_count = series_count;
  for (const auto& chunk : target.layout->chunks) {
    Record record;
    record.stored = chunk->stored;
    layout.layout.chunks.push_back({.id = chunk->id,
                                    .series_count = chunk->series_count,
                                    .at = Store(chunk->id, std::move(record))});
  }
  Record labels;
  labels.stored = target.labels->stored;

  Record frame;
  frame.frame.target_at = Store(target.labels->id, std::move(labels));
  frame.frame.layout_at = Store(target.layout->id, std::move(layout));
  frame.stored = encoder_.Encode(columns);
  frame.frame.sequence = head_;
  frame.frame.lane = target.lane;
  frame.frame.timestamp_ms = columns.timestamp_ms;
  frame.frame.sample_count = buffer::SampleCount(columns, series_count);
  frame.frame.record_bytes = frame.stored.size() + 20;
  buffer::LaneProgress& lane = progress_.lanes[target.lane];
  lane.pending_samples += frame.frame.sample_count;
  lane.pending_bytes += frame.frame.record_bytes;
  progress_.ledger.appended += frame.frame.sample_count;
  progress_.ledger.pending += frame.frame.sample_count;
  records_[head_] = std::move(frame);
  return head_++;
}

void MemoryLog::DropBefore(Sequence next) {
  for (const auto& [sequence, record] : records_) {
    if (sequence >= next) break;
    if (record.frame.sequence == 0) continue;
    buffer::LaneProgress& lane = LaneOf(sequence, record.frame.lane);
    if (sequence < lane.next) continue;
    lane.pending_samples -= record.frame.sample_count;
    lane.pending_bytes -= record.frame.record_bytes;
    progress_.ledger.pending -= record.frame.sample_count;
    progress_.ledger.dropped[static_cast<size_t>(buffer::DropReason::kBudget)] +=
        record.frame.sample_count;
  }
  for (buffer::LaneProgress& lane : progress_.lanes) lane.next = std::max(lane.next, next);
  for (buffer::LaneProgress& lane : progress_.backlog) lane.next = std::max(lane.next, next);
  EndBacklog();
  records_.erase(records_.begin(), records_.lower_bound(next));
}

Result<Sequence> MemoryLog::Scan(Sequence from, uint32_t records_max,
                                 const std::function<bool(const buffer::FrameRecord&)>& visit) {
  if (scans_to_fail > 0) {
    --scans_to_fail;
    return Error{ErrorCode::kInternal, "the disk is ill"};
  }
  uint32_t read = 0;
  for (auto at = records_.lower_bound(from); at != records_.end(); ++at) {
    if (read++ == records_max) return at->first;
    ++records_read_;
    if (at->second.frame.sequence == 0 || damaged_.count(at->first) != 0) continue;
    buffer::FrameRecord frame = at->second.frame;
    frame.stored = at->second.stored;
    if (!visit(frame)) return at->first + 1;
  }
  return std::max(from, head_);
}

Result<const MemoryLog::Record*> MemoryLog::Find(Sequence at) {
  ++loads_;
  if (loads_to_fail > 0) {
    --loads_to_fail;
    return Error{ErrorCode::kInternal, "the disk is ill"};
  }
  const auto found = records_.find(at);
  if (found == records_.end()) return Error{ErrorCode::kNotFound, "gone"};
  if (damaged_.count(at) != 0) return Corruption("damaged");
  return &found->second;
}

Result<buffer::StoredLayout> MemoryLog::LoadLayout(Sequence at) {
  const Result<const Record*> record = Find(at);
  if (!record.ok()) return record.error();
  return (*record)->layout;
}

Result<buffer::StoredTarget> MemoryLog::LoadTarget(Sequence at) {
  const Result<const Record*> record = Find(at);
  if (!record.ok()) return record.error();
  return buffer::StoredTarget{.id = (*record)->id, .stored = (*record)->stored};
}

Result<std::string> MemoryLog::LoadChunk(Sequence at) {
  const Result<const Record*> record = Find(at);
  if (!record.ok()) return record.error();
  return (*record)->stored;
}

Status MemoryLog::Acknowledge(std::span<const buffer::FrameOutcome> outcomes,
                              std::span<const buffer::LaneAdvance> advances) {
  if (acknowledgements_to_fail > 0) {
    --acknowledgements_to_fail;
    return Error{ErrorCode::kResourceExhausted, "the disk is full"};
  }
  ++acknowledgements_;
  for (const buffer::FrameOutcome& outcome : outcomes) {
    buffer::LaneProgress& lane = LaneOf(outcome.sequence, outcome.lane);
    if (outcome.sequence < lane.next) continue;  // dropped meanwhile
    // Every frame of the lane in between must have been told of, or be damaged.
    for (auto at = records_.lower_bound(lane.next); at->first < outcome.sequence; ++at) {
      const bool skipped = at->second.frame.sequence != 0 &&
                           at->second.frame.lane == outcome.lane && damaged_.count(at->first) == 0;
      CHECK_FALSE(skipped);
    }
    const buffer::FrameRecord& frame = records_.at(outcome.sequence).frame;
    uint64_t sum = outcome.acknowledged + outcome.branched;
    for (const uint64_t dropped : outcome.dropped) sum += dropped;
    CHECK(sum == frame.sample_count);
    CHECK(outcome.record_bytes == frame.record_bytes);
    lane.next = outcome.sequence + 1;
    lane.pending_samples -= sum;
    lane.pending_bytes -= outcome.record_bytes;
    progress_.ledger.pending -= sum;
    progress_.ledger.acknowledged += outcome.acknowledged;
    progress_.ledger.branched += outcome.branched;
    for (size_t i = 0; i < outcome.dropped.size(); ++i) {
      progress_.ledger.dropped[i] += outcome.dropped[i];
    }
  }
  for (const buffer::LaneAdvance& advance : advances) {
    if (advance.backlog && progress_.backlog_end == 0) continue;
    const Sequence end = advance.backlog ? progress_.backlog_end : head_;
    buffer::LaneProgress& lane =
        (advance.backlog ? progress_.backlog : progress_.lanes)[advance.lane];
    lane.next = std::max(lane.next, std::min(advance.next, end));
    if (lane.next < end) continue;
    progress_.ledger.dropped[static_cast<size_t>(buffer::DropReason::kDamaged)] +=
        lane.pending_samples;
    progress_.ledger.pending -= lane.pending_samples;
    lane.pending_samples = 0;
    lane.pending_bytes = 0;
  }
  EndBacklog();
  return Status::Ok();
}

buffer::LaneProgress& MemoryLog::LaneOf(Sequence frame, uint32_t lane) {
  return (frame < progress_.backlog_end ? progress_.backlog : progress_.lanes)[lane];
}

void MemoryLog::EndBacklog() {
  if (progress_.backlog_end == 0) return;
  bool done = true;
  for (buffer::LaneProgress& lane : progress_.backlog) {
    if (lane.pending_bytes == 0) lane.next = progress_.backlog_end;
    done = done && lane.pending_bytes == 0;
  }
  if (done) progress_.backlog_end = 0;
}

Result<bool> MemoryLog::PartBacklog() {
  if (progress_.backlog_end != 0 || progress_.ledger.pending == 0) return false;
  StartEpoch();
  progress_.backlog_end = head_;
  progress_.backlog = progress_.lanes;
  for (buffer::LaneProgress& lane : progress_.lanes) lane = {.next = head_};
  EndBacklog();
  return true;
}

// As the real log does: a lane with nothing pending stands at the head.
std::optional<buffer::DestinationProgress> MemoryLog::Progress() {
  for (buffer::LaneProgress& lane : progress_.lanes) {
    if (lane.pending_bytes == 0) lane.next = head_;
  }
  return progress_;
}

bool MemoryLog::LedgerCloses() const {
  uint64_t sum = ledger().acknowledged + ledger().pending + ledger().branched;
  for (const uint64_t dropped : ledger().dropped) sum += dropped;
  return sum == ledger().appended;
}

std::vector<PlannedFrame> PlanFrames(MemoryLog& log, ProjectionCache& cache, MonotonicTime now) {
  std::vector<PlannedFrame> planned;
  const auto plan = [&](const buffer::FrameRecord& record) {
    auto layout = cache.Get(record.target_at, record.layout_at, now);
    REQUIRE(layout.ok());
    planned.push_back({CopyFrame(record, now), *layout});
    return true;
  };
  REQUIRE(log.Scan(1, UINT32_MAX, plan).ok());
  return planned;
}

}  // namespace sluice::remotewrite::test
