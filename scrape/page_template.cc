#include "scrape/page_template.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <type_traits>
#include <utility>

#include "base/hash.h"

namespace sluice::scrape {

using buffer::MetricType;

namespace {

// What a line takes besides its text.
constexpr size_t kLineBytes = sizeof(PageTemplate::Line) + sizeof(uint16_t);

// Slack of an eighth costs less than copying each page that grew by a line.
template <class Container>
void DropSlack(Container& container) {
  if (container.capacity() - container.size() > container.size() / 8) container.shrink_to_fit();
}

}  // namespace

LineMark LineMark::WithSpelling(bool le_depends, bool quantile_depends, MetricType type) const {
  uint32_t word = word_;
  if (le_depends) word |= kLeDepends;
  if (le_depends && type == MetricType::kHistogram) word |= kLeApplied;
  if (quantile_depends) word |= kQuantileDepends;
  if (quantile_depends && type == MetricType::kSummary) word |= kQuantileApplied;
  return LineMark(word);
}

bool LineMark::HoldsUnder(MetricType type) const {
  if ((word_ & (kLeDepends | kQuantileDepends)) == 0) return true;
  const bool le_applied = (word_ & kLeApplied) != 0;
  const bool quantile_applied = (word_ & kQuantileApplied) != 0;
  const bool le_holds = (word_ & kLeDepends) == 0 || le_applied == (type == MetricType::kHistogram);
  const bool quantile_holds =
      (word_ & kQuantileDepends) == 0 || quantile_applied == (type == MetricType::kSummary);
  return le_holds && quantile_holds;
}

void PageTemplate::Follow(const PageTemplate& old, size_t count) {
  base_ = old.base_;
  own_ = old.own_;
  in_order_ = old.in_order_;
  has_newline_ = old.has_newline_;
  has_digests_ = old.has_digests_;
  hides_newline_ = old.hides_newline_;
  lines_.reserve(old.lines_.size());
  lines_.assign(old.lines_.begin(), old.lines_.begin() + static_cast<ptrdiff_t>(count));
  const Texts found = texts();
  for (const Line& line : lines_) Count(found.At(line.at).size(), line.mark);
}

bool PageTemplate::Keep(const PageTemplate& old, size_t line, LineMark mark) {
  const uint32_t at = old.lines_[line].at;
  const size_t size = texts().At(at).size();
  // One text may serve several lines until Settle().
  if (needed_bytes_ + sizeof(uint16_t) + size > kTextBytesMax) return false;
  if (TakeRoom(size, mark)) Push({at, mark});
  return true;
}

bool PageTemplate::KeepsDigestOf(std::string_view key, LineMark mark) const {
  if (key.size() > kKeyBytesMax) return true;
  return text_bytes() > kPlainBytesMax && key.size() > KeyDigest::kBytes && !mark.is_metadata();
}

bool PageTemplate::Append(std::string_view key, LineMark mark) {
  std::string_view text = key;
  std::optional<KeyDigest> digest;
  if (KeepsDigestOf(key, mark)) [[unlikely]] {
    text = digest.emplace(key).text();
    has_digests_ = true;
    hides_newline_ = hides_newline_ || key.find('\n') != std::string_view::npos;
  }
  static_assert(kKeyBytesMax <= std::numeric_limits<uint16_t>::max());
  const size_t at = text_bytes();
  const auto size = static_cast<uint16_t>(text.size());
  if (at + sizeof(size) + size > kTextBytesMax) return false;
  if (!TakeRoom(size, mark)) return true;
  own_.append(reinterpret_cast<const char*>(&size), sizeof(size)).append(text);
  has_newline_ = has_newline_ || text.find('\n') != std::string_view::npos;
  Push({static_cast<uint32_t>(at), mark});
  return true;
}

void PageTemplate::Push(Line line) {
  in_order_ = in_order_ && (lines_.empty() || lines_.back().at < line.at);
  lines_.push_back(line);
}

void PageTemplate::Settle() {
  const bool is_tight = in_order_ && waste() == 0;
  if (is_tight && own_.empty()) return;
  std::string text;
  if (is_tight && base_->empty()) {
    text = std::move(own_);
    // That of a large text is memory that was never touched, and costs nothing, unlike a copy.
    if (text.size() <= kPlainBytesMax) DropSlack(text);
  } else {
    text.reserve(text_bytes() - waste());
    const Texts found = texts();
    const bool had_newline = std::exchange(has_newline_, false);
    for (Line& line : lines_) {
      const std::string_view old = found.At(line.at);
      if (had_newline && old.find('\n') != std::string_view::npos) has_newline_ = true;
      line.at = static_cast<uint32_t>(text.size());
      text.append(old.data() - sizeof(uint16_t), sizeof(uint16_t) + old.size());
    }
  }
  base_ = std::make_shared<const std::string>(std::move(text));
  own_ = std::string();
  in_order_ = true;
}

void PageTemplate::ShrinkToFit() {
  DropSlack(lines_);
  DropSlack(own_);
}

PageTemplate::Company PageTemplate::CompanyOf(LineMark mark) {
  if (mark.is_metadata()) return kTold;
  if (!mark.has_slot()) return kDropped;
  return mark.is_repeat() ? kTold : kSeries;
}

bool PageTemplate::TakeRoom(size_t size, LineMark mark) {
  const Company company = CompanyOf(mark);
  const size_t bytes = size + kLineBytes;
  if (company != kSeries) {
    const size_t min = company == kTold ? kToldBytesMin : kDroppedBytesMin;
    if (bytes_[company] + bytes > min + kCompanyFactor * bytes_[kSeries]) return false;
  }
  Count(size, mark);
  return true;
}

void PageTemplate::Count(size_t size, LineMark mark) {
  bytes_[CompanyOf(mark)] += size + kLineBytes;
  needed_bytes_ += sizeof(uint16_t) + size;
}

uint32_t PageTemplate::FindSlot(uint32_t slot, size_t start) const {
  const auto middle = lines_.begin() + static_cast<ptrdiff_t>(std::min(start, lines_.size()));
  const auto is_it = [slot](const Line& line) { return line.mark.slot() == slot; };
  auto found = std::find_if(middle, lines_.end(), is_it);
  if (found == lines_.end()) {
    found = std::find_if(lines_.begin(), middle, is_it);
    if (found == middle) return HashIndex::kNone;
  }
  return static_cast<uint32_t>(found - lines_.begin());
}

size_t PageTemplate::memory_bytes() const {
  // Others may let go of it just now.
  const auto holders = static_cast<size_t>(std::max(base_.use_count(), 1L));
  return base_->size() / holders + own_.capacity() + lines_.capacity() * sizeof(Line);
}

uint64_t PageTemplate::Hash() const {
  static_assert(std::has_unique_object_representations_v<Line>);
  const std::string_view lines(reinterpret_cast<const char*>(lines_.data()),
                               lines_.size() * sizeof(Line));
  return 31 * Xxh3(*base_) + Xxh3(lines);
}

void LineIndex::Build(const PageTemplate& page) {
  built_ = true;
  index_.Clear();
  index_.Reserve(page.size());
  for (size_t i = 0; i < page.size(); ++i) {
    // Of equal lines the first one is found, because it is met first in its run of cells.
    index_.Insert(Xxh3(page.text(i)), static_cast<uint32_t>(i));
  }
}

uint32_t LineIndex::Find(const PageTemplate& page, std::string_view key) const {
  const uint32_t line = FindText(page, key);
  if (line != kNone || !page.has_digests()) return line;
  return FindText(page, KeyDigest(key).text());
}

uint32_t LineIndex::FindText(const PageTemplate& page, std::string_view text) const {
  return index_.Find(Xxh3(text), [&](uint32_t line) { return page.text(line) == text; });
}

}  // namespace sluice::scrape
