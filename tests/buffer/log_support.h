// What the tests of the log share: logs in temporary folders, small frames, reading them back.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/telemetry.h"
#include "buffer/log.h"
#include "tests/support/fake_clock.h"
#include "tests/support/temp_dir.h"

namespace sluice::buffer::test {

std::shared_ptr<const Chunk> MakeChunk(const std::string& family, uint32_t series_count);
std::shared_ptr<const Layout> MakeLayout(const std::string& family, uint32_t series_count);
std::shared_ptr<const TargetLabels> MakeTarget(const std::string& instance);

// A frame that owns what it appends.
struct TestFrame {
  std::shared_ptr<const TargetLabels> target;
  std::shared_ptr<const Layout> layout;
  uint64_t lane_hash = 0;
  TimestampMs timestamp_ms = 0;
  uint32_t sample_count = 0;
  std::string stored;

  FrameAppend Append() const;
};

// `payload_bytes` of incompressible bytes that depend on `seed` alone.
std::string RandomBytes(uint64_t seed, size_t payload_bytes);

// A frame as an exporter would have it, with an opaque payload.
TestFrame MakeFrame(const std::string& instance, uint64_t lane_hash, TimestampMs timestamp_ms,
                    size_t payload_bytes);

// A frame read back, owning.
struct ReadFrame {
  Sequence sequence = 0;
  uint32_t lane = 0;
  TimestampMs timestamp_ms = 0;
  uint32_t sample_count = 0;
  Sequence target_at = 0;
  Sequence layout_at = 0;
  uint64_t record_bytes = 0;
  std::string stored;
};

// All frames from `from` on.
std::vector<ReadFrame> ReadAll(const Log& log, Sequence from = 1);

// The outcome "all of it was acknowledged".
FrameOutcome Acknowledged(const ReadFrame& frame);

// appended = acknowledged + pending + dropped, for the whole and summed over lanes.
bool LedgerHolds(const DestinationProgress& progress);

uint64_t DroppedOf(const DestinationProgress& progress, DropReason reason);

// Waits, with a deadline, for what the log's own thread brings about.
bool Eventually(const std::function<bool()>& condition);

// Bytes of the files in a directory, but for the ballast.
uint64_t DirectoryBytes(const std::string& directory);

// A log in a folder of its own, which can be closed and opened again. Unless options are changed,
// whatever is read comes from the store.
class LogFixture {
 public:
  LogFixture();

  // Fails the test when it cannot be opened.
  Log& Open();
  Result<std::unique_ptr<Log>> TryOpen();

  void Close() { log_.reset(); }

  Log& log() { return *log_; }

  LogOptions options;
  sluice::test::FakeClock clock;

 private:
  sluice::test::TempDir dir_;
  Telemetry telemetry_;
  std::unique_ptr<Log> log_;
};

}  // namespace sluice::buffer::test
