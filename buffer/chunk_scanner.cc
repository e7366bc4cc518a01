#include "buffer/chunk_scanner.h"

#include "buffer/chunk_content.h"
#include "buffer/compression.h"

namespace sluice::buffer {

ChunkScanner::ChunkScanner() : decompressor_(std::make_unique<Decompressor>()) {}

ChunkScanner::~ChunkScanner() = default;

Status ChunkScanner::Open(std::string_view stored) {
  families_.clear();
  series_.clear();
  const bool good = !stored.empty() && stored.front() == kChunkVersion &&
                    decompressor_->Unpack(stored.substr(1), kChunkContentBytesMax, content_) &&
                    Scan();
  if (good) return Status::Ok();
  series_.clear();
  return Corruption("chunk: malformed");
}

bool ChunkScanner::Scan() {
  ByteReader reader(content_);
  const auto ignore = [](const auto&) {};
  while (!reader.empty()) {
    const size_t from = content_.size() - reader.rest().size();
    const uint64_t tag = reader.Varint();
    if (!reader.ok()) return false;
    if (tag == kFamilyTag) {
      if (!ReadFamily(reader, families_.emplace_back())) return false;
      continue;
    }
    if (!ReadSeries(reader, tag, ignore, ignore)) return false;
    if (families_.empty()) families_.emplace_back();
    const size_t end = content_.size() - reader.rest().size();
    series_.push_back({.from = from,
                       .size = static_cast<uint32_t>(end - from),
                       .family = static_cast<uint32_t>(families_.size() - 1)});
  }
  return !series_.empty();
}

}  // namespace sluice::buffer
