// Finds the series of a page by the hashes of their content.
#pragma once

#include <cstdint>

#include "scrape/hash_index.h"
#include "scrape/layout_builder.h"

namespace sluice::scrape {

// Thread-compatible; for one body.
class SeriesIndex {
 public:
  static constexpr uint32_t kNone = HashIndex::kNone;

  // The slot of a series of `old`, or the size of `old` and the number of one of `added`, to which
  // series may come between calls; or kNone. The arguments are the same in every call.
  uint32_t Find(const SeriesList& old, const AddedSeries& added, uint64_t hash);

 private:
  void Build(const SeriesList& old);

  HashIndex index_;
  uint32_t searches_ = 0;
  uint32_t added_indexed_ = 0;
};

}  // namespace sluice::scrape
