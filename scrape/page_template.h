// The text of a target's last page without its values, against which the next page is compared.
#pragma once

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
#include "scrape/content_pool.h"

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

class KeyReader;

// What lines of metadata say, in their order.
struct ToldText {
  std::string bytes;

  uint64_t Hash() const;

  friend bool operator==(const ToldText&, const ToldText&) = default;
};

// Lines in the order of the last page. The key of a sample is everything before its value, that of
// a metadata line is all of it; blank lines and comments are not kept. Thread-compatible.
//
// Of a sample's key only those bytes are kept that are not, at its begin and at its end, those of
// the sample before it, of which most have all but a few in common. Metadata is kept as it is, but
// pages that say the same share it. KeyReader has the keys; whoever compares them with a body in
// their order needs no reader, since what stood before has just been compared.
//
// Very long keys are kept as digests, and beyond kPlainBytesMax of text those of all samples are.
//
// What is kept follows the series of the page, however long its body is: see Append().
class PageTemplate {
 public:
  struct Line {
    LineMark mark;
    uint16_t own;    // bytes that are kept
    uint8_t prefix;  // bytes at the begin that are those of the sample before
    uint8_t suffix;  // and at the end

    size_t key_size() const { return size_t{prefix} + own + suffix; }

    bool is_whole() const { return prefix == 0 && suffix == 0; }

    friend bool operator==(const Line&, const Line&) = default;
  };

  // Where the bytes of a line are.
  struct Place {
    uint32_t own = 0;   // of a sample
    uint32_t told = 0;  // of metadata

    void Pass(const Line& line) { (line.mark.is_metadata() ? told : own) += line.own; }
  };

  static constexpr size_t kTextBytesMax = std::numeric_limits<uint32_t>::max();
  // A page beyond that is too large to be looked at by anybody: see PageView.
  static constexpr size_t kPlainBytesMax = 64U << 20;

  // The lines that stand for series may be accompanied by so much for each of their bytes, and by
  // this much in any case: of metadata and of lines that repeat a series, and of lines whose
  // samples are dropped or refused. Whole keys count.
  static constexpr size_t kCompanyFactor = 4;
  static constexpr size_t kToldBytesMin = 1U << 20;
  static constexpr size_t kDroppedBytesMin = 64U << 20;

  // The first sample of so many lines has all its bytes.
  static constexpr size_t kRunLines = 32;

  static constexpr size_t kNone = SIZE_MAX;

  size_t size() const { return lines_.size(); }

  LineMark mark(size_t line) const { return lines_[line].mark; }

  void set_mark(size_t line, LineMark mark) { lines_[line].mark = mark; }

  // Whether it may have digests.
  bool has_digests() const { return has_digests_; }

  // Whether there was metadata on the page for which there was no room.
  bool lacks_metadata() const { return lacks_metadata_; }

  // A line of this slot, from `start` on and then from the first one on; or kNone.
  size_t FindSlot(uint32_t slot, size_t start) const;

  // For those who go through the lines.
  const Line* lines() const { return lines_.data(); }

  std::string_view own() const { return own_; }

  std::string_view told() const { return told_ == nullptr ? new_told_ : told_->bytes; }

  // Of the first line of its run.
  Place PlaceOfRun(size_t line) const { return runs_[line / kRunLines]; }

  // Of any line, or of the end.
  Place PlaceOf(size_t line) const;

  // Of an empty one: has the first `count` lines of `old`.
  void Follow(const PageTemplate& old, size_t count);
  // A line of the template that it follows, which `old` reads, under another mark. False as for
  // Append().
  bool Keep(KeyReader& old, size_t line, LineMark mark);
  // False when the text would exceed kTextBytesMax. A line for which there is no room beside those
  // of series is not kept: it is new to the next page, too.
  bool Append(std::string_view key, LineMark mark);

  // No line follows. Takes what is equal from `old`, the template of before, or from the pool;
  // null: there is none.
  void Finish(const PageTemplate& old, ContentPool<ToldText>* pool);

  // Whether a key may have one.
  bool has_newline() const { return has_newline_; }

  // What others have of it, too, is counted in part.
  size_t memory_bytes() const;

  // For ContentPool. What is not compared follows from the lines.
  uint64_t Hash() const;

  friend bool operator==(const PageTemplate& a, const PageTemplate& b) {
    return a.lines_ == b.lines_ && a.own_ == b.own_ && a.told() == b.told() &&
           a.lacks_metadata_ == b.lacks_metadata_;
  }

 private:
  enum Company : unsigned char { kSeries, kTold, kDropped, kCompanies };

  static Company CompanyOf(LineMark mark);

  size_t text_bytes() const;

  bool KeepsDigestOf(std::string_view key, LineMark mark) const;
  bool TakeRoom(size_t size, LineMark mark);
  void Count(size_t size, LineMark mark);
  size_t SampleBefore(size_t line) const;
  bool IsKeptAlike(const PageTemplate& old, size_t line) const;
  std::string_view LastKey();
  void Put(std::string_view text, LineMark mark);
  void PutSample(std::string_view text, LineMark mark);
  void StartRun();

  std::vector<Line> lines_;
  std::vector<Place> runs_;  // by kRunLines
  std::string own_;          // of samples
  std::shared_ptr<const ToldText> told_;
  std::array<size_t, kCompanies> bytes_{};  // with kLineBytes
  bool has_newline_ = false;
  bool has_digests_ = false;
  bool lacks_metadata_ = false;

  // Until it is finished.
  std::string new_told_;
  size_t kept_ = kNone;    // the line of the old template that the last sample is
  std::string last_key_;   // of the last sample
  bool has_last_ = false;  // or else it has to be read
};

}  // namespace sluice::scrape
