// Finds the series of a page by the hashes of their content.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "scrape/hash_index.h"
#include "scrape/layout_builder.h"

namespace sluice::scrape {

// Thread-compatible; for one body.
class SeriesIndex {
 public:
  static constexpr uint32_t kNone = HashIndex::kNone;

  // Those at the slots `gone` (ascending) are not found. Both must outlive it.
  explicit SeriesIndex(const SeriesList& old, std::span<const uint32_t> gone = {})
      : old_(old), gone_(gone) {}

  // The slot of a series of the old list, or its size and the number of one of `added`, to which
  // series may come between calls; or kNone. `added` is the same in every call.
  uint32_t Find(const AddedSeries& added, uint64_t hash);

 private:
  bool IsGone(uint32_t slot) const;
  uint32_t FindAdded(const AddedSeries& added, uint64_t hash);
  uint32_t FindOld(uint64_t hash);
  uint32_t SearchOld(uint64_t hash) const;
  template <class Visit>
  void ForEachOld(Visit visit) const;
  void BuildFilter();
  void BuildIndex();

  uint64_t& FilterWord(uint64_t hash) { return filter_[hash >> filter_shift_]; }

  const SeriesList& old_;
  const std::span<const uint32_t> gone_;
  uint32_t searches_ = 0;
  // Says of most series that the old list does not have them.
  std::vector<uint64_t> filter_;
  unsigned filter_shift_ = 0;
  HashIndex old_index_;
  HashIndex added_index_;
  uint32_t added_indexed_ = 0;
};

}  // namespace sluice::scrape
