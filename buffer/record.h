// The records of the log, byte by byte. Drawn in FORMAT.md; numbers here reach the disk.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/hash.h"
#include "base/result.h"
#include "buffer/progress.h"

namespace sluice::buffer {

inline constexpr uint8_t kRecordVersion = 1;

// Do not renumber.
enum class RecordType : uint8_t {
  kFrame = 1,
  kTarget = 2,
  kLayout = 3,
  kChunk = 4,
  kProgress = 5,
  kEpochStart = 6,
  kThinned = 7,
};

inline constexpr size_t kKeyBytes = 8;

// Big-endian, so that the order of keys is the order of sequences.
std::array<char, kKeyBytes> EncodeKey(Sequence sequence);
// Nothing when the key is none of ours.
std::optional<Sequence> DecodeKey(std::string_view key);

// What a record counts in all byte figures.
inline uint64_t RecordBytes(std::string_view value) { return value.size() + kKeyBytes; }

// Starts a record in `out`: what follows is appended by the caller, then SealRecord is called.
void StartRecord(std::string& out, RecordType type, uint64_t epoch_distance);
void SealRecord(std::string& record, Sequence sequence);

// A record taken apart; views into its value.
struct RecordView {
  RecordType type = RecordType::kFrame;
  Sequence epoch_start = 0;
  std::string_view body;
};

// kCorruption when the checksum, the version or the type is not ours.
Result<RecordView> OpenRecord(Sequence sequence, std::string_view value);

// What can be told of a record without checking it; used to decide what may be dropped.
struct RecordHint {
  RecordType type = RecordType::kFrame;
  uint32_t lane = 0;  // frames only
};

std::optional<RecordHint> PeekRecord(std::string_view value);

struct FrameBody {
  uint32_t lane = 0;
  TimestampMs timestamp_ms = 0;
  uint32_t sample_count = 0;
  Sequence target_at = 0;
  Sequence layout_at = 0;
  std::string_view stored;
};

// Appends a whole frame record for `sequence`.
void EncodeFrameRecord(std::string& out, Sequence sequence, Sequence epoch_start,
                       const FrameBody& frame);
Result<FrameBody> DecodeFrameBody(Sequence sequence, std::string_view body);

struct LayoutBody {
  struct ChunkRef {
    ContentId id;
    uint32_t series_count = 0;
    Sequence at = 0;
  };

  ContentId id;
  uint32_t series_count = 0;
  std::vector<ChunkRef> chunks;
};

// Body only: to be appended between StartRecord and SealRecord.
void EncodeLayoutBody(std::string& out, Sequence sequence, const LayoutBody& layout);
Result<LayoutBody> DecodeLayoutBody(Sequence sequence, std::string_view body);

// Bodies of target and chunk records: the id, then the stored form.
void EncodeContentBody(std::string& out, const ContentId& id, std::string_view stored);

struct ContentBody {
  ContentId id;
  std::string_view stored;
};

Result<ContentBody> DecodeContentBody(std::string_view body);

}  // namespace sluice::buffer
