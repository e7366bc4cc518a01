// The series of a page that its target did not have before, until they become part of its layout.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "buffer/chunk.h"
#include "buffer/chunk_scanner.h"
#include "scrape/family.h"

namespace sluice::scrape {

// Numbered from 0. Those beyond the first few MiB are kept compressed: on its first scrape a page
// has its whole text here once more. Thread-compatible.
class AddedSeries {
 public:
  void Add(std::string_view encoded, uint64_t hash, FamilyId family);

  uint32_t size() const { return static_cast<uint32_t>(hashes_.size()); }

  uint64_t hash(uint32_t i) const { return hashes_[i]; }

  FamilyId family(uint32_t i) const { return families_[i]; }

  // Reads what was added as it was encoded. Borrows the series. Thread-compatible.
  class Reader {
   public:
    explicit Reader(const AddedSeries& added) : added_(added) {}

    // Valid until the next call. Cheap as long as the numbers nearly ascend.
    std::string_view Read(uint32_t i);

   private:
    const AddedSeries& added_;
    buffer::ChunkScanner scanner_;
    std::optional<size_t> open_;  // the chunk that it has
  };

 private:
  struct Texts {
    std::string text;
    std::vector<size_t> ends;

    void Add(std::string_view encoded);
    std::string_view At(size_t i) const;
  };

  void Pack();

  // In this order: the first series, then chunks, then those that wait to become one.
  Texts first_;
  std::vector<std::shared_ptr<const buffer::Chunk>> chunks_;
  Texts last_;
  std::optional<buffer::ChunkBuilder> builder_;
  std::vector<uint64_t> hashes_;
  std::vector<FamilyId> families_;
};

}  // namespace sluice::scrape
