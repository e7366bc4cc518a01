// Tells by one look at a text which of many expressions may match it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::relabel {

// What every text that an expression matches has one of.
struct TextHint {
  enum class Kind { kWhole, kPrefix, kSuffix, kNotEmpty };

  Kind kind = Kind::kWhole;
  std::string text;
};

// Sets of small numbers, a bit each.
class NumberSet {
 public:
  explicit NumberSet(size_t size = 0) : words_((size + 63) / 64) {}

  void Add(size_t number) { words_[number / 64] |= 1ULL << (number % 64); }

  // Makes it empty.
  void Reset(size_t size) { words_.assign((size + 63) / 64, 0); }

  // The first one from `number` on, or the size rounded up.
  size_t Next(size_t number) const;

 private:
  std::vector<uint64_t> words_;
};

// Immutable once built. Thread-safe then.
class TextFilter {
 public:
  // The expression `number` matches only texts with one of the hints; none: any text.
  void Add(size_t number, const std::vector<TextHint>& hints);
  // After the last Add().
  void Build();

  // Adds the numbers of all expressions that may match the text, and perhaps others.
  void Test(std::string_view text, NumberSet& out) const;

 private:
  struct Hint {
    std::string text;
    bool is_whole;
    size_t number;
  };

  // Texts that begin alike meet in a node; `label` is how those of this one go on.
  struct Node {
    std::string label;
    std::vector<size_t> through;  // of texts that go on in any way
    std::vector<size_t> at_end;   // of texts that end here
    std::string first_bytes;      // of the labels of the children
    std::vector<uint32_t> children;
  };

  uint32_t BuildNode(std::span<const Hint> sorted, size_t depth);

  std::vector<size_t> always_;
  std::vector<size_t> not_empty_;
  std::vector<Hint> hints_;     // until they are built
  std::vector<Hint> suffixes_;  // few
  std::vector<Node> nodes_;
  uint32_t root_ = 0;
};

}  // namespace sluice::relabel
