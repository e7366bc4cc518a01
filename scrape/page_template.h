// The text of a target's last page without its values, against which the next page is compared.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "buffer/chunk.h"
#include "scrape/hash_index.h"
#include "scrape/key_digest.h"

namespace sluice::scrape {

// A longer key is remembered by its digest, so that what an exporter may write without end, as a
// HELP text or the blanks before a value, takes no memory. Far above what exporters do write,
// because nobody can tell any more what it was.
inline constexpr size_t kKeyBytesMax = 2U << 10;

// What a line of a page stands for, in 32 bits: the slot of its series in the layout, or why it
// has none, and what has to be known to use it in another place of a page.
class LineMark {
 public:
  static constexpr uint32_t kSlotBits = 26;
  static constexpr uint32_t kSlotsMax = (1U << kSlotBits) - 3;

  static LineMark Metadata() { return LineMark(kMetadata); }

  static LineMark Dropped() { return LineMark(kDropped); }

  // Its series found no place below the sample limit.
  static LineMark Refused() { return LineMark(kRefused); }

  static LineMark Slot(uint32_t slot) { return LineMark(slot); }

  uint32_t slot() const { return word_ & kSlotMask; }

  bool is_metadata() const { return slot() == kMetadata; }

  bool is_dropped() const { return slot() == kDropped; }

  bool is_refused() const { return slot() == kRefused; }

  bool has_slot() const { return slot() < kSlotsMax; }

  // A line before this one has the same series.
  bool is_repeat() const { return (word_ & kRepeat) != 0; }

  LineMark WithRepeat(bool repeat) const {
    return LineMark(repeat ? word_ | kRepeat : word_ & ~kRepeat);
  }

  LineMark WithSlot(uint32_t slot) const { return LineMark((word_ & ~kSlotMask) | slot); }

  // The series depends on the type stated above the line (see RespelledValue): remembers for
  // which type this mark was made, as far as it matters.
  LineMark WithSpelling(bool le_depends, bool quantile_depends, buffer::MetricType type) const;
  bool HoldsUnder(buffer::MetricType type) const;

  friend bool operator==(LineMark, LineMark) = default;

 private:
  static constexpr uint32_t kSlotMask = (1U << kSlotBits) - 1;
  static constexpr uint32_t kMetadata = kSlotMask;
  static constexpr uint32_t kDropped = kSlotMask - 1;
  static constexpr uint32_t kRefused = kSlotMask - 2;
  static constexpr uint32_t kRepeat = 1U << kSlotBits;
  static constexpr uint32_t kLeDepends = kRepeat << 1;
  static constexpr uint32_t kLeApplied = kRepeat << 2;
  static constexpr uint32_t kQuantileDepends = kRepeat << 3;
  static constexpr uint32_t kQuantileApplied = kRepeat << 4;

  explicit LineMark(uint32_t word) : word_(word) {}

  uint32_t word_;
};

// Lines in the order of the last page. A sample's text is everything before its value, a metadata
// line's is all of it; blank lines and comments are not kept. Thread-compatible.
//
// Very long keys are kept as digests, and beyond kPlainBytesMax those of all samples are.
//
// What is kept follows the series of the page, however long its body is: see Append().
class PageTemplate {
 public:
  struct Line {
    uint32_t end;  // of its text; it starts where the one before ends
    LineMark mark;

    friend bool operator==(const Line&, const Line&) = default;
  };

  static constexpr size_t kTextBytesMax = std::numeric_limits<uint32_t>::max();
  // A page beyond that is too large to be looked at by anybody: see PageView.
  static constexpr size_t kPlainBytesMax = 64U << 20;

  // The lines that stand for series may be accompanied by so much for each of their bytes, and by
  // this much in any case: of metadata and of lines that repeat a series, and of lines whose
  // samples are dropped or refused.
  static constexpr size_t kCompanyFactor = 4;
  static constexpr size_t kToldBytesMin = 1U << 20;
  static constexpr size_t kDroppedBytesMin = 64U << 20;

  size_t size() const { return lines_.size(); }

  std::string_view text(size_t line) const {
    const size_t from = line == 0 ? 0 : lines_[line - 1].end;
    return std::string_view(text_).substr(from, lines_[line].end - from);
  }

  LineMark mark(size_t line) const { return lines_[line].mark; }

  // Whether this is the key of the line, though it may have only its digest.
  bool HasKey(size_t line, std::string_view key) const {
    const std::string_view held = text(line);
    return held == key || KeyDigest::Matches(held, key);
  }

  // Whether it may have digests.
  bool has_digests() const { return has_digests_; }

  // A line of this slot, from `start` on and then from the first one on; or HashIndex::kNone.
  uint32_t FindSlot(uint32_t slot, size_t start) const;

  void set_mark(size_t line, LineMark mark) { lines_[line].mark = mark; }

  // For the hot loop.
  const Line* lines() const { return lines_.data(); }

  const char* text_data() const { return text_.data(); }

  // False when the text would exceed kTextBytesMax. A line for which there is no room beside those
  // of series is not kept: it is new to the next page, too.
  bool Append(std::string_view key, LineMark mark);
  // The first `count` lines of another template.
  void AppendPrefix(const PageTemplate& other, size_t count);
  void Reserve(const PageTemplate& like);
  void ShrinkToFit();

  // Whether a key may have one.
  bool has_newline() const { return hides_newline_ || text_.find('\n') != std::string::npos; }

  size_t memory_bytes() const { return text_.capacity() + lines_.capacity() * sizeof(Line); }

  // For ContentPool. What is not compared follows from the lines.
  uint64_t Hash() const;

  friend bool operator==(const PageTemplate& a, const PageTemplate& b) {
    return a.lines_ == b.lines_ && a.text_ == b.text_;
  }

 private:
  enum Company : unsigned char { kSeries, kTold, kDropped, kCompanies };

  static Company CompanyOf(LineMark mark);
  bool KeepsDigestOf(std::string_view key, LineMark mark) const;
  bool TakeRoom(size_t text_bytes, LineMark mark);

  std::string text_;
  std::vector<Line> lines_;
  std::array<size_t, kCompanies> bytes_{};  // with sizeof(Line)
  bool has_digests_ = false;
  bool hides_newline_ = false;  // a key of which there is a digest has one
};

// Finds lines by their keys. Borrows the template. Thread-compatible.
class LineIndex {
 public:
  static constexpr uint32_t kNone = HashIndex::kNone;

  bool is_built() const { return built_; }

  void Build(const PageTemplate& page);
  // The first line with this key, or kNone.
  uint32_t Find(const PageTemplate& page, std::string_view key) const;

 private:
  uint32_t FindText(const PageTemplate& page, std::string_view text) const;

  HashIndex index_;
  bool built_ = false;
};

}  // namespace sluice::scrape
