// Finds the series of a stored chunk without decoding them, to copy them into another chunk.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "buffer/chunk.h"

namespace sluice::buffer {

class Decompressor;

// Thread-compatible. Keeps its memory, and what decompression needs, from chunk to chunk.
class ChunkScanner {
 public:
  ChunkScanner();
  ~ChunkScanner();
  ChunkScanner(const ChunkScanner&) = delete;
  ChunkScanner& operator=(const ChunkScanner&) = delete;

  // kCorruption, as DecodedChunk::Decode has it; the scanner is then empty.
  Status Open(std::string_view stored);

  uint32_t series_count() const { return static_cast<uint32_t>(series_.size()); }

  // What follows is valid until the next Open().

  // As ChunkBuilder::AddEncoded takes it.
  std::string_view series(uint32_t i) const {
    return std::string_view(content_).substr(series_[i].from, series_[i].size);
  }

  const FamilyView& family(uint32_t i) const { return families_[series_[i].family]; }

 private:
  struct Place {
    size_t from;
    uint32_t size;
    uint32_t family;
  };

  bool Scan();

  std::unique_ptr<Decompressor> decompressor_;
  std::string content_;
  std::vector<FamilyView> families_;
  std::vector<Place> series_;
};

}  // namespace sluice::buffer
