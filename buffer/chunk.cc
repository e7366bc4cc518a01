#include "buffer/chunk.h"

#include <utility>

#include "base/varint.h"
#include "buffer/compression.h"

namespace sluice::buffer {
namespace {

// On disk: do not renumber.
constexpr char kChunkVersion = 1;

// The content is a list of items. This tag starts a family; any other one is the number of labels
// to set, plus one.
constexpr uint64_t kFamilyTag = 0;

bool DecodeFamily(ByteReader& reader, DecodedChunk& chunk) {
  FamilyView family;
  family.name = reader.String();
  const uint8_t type = reader.Byte();
  family.help = reader.String();
  family.unit = reader.String();
  if (!reader.ok() || type > static_cast<uint8_t>(MetricType::kStateset)) return false;
  family.type = static_cast<MetricType>(type);
  chunk.families.push_back(family);
  return true;
}

bool DecodeSeries(ByteReader& reader, uint64_t set_count, DecodedChunk& chunk) {
  // Every label takes two bytes at least, so a count beyond that lies.
  if (set_count > reader.rest().size() / 2) return false;
  if (chunk.families.empty()) chunk.families.emplace_back();
  SeriesView series;
  series.family = static_cast<uint32_t>(chunk.families.size() - 1);
  series.set.reserve(set_count);
  for (uint64_t i = 0; i < set_count && reader.ok(); ++i) {
    const std::string_view name = reader.String();
    series.set.push_back(LabelView{.name = name, .value = reader.String()});
    if (name.empty()) return false;
  }
  const uint64_t unset_count = reader.Varint();
  if (unset_count > reader.rest().size()) return false;
  series.unset.reserve(unset_count);
  for (uint64_t i = 0; i < unset_count && reader.ok(); ++i) {
    series.unset.push_back(reader.String());
    if (series.unset.back().empty()) return false;
  }
  if (!reader.ok()) return false;
  chunk.series.push_back(std::move(series));
  return true;
}

}  // namespace

ChunkBuilder::ChunkBuilder() : compressor_(std::make_unique<Compressor>()) {}

ChunkBuilder::~ChunkBuilder() = default;
ChunkBuilder::ChunkBuilder(ChunkBuilder&&) noexcept = default;
ChunkBuilder& ChunkBuilder::operator=(ChunkBuilder&&) noexcept = default;

void ChunkBuilder::StartFamily(const FamilyView& family) {
  PutVarint(content_, kFamilyTag);
  PutString(content_, family.name);
  content_.push_back(static_cast<char>(family.type));
  PutString(content_, family.help);
  PutString(content_, family.unit);
}

void ChunkBuilder::AddSeries(std::span<const LabelView> set,
                             std::span<const std::string_view> unset) {
  PutVarint(content_, set.size() + 1);
  for (const LabelView& label : set) {
    PutString(content_, label.name);
    PutString(content_, label.value);
  }
  PutVarint(content_, unset.size());
  for (const std::string_view name : unset) PutString(content_, name);
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
  if (stored.empty() || stored.front() != kChunkVersion) {
    return Corruption("chunk: unknown version");
  }
  auto content = std::make_unique<std::string>();
  if (!Decompressor().Unpack(stored.substr(1), kChunkContentBytesMax, *content)) {
    return Corruption("chunk: cannot be decompressed");
  }
  DecodedChunk chunk;
  ByteReader reader(*content);
  while (!reader.empty()) {
    const uint64_t tag = reader.Varint();
    const bool good = reader.ok() && (tag == kFamilyTag ? DecodeFamily(reader, chunk)
                                                        : DecodeSeries(reader, tag - 1, chunk));
    if (!good) return Corruption("chunk: malformed content");
  }
  if (!reader.ok() || chunk.series.empty()) return Corruption("chunk: malformed content");
  chunk.content = std::move(content);
  return chunk;
}

}  // namespace sluice::buffer
