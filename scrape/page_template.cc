#include "scrape/page_template.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <type_traits>
#include <utility>

#include "base/hash.h"
#include "scrape/key_digest.h"
#include "scrape/key_reader.h"

namespace sluice::scrape {

using buffer::MetricType;

namespace {

// What a line takes besides its text.
constexpr size_t kLineBytes = sizeof(PageTemplate::Line);

// What a line can say that it has in common.
constexpr size_t kCommonMax = std::numeric_limits<uint8_t>::max();

// Slack of an eighth costs less than copying each page that grew by a line.
template <class Container>
void DropSlack(Container& container) {
  if (container.capacity() - container.size() > container.size() / 8) container.shrink_to_fit();
}

size_t CommonPrefix(std::string_view a, std::string_view b) {
  a = a.substr(0, kCommonMax);
  const auto end = std::mismatch(a.begin(), a.end(), b.begin(), b.end()).first;
  return static_cast<size_t>(end - a.begin());
}

size_t CommonSuffix(std::string_view a, std::string_view b) {
  a = a.substr(a.size() - std::min(a.size(), kCommonMax));
  const auto end = std::mismatch(a.rbegin(), a.rend(), b.rbegin(), b.rend()).first;
  return static_cast<size_t>(end - a.rbegin());
}

}  // namespace

uint64_t ToldText::Hash() const { return Xxh3(bytes); }

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
  lines_.reserve(old.lines_.size());
  Place end;
  for (size_t i = 0; i < count; ++i) {
    if (i % kRunLines == 0) runs_.push_back(end);
    const Line& line = old.lines_[i];
    end.Pass(line);
    Count(line.key_size(), line.mark);
    lines_.push_back(line);
  }
  own_.reserve(old.own_.size());
  own_.assign(old.own_, 0, end.own);
  new_told_ = old.told().substr(0, end.told);
  has_newline_ = old.has_newline_;
  has_digests_ = old.has_digests_;
  kept_ = SampleBefore(count);
}

bool PageTemplate::Keep(KeyReader& old, size_t line, LineMark mark) {
  const std::string_view text = old.At(line);
  if (text_bytes() + text.size() > kTextBytesMax) return false;
  if (!TakeRoom(text.size(), mark)) return true;
  if (mark.is_metadata() || !IsKeptAlike(old.page(), line)) {
    Put(text, mark);
  } else {
    StartRun();
    const Line& held = old.page().lines_[line];
    own_ += old.own();
    lines_.push_back({mark, held.own, held.prefix, held.suffix});
    has_last_ = false;
  }
  if (!mark.is_metadata()) kept_ = line;
  return true;
}

// Of whole keys. A page that is large stays so, whatever its lines have in common.
size_t PageTemplate::text_bytes() const {
  size_t bytes = 0;
  for (const size_t each : bytes_) bytes += each;
  return bytes - lines_.size() * kLineBytes;
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
  }
  if (text_bytes() + text.size() > kTextBytesMax) return false;
  if (!TakeRoom(text.size(), mark)) return true;
  has_newline_ = has_newline_ || key.find('\n') != std::string_view::npos;
  Put(text, mark);
  if (!mark.is_metadata()) kept_ = kNone;
  return true;
}

void PageTemplate::Put(std::string_view text, LineMark mark) {
  static_assert(kKeyBytesMax <= std::numeric_limits<uint16_t>::max());
  StartRun();
  if (mark.is_metadata()) {
    new_told_ += text;
    lines_.push_back({mark, static_cast<uint16_t>(text.size()), 0, 0});
  } else {
    PutSample(text, mark);
  }
}

void PageTemplate::PutSample(std::string_view text, LineMark mark) {
  size_t prefix = 0;
  size_t suffix = 0;
  if (SampleBefore(size()) != kNone && !KeyDigest::IsDigest(text)) {
    const std::string_view last = LastKey();
    if (!KeyDigest::IsDigest(last)) {
      prefix = CommonPrefix(text, last);
      suffix = CommonSuffix(text.substr(prefix), last);
    }
  }
  const size_t own = text.size() - prefix - suffix;
  own_ += text.substr(prefix, own);
  lines_.push_back({mark, static_cast<uint16_t>(own), static_cast<uint8_t>(prefix),
                    static_cast<uint8_t>(suffix)});
  last_key_ = text;
  has_last_ = true;
}

void PageTemplate::StartRun() {
  if (lines_.size() % kRunLines != 0) return;
  runs_.push_back(
      {.own = static_cast<uint32_t>(own_.size()), .told = static_cast<uint32_t>(new_told_.size())});
}

// In the same run, or kNone.
size_t PageTemplate::SampleBefore(size_t line) const {
  const size_t begin = line - line % kRunLines;
  while (line > begin && lines_[line - 1].mark.is_metadata()) --line;
  return line > begin ? line - 1 : kNone;
}

// Whether the next line has the same bytes of its own as that one of `old`.
bool PageTemplate::IsKeptAlike(const PageTemplate& old, size_t line) const {
  const Line& held = old.lines_[line];
  if (held.mark.is_metadata()) return false;
  if (SampleBefore(size()) == kNone) return held.is_whole();
  return kept_ != kNone && kept_ == old.SampleBefore(line);
}

std::string_view PageTemplate::LastKey() {
  if (!has_last_) {
    KeyReader reader(*this);
    last_key_ = reader.At(SampleBefore(size()));
    has_last_ = true;
  }
  return last_key_;
}

void PageTemplate::Finish(const PageTemplate& old, ContentPool<ToldText>* pool) {
  if (old.told_ != nullptr && old.told_->bytes == new_told_) {
    told_ = old.told_;
  } else {
    DropSlack(new_told_);
    told_ = std::make_shared<const ToldText>(ToldText{std::move(new_told_)});
    if (pool != nullptr) told_ = pool->Intern(told_);
  }
  new_told_ = std::string();
  last_key_ = std::string();
  has_last_ = false;
  DropSlack(lines_);
  DropSlack(runs_);
  // That of a large text is memory that was never touched, and costs nothing, unlike a copy.
  if (own_.size() <= kPlainBytesMax) DropSlack(own_);
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
    if (bytes_[company] + bytes > min + kCompanyFactor * bytes_[kSeries]) {
      lacks_metadata_ = lacks_metadata_ || mark.is_metadata();
      return false;
    }
  }
  Count(size, mark);
  return true;
}

void PageTemplate::Count(size_t size, LineMark mark) {
  bytes_[CompanyOf(mark)] += size + kLineBytes;
}

PageTemplate::Place PageTemplate::PlaceOf(size_t line) const {
  if (line == 0) return {};
  size_t at = line - 1;
  Place place = PlaceOfRun(at);
  for (at -= at % kRunLines; at < line; ++at) place.Pass(lines_[at]);
  return place;
}

size_t PageTemplate::FindSlot(uint32_t slot, size_t start) const {
  const auto middle = lines_.begin() + static_cast<ptrdiff_t>(std::min(start, lines_.size()));
  const auto is_it = [slot](const Line& line) { return line.mark.slot() == slot; };
  auto found = std::find_if(middle, lines_.end(), is_it);
  if (found == lines_.end()) {
    found = std::find_if(lines_.begin(), middle, is_it);
    if (found == middle) return kNone;
  }
  return static_cast<size_t>(found - lines_.begin());
}

size_t PageTemplate::memory_bytes() const {
  // Others may let go of it just now.
  const auto holders = static_cast<size_t>(std::max(told_.use_count(), 1L));
  return told().size() / holders + own_.capacity() + lines_.capacity() * sizeof(Line) +
         runs_.capacity() * sizeof(Place);
}

uint64_t PageTemplate::Hash() const {
  static_assert(std::has_unique_object_representations_v<Line>);
  const std::string_view lines(reinterpret_cast<const char*>(lines_.data()),
                               lines_.size() * sizeof(Line));
  return 31 * (31 * Xxh3(own_) + Xxh3(told())) + Xxh3(lines);
}

}  // namespace sluice::scrape
