#include "scrape/series_index.h"

#include <algorithm>

namespace sluice::scrape {
namespace {

// So many searches through all hashes take less time than an index of them.
constexpr uint32_t kSearchesMax = 8;

uint32_t Search(const SeriesList& old, const AddedSeries& added, uint64_t hash) {
  const auto found = std::find(old.hashes.begin(), old.hashes.end(), hash);
  if (found != old.hashes.end()) return static_cast<uint32_t>(found - old.hashes.begin());
  for (uint32_t i = 0; i < added.size(); ++i) {
    if (added.hash(i) == hash) return old.size() + i;
  }
  return SeriesIndex::kNone;
}

}  // namespace

uint32_t SeriesIndex::Find(const SeriesList& old, const AddedSeries& added, uint64_t hash) {
  if (searches_ < kSearchesMax) {
    ++searches_;
    return Search(old, added, hash);
  }
  if (index_.empty()) Build(old);
  const uint32_t old_count = old.size();
  for (; added_indexed_ < added.size(); ++added_indexed_) {
    index_.Insert(added.hash(added_indexed_), old_count + added_indexed_);
  }
  return index_.Find(hash, [&](uint32_t id) {
    return (id < old_count ? old.hashes[id] : added.hash(id - old_count)) == hash;
  });
}

void SeriesIndex::Build(const SeriesList& old) {
  index_.Reserve(old.size());
  for (uint32_t slot = 0; slot < old.size(); ++slot) index_.Insert(old.hashes[slot], slot);
}

}  // namespace sluice::scrape
