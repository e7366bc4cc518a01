#include "scrape/page_template.h"

#include <algorithm>
#include <optional>
#include <type_traits>

#include "base/hash.h"

namespace sluice::scrape {

using buffer::MetricType;

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

bool PageTemplate::KeepsDigestOf(std::string_view key, LineMark mark) const {
  if (key.size() > kKeyBytesMax) return true;
  return text_.size() > kPlainBytesMax && key.size() > KeyDigest::kBytes && !mark.is_metadata();
}

bool PageTemplate::Append(std::string_view key, LineMark mark) {
  std::string_view text = key;
  std::optional<KeyDigest> digest;
  if (KeepsDigestOf(key, mark)) [[unlikely]] {
    text = digest.emplace(key).text();
    has_digests_ = true;
    hides_newline_ = hides_newline_ || key.find('\n') != std::string_view::npos;
  }
  if (text_.size() + text.size() > kTextBytesMax) return false;
  if (!TakeRoom(text.size(), mark)) return true;
  text_.append(text);
  lines_.push_back({static_cast<uint32_t>(text_.size()), mark});
  return true;
}

void PageTemplate::AppendPrefix(const PageTemplate& other, size_t count) {
  has_digests_ = other.has_digests_;
  hides_newline_ = other.hides_newline_;
  if (count == 0) return;
  const auto base = static_cast<uint32_t>(text_.size());
  text_.append(other.text_, 0, other.lines_[count - 1].end);
  uint32_t from = 0;
  for (size_t i = 0; i < count; ++i) {
    const Line& line = other.lines_[i];
    bytes_[CompanyOf(line.mark)] += line.end - from + sizeof(Line);
    from = line.end;
    lines_.push_back({base + line.end, line.mark});
  }
}

PageTemplate::Company PageTemplate::CompanyOf(LineMark mark) {
  if (mark.is_metadata()) return kTold;
  if (!mark.has_slot()) return kDropped;
  return mark.is_repeat() ? kTold : kSeries;
}

bool PageTemplate::TakeRoom(size_t text_bytes, LineMark mark) {
  const Company company = CompanyOf(mark);
  const size_t bytes = text_bytes + sizeof(Line);
  if (company != kSeries) {
    const size_t min = company == kTold ? kToldBytesMin : kDroppedBytesMin;
    if (bytes_[company] + bytes > min + kCompanyFactor * bytes_[kSeries]) return false;
  }
  bytes_[company] += bytes;
  return true;
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

void PageTemplate::Reserve(const PageTemplate& like) {
  text_.reserve(like.text_.size());
  lines_.reserve(like.lines_.size());
}

void PageTemplate::ShrinkToFit() {
  // Slack of an eighth costs less than copying each page that grew by a line. The slack of a large
  // text is memory that was never touched, and so costs nothing, unlike a copy.
  const bool is_large = text_.size() > kPlainBytesMax;
  if (!is_large && text_.capacity() - text_.size() > text_.size() / 8) text_.shrink_to_fit();
  if (lines_.capacity() - lines_.size() > lines_.size() / 8) lines_.shrink_to_fit();
}

uint64_t PageTemplate::Hash() const {
  static_assert(std::has_unique_object_representations_v<Line>);
  const std::string_view lines(reinterpret_cast<const char*>(lines_.data()),
                               lines_.size() * sizeof(Line));
  return 31 * Xxh3(text_) + Xxh3(lines);
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
