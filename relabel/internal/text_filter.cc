#include "relabel/internal/text_filter.h"

#include <algorithm>
#include <bit>
#include <utility>

namespace sluice::relabel {
namespace {

size_t CommonPrefix(std::string_view a, std::string_view b) {
  const size_t size = std::min(a.size(), b.size());
  size_t i = 0;
  while (i < size && a[i] == b[i]) ++i;
  return i;
}

}  // namespace

size_t NumberSet::Next(size_t number) const {
  size_t word = number / 64;
  if (word >= words_.size()) return words_.size() * 64;
  uint64_t left = words_[word] & (~0ULL << (number % 64));
  while (left == 0) {
    if (++word == words_.size()) return word * 64;
    left = words_[word];
  }
  return word * 64 + static_cast<size_t>(std::countr_zero(left));
}

void TextFilter::Add(size_t number, const std::vector<TextHint>& hints) {
  const bool says_nothing =
      hints.empty() || std::any_of(hints.begin(), hints.end(), [](const TextHint& hint) {
        const bool is_part =
            hint.kind == TextHint::Kind::kPrefix || hint.kind == TextHint::Kind::kSuffix;
        return is_part && hint.text.empty();
      });
  if (says_nothing) {
    always_.push_back(number);
    return;
  }
  for (const TextHint& hint : hints) {
    if (hint.kind == TextHint::Kind::kNotEmpty) {
      not_empty_.push_back(number);
      continue;
    }
    const bool is_whole = hint.kind == TextHint::Kind::kWhole;
    auto& into = hint.kind == TextHint::Kind::kSuffix ? suffixes_ : hints_;
    into.push_back({hint.text, is_whole, number});
  }
}

void TextFilter::Build() {
  std::sort(hints_.begin(), hints_.end(),
            [](const Hint& a, const Hint& b) { return a.text < b.text; });
  root_ = BuildNode(hints_, 0);
  hints_ = {};
}

uint32_t TextFilter::BuildNode(std::span<const Hint> sorted, size_t depth) {
  Node node;
  if (!sorted.empty()) {
    const std::string_view first = std::string_view(sorted.front().text).substr(depth);
    const std::string_view last = std::string_view(sorted.back().text).substr(depth);
    node.label = first.substr(0, CommonPrefix(first, last));
    depth += node.label.size();
  }
  while (!sorted.empty() && sorted.front().text.size() == depth) {
    (sorted.front().is_whole ? node.at_end : node.through).push_back(sorted.front().number);
    sorted = sorted.subspan(1);
  }
  while (!sorted.empty()) {
    const char byte = sorted.front().text[depth];
    const auto behind = std::find_if(sorted.begin(), sorted.end(),
                                     [&](const Hint& hint) { return hint.text[depth] != byte; });
    const auto count = static_cast<size_t>(behind - sorted.begin());
    node.first_bytes += byte;
    node.children.push_back(BuildNode(sorted.first(count), depth));
    sorted = sorted.subspan(count);
  }
  nodes_.push_back(std::move(node));
  return static_cast<uint32_t>(nodes_.size() - 1);
}

void TextFilter::Test(std::string_view text, NumberSet& out) const {
  for (const size_t number : always_) out.Add(number);
  if (!text.empty()) {
    for (const size_t number : not_empty_) out.Add(number);
  }
  for (const Hint& hint : suffixes_) {
    if (text.ends_with(hint.text)) out.Add(hint.number);
  }
  uint32_t at = root_;
  while (true) {
    const Node& node = nodes_[at];
    if (!text.starts_with(node.label)) return;
    text.remove_prefix(node.label.size());
    for (const size_t number : node.through) out.Add(number);
    if (text.empty()) {
      for (const size_t number : node.at_end) out.Add(number);
      return;
    }
    const size_t child = node.first_bytes.find(text.front());
    if (child == std::string::npos) return;
    at = node.children[child];
  }
}

}  // namespace sluice::relabel
