// Builds the chunks of a target's layout, touching only those that changed.
//
// Where one chunk ends and the next begins is decided by the series themselves (a hash of their
// content), so that a series that comes or goes re-encodes the chunk that it is in and at most the
// ones beside it; all others stay the same objects.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "buffer/chunk.h"
#include "buffer/layout.h"
#include "scrape/family.h"
#include "scrape/series.h"

namespace sluice::scrape {

inline constexpr uint32_t kChunkSeriesMin = 16;
inline constexpr uint32_t kChunkSeriesMax = 256;

// The series of a page in the order of the layout, column by column, and the chunks that hold
// them. The report chunk is not among them.
struct SeriesList {
  std::vector<uint64_t> hashes;  // of EncodeSeries
  std::vector<FamilyId> families;
  std::vector<std::shared_ptr<const buffer::Chunk>> chunks;

  uint32_t size() const { return static_cast<uint32_t>(hashes.size()); }

  // Without the chunks.
  size_t memory_bytes() const;

  // For ContentPool.
  uint64_t Hash() const;
  friend bool operator==(const SeriesList& a, const SeriesList& b);
};

// Series that the list does not hold yet, numbered from 0. Thread-compatible.
class AddedSeries {
 public:
  void Add(std::string_view encoded, uint64_t hash, FamilyId family);

  uint32_t size() const { return static_cast<uint32_t>(hashes_.size()); }

  std::string_view encoded(uint32_t i) const {
    return std::string_view(text_).substr(starts_[i], ends_[i] - starts_[i]);
  }

  uint64_t hash(uint32_t i) const { return hashes_[i]; }

  FamilyId family(uint32_t i) const { return families_[i]; }

 private:
  std::string text_;
  std::vector<size_t> starts_;
  std::vector<size_t> ends_;
  std::vector<uint64_t> hashes_;
  std::vector<FamilyId> families_;
};

// What the next list is made of.
struct LayoutChange {
  // Series of the old list by their slot, or old size + number in `added`.
  std::span<const uint32_t> order;
  // By slot of the old list: its family now.
  std::span<const FamilyId> families;
  const AddedSeries& added;
  // Content of the families of added series, and of old ones whose family changed.
  const std::unordered_map<FamilyId, Family>& known_families;
};

SeriesList RebuildSeries(const SeriesList& old, const LayoutChange& change);

// A layout of just these slots (ascending) of the list; chunks that are covered whole are shared.
// Null when there are none.
std::shared_ptr<const buffer::Layout> LayoutOfSlots(const SeriesList& list,
                                                    std::span<const uint32_t> slots);

// A chunk with these slots of the list in this order, repetitions allowed.
std::shared_ptr<const buffer::Chunk> ChunkOfSlots(const SeriesList& list,
                                                  std::span<const uint32_t> slots);

}  // namespace sluice::scrape
