#include "proto/symbol_pool.h"

#include <algorithm>
#include <utility>

namespace sluice::proto {

namespace {

// An entry, and its node in the index.
constexpr uint64_t kEntryBytes = 96;

}  // namespace

SymbolPool::SymbolPool() { entries_.push_back({.text = "", .uses = 1}); }

Symbol SymbolPool::Acquire(std::string_view text) {
  if (text.empty()) return kNoSymbol;
  if (const auto found = index_.find(text); found != index_.end()) {
    ++entries_[found->second].uses;
    return found->second;
  }
  Symbol symbol = 0;
  if (free_.empty()) {
    symbol = static_cast<Symbol>(entries_.size());
    entries_.emplace_back();
  } else {
    symbol = free_.back();
    free_.pop_back();
  }
  Entry& entry = entries_[symbol];
  entry.text = text;
  entry.uses = 1;
  index_.emplace(entry.text, symbol);
  bytes_ += kEntryBytes + text.size();
  return symbol;
}

void SymbolPool::Release(Symbol symbol) {
  if (symbol == kNoSymbol) return;
  Entry& entry = entries_[symbol];
  if (--entry.uses > 0) return;
  index_.erase(entry.text);
  bytes_ -= kEntryBytes + entry.text.size();
  entry.text = std::string();
  free_.push_back(symbol);
}

SymbolLease& SymbolLease::operator=(SymbolLease&& other) noexcept {
  std::swap(pool_, other.pool_);
  std::swap(symbols_, other.symbols_);
  return *this;
}

void SymbolLease::Compact() {
  std::sort(symbols_.begin(), symbols_.end());
  std::vector<Symbol> kept;
  for (const Symbol symbol : symbols_) {
    if (kept.empty() || kept.back() != symbol) {
      kept.push_back(symbol);
    } else {
      pool_->Release(symbol);
    }
  }
  kept.shrink_to_fit();
  symbols_ = std::move(kept);
}

void SymbolLease::Clear() {
  for (const Symbol symbol : symbols_) pool_->Release(symbol);
  symbols_.clear();
}

}  // namespace sluice::proto
