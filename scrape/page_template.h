// The text of a target's last page without its values, against which the next page is compared.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <memory>
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
// What is kept follows the series of the page, however long its body is: see Append(). The next
// template after a change shares the text of this one: it adds what is new, and leaves what no line
// needs any more until Settle().
class PageTemplate {
 public:
  struct Line {
    uint32_t at;  // where its text stands
    LineMark mark;

    friend bool operator==(const Line&, const Line&) = default;
  };

  // Where texts are found. Borrows the template.
  class Texts {
   public:
    std::string_view At(uint32_t at) const {
      const char* const p = at < base_size_ ? base_ + at : own_ + (at - base_size_);
      uint16_t size = 0;
      std::memcpy(&size, p, sizeof(size));
      return {p + sizeof(size), size};
    }

   private:
    friend PageTemplate;
    const char* base_;
    size_t base_size_;
    const char* own_;
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

  std::string_view text(size_t line) const { return texts().At(lines_[line].at); }

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

  Texts texts() const {
    Texts texts;
    texts.base_ = base_->data();
    texts.base_size_ = base_->size();
    texts.own_ = own_.data();
    return texts;
  }

  // Of an empty one: has the first `count` lines of `old`, and shares its text.
  void Follow(const PageTemplate& old, size_t count);
  // A line of the template that it follows, under another mark. False as for Append().
  bool Keep(const PageTemplate& old, size_t line, LineMark mark);
  // False when the text would exceed kTextBytesMax. A line for which there is no room beside those
  // of series is not kept: it is new to the next page, too.
  bool Append(std::string_view key, LineMark mark);

  // Bytes that Settle() would give up, or write anew.
  size_t loose_bytes() const { return own_.size() + waste(); }

  size_t text_bytes() const { return base_->size() + own_.size(); }

  // Writes the text anew, unless it is just what the lines need, in their order: equal lines then
  // have equal texts and places.
  void Settle();

  void ShrinkToFit();

  // Whether a key may have one.
  bool has_newline() const { return has_newline_ || hides_newline_; }

  // What others have of it, too, is counted in part.
  size_t memory_bytes() const;

  // For ContentPool; of settled ones. What is not compared follows from the lines.
  uint64_t Hash() const;

  friend bool operator==(const PageTemplate& a, const PageTemplate& b) {
    return a.lines_ == b.lines_ && *a.base_ == *b.base_ && a.own_ == b.own_;
  }

 private:
  enum Company : unsigned char { kSeries, kTold, kDropped, kCompanies };

  static Company CompanyOf(LineMark mark);
  bool KeepsDigestOf(std::string_view key, LineMark mark) const;
  bool TakeRoom(size_t size, LineMark mark);
  void Count(size_t size, LineMark mark);
  void Push(Line line);

  size_t waste() const { return text_bytes() - std::min(text_bytes(), needed_bytes_); }

  std::shared_ptr<const std::string> base_ = std::make_shared<const std::string>();
  std::string own_;  // places in it come after those in the base
  std::vector<Line> lines_;
  std::array<size_t, kCompanies> bytes_{};  // with kLineBytes
  size_t needed_bytes_ = 0;                 // texts of all lines, each as if it had its own
  bool in_order_ = true;                    // places ascend with lines
  bool has_newline_ = false;
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
