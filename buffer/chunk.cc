#include "buffer/chunk.h"

#include <algorithm>
#include <utility>

#include "base/varint.h"
#include "buffer/chunk_content.h"
#include "buffer/compression.h"

namespace sluice::buffer {
namespace {

// The number of labels is somebody's claim; more than this have to be there.
constexpr uint64_t kReservedLabelsMax = 64;

bool DecodeSeries(ByteReader& reader, uint64_t tag, DecodedChunk& chunk) {
  if (chunk.families.empty()) chunk.families.emplace_back();
  SeriesView series;
  series.family = static_cast<uint32_t>(chunk.families.size() - 1);
  series.set.reserve(std::min(tag - 1, kReservedLabelsMax));
  const bool good = ReadSeries(
      reader, tag, [&series](const LabelView& label) { series.set.push_back(label); },
      [&series](std::string_view name) { series.unset.push_back(name); });
  if (good) chunk.series.push_back(std::move(series));
  return good;
}

}  // namespace

ChunkBuilder::ChunkBuilder() : compressor_(std::make_unique<Compressor>()) {}

ChunkBuilder::~ChunkBuilder() = default;
ChunkBuilder::ChunkBuilder(ChunkBuilder&&) noexcept = default;
ChunkBuilder& ChunkBuilder::operator=(ChunkBuilder&&) noexcept = default;

void ChunkBuilder::StartFamily(const FamilyView& family) { AppendFamily(family, content_); }

void ChunkBuilder::AddSeries(std::span<const LabelView> set,
                             std::span<const std::string_view> unset) {
  AppendSeries(set, unset, content_);
  ++series_count_;
}

void ChunkBuilder::AddEncoded(std::string_view series) {
  content_.append(series);
  ++series_count_;
}

std::shared_ptr<const Chunk> ChunkBuilder::Finish() {
  SLUICE_CHECK(series_count_ > 0);
  auto chunk = std::make_shared<Chunk>();
  chunk->id = ContentIdOf(content_);
  chunk->series_count = series_count_;
  chunk->stored.push_back(kChunkVersion);
  compressor_->AppendPacked(content_, chunk->stored);
  chunk->stored.shrink_to_fit();
  content_.clear();
  series_count_ = 0;
  return chunk;
}

Result<DecodedChunk> DecodedChunk::Decode(std::string_view stored) {
  return ChunkDecoder().Decode(stored);
}

ChunkDecoder::ChunkDecoder() : decompressor_(std::make_unique<Decompressor>()) {}

ChunkDecoder::~ChunkDecoder() = default;

Result<DecodedChunk> ChunkDecoder::Decode(std::string_view stored) {
  if (stored.empty() || stored.front() != kChunkVersion) {
    return Corruption("chunk: unknown version");
  }
  auto content = std::make_unique<std::string>();
  if (!decompressor_->Unpack(stored.substr(1), kChunkContentBytesMax, *content)) {
    return Corruption("chunk: cannot be decompressed");
  }
  DecodedChunk chunk;
  ByteReader reader(*content);
  while (!reader.empty()) {
    const uint64_t tag = reader.Varint();
    const bool good =
        reader.ok() && (tag == kFamilyTag ? ReadFamily(reader, chunk.families.emplace_back())
                                          : DecodeSeries(reader, tag, chunk));
    if (!good) return Corruption("chunk: malformed content");
  }
  if (!reader.ok() || chunk.series.empty()) return Corruption("chunk: malformed content");
  chunk.content = std::move(content);
  return chunk;
}

}  // namespace sluice::buffer
