// Chunks: immutable, content-addressed runs of series with their metadata, the pieces that layouts
// are made of.
//
// A series is stored as what relabeling left on top of its target's labels: "set these, unset
// those". Final labels = (target labels minus unset) plus set. So targets of one kind share their
// chunks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/hash.h"
#include "base/result.h"

namespace sluice::buffer {

// A borrowed name and value.
struct LabelView {
  std::string_view name;
  std::string_view value;

  friend bool operator==(const LabelView&, const LabelView&) = default;
};

// Values reach the disk and are those of remote write's MetricMetadata.type: do not renumber.
enum class MetricType : uint8_t {
  kUnknown = 0,
  kCounter = 1,
  kGauge = 2,
  kHistogram = 3,
  kGaugeHistogram = 4,
  kSummary = 5,
  kInfo = 6,
  kStateset = 7,
};

struct FamilyView {
  std::string_view name;
  MetricType type = MetricType::kUnknown;
  std::string_view help;
  std::string_view unit;
};

// Immutable; shared between layouts, targets and the log.
struct Chunk {
  ContentId id;  // of the uncompressed content
  uint32_t series_count = 0;
  std::string stored;  // as in FORMAT.md: what goes to the log
};

// What the content of a chunk may hold, uncompressed. A larger one is stored but cannot be read
// back; the limits of a scrape keep far away from it.
inline constexpr size_t kChunkContentBytesMax = 64 << 20;

// One self-delimiting string of a series, as chunks hold it: `set` sorted by name, `unset` sorted.
// Equal series have equal strings.
void AppendSeries(std::span<const LabelView> set, std::span<const std::string_view> unset,
                  std::string& out);

class Compressor;

// Collects series in order. Thread-compatible; reusable after Finish().
class ChunkBuilder {
 public:
  ChunkBuilder();
  ~ChunkBuilder();
  ChunkBuilder(ChunkBuilder&&) noexcept;
  ChunkBuilder& operator=(ChunkBuilder&&) noexcept;

  // The series that follow belong to this family. Without a call they belong to a nameless one.
  void StartFamily(const FamilyView& family);

  // `set` sorted by name, `unset` sorted; copies both.
  void AddSeries(std::span<const LabelView> set, std::span<const std::string_view> unset);

  // What AppendSeries wrote, or ChunkScanner found.
  void AddEncoded(std::string_view series);

  uint32_t series_count() const { return series_count_; }

  // Empties the builder. Only when series_count() > 0.
  std::shared_ptr<const Chunk> Finish();

 private:
  std::string content_;
  uint32_t series_count_ = 0;
  std::unique_ptr<Compressor> compressor_;
};

// One series of a decoded chunk; views live as long as the DecodedChunk.
struct SeriesView {
  std::vector<LabelView> set;
  std::vector<std::string_view> unset;
  uint32_t family = 0;  // index into DecodedChunk::families
};

struct DecodedChunk {
  // As ChunkDecoder has it, for one chunk alone.
  static Result<DecodedChunk> Decode(std::string_view stored);

  std::unique_ptr<const std::string> content;  // what the views point into
  std::vector<FamilyView> families;
  std::vector<SeriesView> series;
};

class Decompressor;

// Keeps what decompression needs from chunk to chunk. Thread-compatible.
class ChunkDecoder {
 public:
  ChunkDecoder();
  ~ChunkDecoder();
  ChunkDecoder(const ChunkDecoder&) = delete;
  ChunkDecoder& operator=(const ChunkDecoder&) = delete;

  // Fails with kCorruption on anything that is not a well-formed chunk. Bounded: never allocates
  // more than a small multiple of the declared size, which is itself bounded.
  Result<DecodedChunk> Decode(std::string_view stored);

 private:
  std::unique_ptr<Decompressor> decompressor_;
};

}  // namespace sluice::buffer
