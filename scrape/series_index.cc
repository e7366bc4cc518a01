#include "scrape/series_index.h"

#include <algorithm>
#include <bit>

namespace sluice::scrape {
namespace {

// So many searches through all hashes take less time than a filter of them, and as many again less
// than an index.
constexpr uint32_t kSearchesMax = 8;

// Fewer added series are searched through, too.
constexpr uint32_t kAddedIndexedMin = 16;

// A word of the filter is for about so many series, of which each sets three of its bits.
constexpr size_t kSeriesOfWord = 4;

uint64_t FilterBits(uint64_t hash) {
  return (1ULL << (hash & 63U)) | (1ULL << ((hash >> 6U) & 63U)) | (1ULL << ((hash >> 12U) & 63U));
}

}  // namespace

bool SeriesIndex::IsGone(uint32_t slot) const {
  return std::binary_search(gone_.begin(), gone_.end(), slot);
}

uint32_t SeriesIndex::Find(const AddedSeries& added, uint64_t hash) {
  const uint32_t slot = FindAdded(added, hash);
  return slot == kNone ? FindOld(hash) : slot;
}

uint32_t SeriesIndex::FindAdded(const AddedSeries& added, uint64_t hash) {
  const uint32_t old_count = old_.size();
  if (added.size() < kAddedIndexedMin) {
    for (uint32_t i = 0; i < added.size(); ++i) {
      if (added.hash(i) == hash) return old_count + i;
    }
    return kNone;
  }
  for (; added_indexed_ < added.size(); ++added_indexed_) {
    added_index_.Insert(added.hash(added_indexed_), old_count + added_indexed_);
  }
  return added_index_.Find(hash, [&](uint32_t id) { return added.hash(id - old_count) == hash; });
}

uint32_t SeriesIndex::FindOld(uint64_t hash) {
  if (searches_ >= kSearchesMax) {
    if (filter_.empty()) BuildFilter();
    const uint64_t bits = FilterBits(hash);
    if ((FilterWord(hash) & bits) != bits) return kNone;
  }
  if (searches_ < 2 * kSearchesMax) {
    ++searches_;
    return SearchOld(hash);
  }
  if (old_index_.empty()) BuildIndex();
  return old_index_.Find(hash, [&](uint32_t slot) { return old_.hashes[slot] == hash; });
}

uint32_t SeriesIndex::SearchOld(uint64_t hash) const {
  const auto begin = old_.hashes.begin();
  const auto end = old_.hashes.end();
  for (auto at = std::find(begin, end, hash); at != end; at = std::find(at + 1, end, hash)) {
    const auto slot = static_cast<uint32_t>(at - begin);
    if (!IsGone(slot)) return slot;
  }
  return kNone;
}

template <class Visit>
void SeriesIndex::ForEachOld(Visit visit) const {
  auto gone = gone_.begin();
  for (uint32_t slot = 0; slot < old_.size(); ++slot) {
    if (gone != gone_.end() && *gone == slot) {
      ++gone;
    } else {
      visit(slot);
    }
  }
}

void SeriesIndex::BuildFilter() {
  const size_t words = std::bit_ceil(old_.size() / kSeriesOfWord + 2);
  filter_.assign(words, 0);
  filter_shift_ = 64U - static_cast<unsigned>(std::countr_zero(words));
  ForEachOld([this](uint32_t slot) {
    const uint64_t hash = old_.hashes[slot];
    FilterWord(hash) |= FilterBits(hash);
  });
}

void SeriesIndex::BuildIndex() {
  old_index_.Reserve(old_.size());
  ForEachOld([this](uint32_t slot) { old_index_.Insert(old_.hashes[slot], slot); });
}

}  // namespace sluice::scrape
