// Texts that remote write 2.0 calls symbols, each kept once and known by a small number, so that a
// request's table of symbols is made without looking at them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace sluice::proto {

using Symbol = uint32_t;

// The empty text; every pool has it.
inline constexpr Symbol kNoSymbol = 0;

// Counts the uses of each text; a number whose uses ended is given to another text. Bound to one
// thread.
class SymbolPool {
 public:
  SymbolPool();
  SymbolPool(const SymbolPool&) = delete;
  SymbolPool& operator=(const SymbolPool&) = delete;

  // One more use, which Release() ends.
  Symbol Acquire(std::string_view text);
  void Release(Symbol symbol);

  // Valid while the symbol is in use.
  std::string_view TextOf(Symbol symbol) const { return entries_[symbol].text; }

  // Every symbol is less than this.
  size_t limit() const { return entries_.size(); }

  // Of the texts in use, with what it costs to find them.
  uint64_t memory_bytes() const { return bytes_; }

 private:
  struct Entry {
    std::string text;
    uint32_t uses = 0;
  };

  std::deque<Entry> entries_;  // by symbol; does not move them
  std::unordered_map<std::string_view, Symbol> index_;
  std::vector<Symbol> free_;
  uint64_t bytes_ = 0;
};

// Uses of symbols that end with it. Move-only. Bound to the thread of its pool.
class SymbolLease {
 public:
  explicit SymbolLease(std::shared_ptr<SymbolPool> pool) : pool_(std::move(pool)) {}

  SymbolLease(SymbolLease&& other) noexcept = default;
  SymbolLease& operator=(SymbolLease&& other) noexcept;

  ~SymbolLease() { Clear(); }

  Symbol Acquire(std::string_view text) {
    symbols_.push_back(pool_->Acquire(text));
    return symbols_.back();
  }

  // Keeps one use of each symbol.
  void Compact();
  void Clear();

  const SymbolPool& pool() const { return *pool_; }

  size_t memory_bytes() const { return symbols_.capacity() * sizeof(Symbol); }

 private:
  std::shared_ptr<SymbolPool> pool_;
  std::vector<Symbol> symbols_;
};

}  // namespace sluice::proto
