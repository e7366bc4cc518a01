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
#include "scrape/added_series.h"
#include "scrape/family.h"

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

// What the next list is made of.
struct LayoutChange {
  // Series of the old list by their slot, or old size + number in `added`.
  std::span<const uint32_t> order;
  // By slot of the old list: its family now.
  std::span<const FamilyId> families;
  const AddedSeries& added;
  // Content of the families of added series, and of old ones whose family changed.
  const std::unordered_map<FamilyId, Family>& known_families;
  // The order goes back and forth between at most about so many chunks of the old list.
  size_t chunks_at_once = 1;
};

SeriesList RebuildSeries(const SeriesList& old, const LayoutChange& change);

// The old list with the added series behind it, in chunks of their own.
SeriesList ExtendSeries(const SeriesList& old, const AddedSeries& added,
                        const std::unordered_map<FamilyId, Family>& known_families);

// The first slot of each chunk, and the end.
std::vector<uint32_t> ChunkStarts(const SeriesList& list);

// How many chunks hold some of these slots (ascending) and others, too.
size_t CountPartialChunks(const SeriesList& list, std::span<const uint32_t> slots);

// A layout of just these slots (ascending) of the list; chunks that are covered whole are shared.
// Null when there are none.
std::shared_ptr<const buffer::Layout> LayoutOfSlots(const SeriesList& list,
                                                    std::span<const uint32_t> slots);

// A chunk with these slots of the list in this order, repetitions allowed.
std::shared_ptr<const buffer::Chunk> ChunkOfSlots(const SeriesList& list,
                                                  std::span<const uint32_t> slots);

}  // namespace sluice::scrape
