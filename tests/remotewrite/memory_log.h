// A log in memory with the codecs of the real one, that checks what it is told.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "buffer/frame.h"
#include "buffer/layout.h"
#include "remotewrite/frame_source.h"
#include "remotewrite/job.h"
#include "remotewrite/projection_cache.h"

namespace sluice::remotewrite::test {

// A target as the tests see it: its labels, and the layout it exposes now.
struct TestTarget {
  std::shared_ptr<const buffer::TargetLabels> labels;
  std::shared_ptr<const buffer::Layout> layout;
  uint32_t lane = 0;
};

// Labels of the series of a chunk, as name and value.
using TestSeries = std::vector<std::vector<std::pair<std::string, std::string>>>;

std::shared_ptr<const buffer::Chunk> MakeChunk(const TestSeries& all);

// A target {instance, lane} with one chunk for each list of metric names.
TestTarget MakeTarget(const std::string& instance, uint32_t lane,
                      const std::vector<std::vector<std::string>>& metrics);
void SetMetrics(TestTarget& target, const std::vector<std::vector<std::string>>& metrics);

class MemoryLog final : public FrameSource {
 public:
  // With `columns.values` empty and kind kSamples: value i for series i.
  buffer::Sequence Append(const TestTarget& target, buffer::FrameColumns columns);
  buffer::Sequence Append(const TestTarget& target, TimestampMs timestamp_ms);

  // The dictionary is stored again from here on.
  void StartEpoch() { dictionary_.clear(); }

  // The record is there, and cannot be read.
  void Damage(buffer::Sequence at) { damaged_.insert(at); }

  // The budget drops every frame before `next`.
  void DropBefore(buffer::Sequence next);

  Result<buffer::Sequence> Scan(
      buffer::Sequence from, uint32_t records_max,
      const std::function<bool(const buffer::FrameRecord&)>& visit) override;
  Result<buffer::StoredLayout> LoadLayout(buffer::Sequence at) override;
  Result<buffer::StoredTarget> LoadTarget(buffer::Sequence at) override;
  Result<std::string> LoadChunk(buffer::Sequence at) override;
  Status Acknowledge(std::span<const buffer::FrameOutcome> outcomes,
                     std::span<const buffer::LaneAdvance> advances) override;

  Result<bool> PartBacklog() override;
  std::optional<buffer::DestinationProgress> Progress() override;

  buffer::Sequence Head() const { return head_; }

  const buffer::Ledger& ledger() const { return progress_.ledger; }

  bool LedgerCloses() const;

  uint64_t dropped(buffer::DropReason reason) const {
    return progress_.ledger.dropped[static_cast<size_t>(reason)];
  }

  uint64_t acknowledgements() const { return acknowledgements_; }

  uint64_t loads() const { return loads_; }

  uint64_t records_read() const { return records_read_; }

  // Errors for the next calls.
  int scans_to_fail = 0;
  int loads_to_fail = 0;
  int acknowledgements_to_fail = 0;

 private:
  struct Record {
    buffer::FrameRecord frame;  // a frame when frame.sequence is not 0
    std::string stored;
    buffer::StoredLayout layout;
    ContentId id;
  };

  buffer::LaneProgress& LaneOf(buffer::Sequence frame, uint32_t lane);
  void EndBacklog();
  buffer::Sequence Store(const ContentId& id, Record record);
  Result<const Record*> Find(buffer::Sequence at);

  buffer::Sequence head_ = 1;
  std::map<buffer::Sequence, Record> records_;
  std::unordered_map<ContentId, buffer::Sequence> dictionary_;
  std::set<buffer::Sequence> damaged_;
  buffer::DestinationProgress progress_ = NewProgress();
  buffer::FrameEncoder encoder_;
  uint64_t acknowledgements_ = 0;
  uint64_t loads_ = 0;
  uint64_t records_read_ = 0;

  static buffer::DestinationProgress NewProgress();
};

// All frames of the log, as they are planned into jobs.
std::vector<PlannedFrame> PlanFrames(MemoryLog& log, ProjectionCache& cache, MonotonicTime now);

}  // namespace sluice::remotewrite::test
