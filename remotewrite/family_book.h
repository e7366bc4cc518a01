// What the targets say of the families of the chunks in use: type, help and unit.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/hash.h"
#include "buffer/chunk.h"

namespace sluice::remotewrite {

// Of one chunk: the families of which something is said. Immutable.
class ChunkFamilies {
 public:
  explicit ChunkFamilies(const buffer::DecodedChunk& chunk);
  ChunkFamilies(const ChunkFamilies&) = delete;
  ChunkFamilies& operator=(const ChunkFamilies&) = delete;

  std::span<const buffer::FamilyView> all() const { return families_; }

  size_t memory_bytes() const;

 private:
  std::string text_;
  std::vector<buffer::FamilyView> families_;  // in text_
};

// Shared by the targets that share a chunk, and known for as long as one of them holds it. Bound to
// one thread.
class FamilyBook {
 public:
  // Above it, nothing new is learned.
  static constexpr size_t kBytesMax = 32 << 20;

  // To be held while the chunk is in use. Null when there is nothing to say, or no room.
  std::shared_ptr<const ChunkFamilies> Learn(const ContentId& id,
                                             const buffer::DecodedChunk& chunk);

  // Of all chunks in use.
  std::vector<std::shared_ptr<const ChunkFamilies>> Current();

 private:
  void Prune();

  std::unordered_map<ContentId, std::weak_ptr<const ChunkFamilies>> chunks_;
  size_t bytes_ = 0;  // of what was held when it was counted last, and of what came since
};

}  // namespace sluice::remotewrite
