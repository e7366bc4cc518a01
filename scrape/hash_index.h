// A hash table from 64-bit hashes to small numbers, whose owner keeps the keys.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <random>
#include <vector>

namespace sluice::scrape {

// Built for one scrape and thrown away, so it cannot erase. Thread-compatible.
class HashIndex {
 public:
  static constexpr uint32_t kNone = UINT32_MAX;

  bool empty() const { return size_ == 0; }

  void Clear() {
    cells_.clear();
    cells_.shrink_to_fit();
    size_ = 0;
  }

  void Reserve(size_t count) {
    const size_t needed = std::bit_ceil(count * 2 + kCellsMin);
    if (needed > cells_.size()) Rehash(needed);
  }

  // Does not look for an equal key.
  void Insert(uint64_t hash, uint32_t id) {
    if ((size_ + 1) * 2 > cells_.size()) Rehash(std::bit_ceil((size_ + 1) * 4 + kCellsMin));
    Place({TagOf(hash), id});
    ++size_;
  }

  // The first inserted id for which `is_equal(id)`, or kNone. It is asked for ids of this hash, and
  // may be asked for a few of others.
  template <class IsEqual>
  uint32_t Find(uint64_t hash, IsEqual is_equal) const {
    if (cells_.empty()) return kNone;
    const uint32_t tag = TagOf(hash);
    for (size_t at = tag & mask();; at = (at + 1) & mask()) {
      const Cell& cell = cells_[at];
      if (cell.id == kNone) return kNone;
      if (cell.tag == tag && is_equal(cell.id)) return cell.id;
    }
  }

 private:
  struct Cell {
    uint32_t tag = 0;
    uint32_t id = kNone;
  };

  static constexpr size_t kCellsMin = 16;

  // The keys come from targets: with a factor that nobody knows, they cannot choose lines that all
  // fall into the same place.
  uint32_t TagOf(uint64_t hash) const { return static_cast<uint32_t>((hash * factor_) >> 32U); }

  size_t mask() const { return cells_.size() - 1; }

  static uint64_t RandomOdd() {
    std::random_device random;
    return (static_cast<uint64_t>(random()) << 32) | random() | 1;
  }

  void Place(const Cell& cell) {
    size_t at = cell.tag & mask();
    while (cells_[at].id != kNone) at = (at + 1) & mask();
    cells_[at] = cell;
  }

  void Rehash(size_t count) {
    if (factor_ == 0) factor_ = RandomOdd();
    std::vector<Cell> old(count);
    old.swap(cells_);
    for (const Cell& cell : old) {
      if (cell.id != kNone) Place(cell);
    }
  }

  std::vector<Cell> cells_;
  size_t size_ = 0;
  uint64_t factor_ = 0;
};

}  // namespace sluice::scrape
