// Turns the entries of one body into samples, beside what is remembered of the body before.
//
// As long as entries come as expected, a sample is one store. At the first difference the walk
// starts to write the next template: entries are then found by their keys, wherever they stand, and
// only those that no one has seen before are relabeled and made into series.
//
// Whatever the format, its reader brings each entry to Place(). One whose keys are its text can
// compare that with the template itself, as TextWalk does.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "buffer/frame.h"
#include "buffer/layout.h"
#include "scrape/entry.h"
#include "scrape/family.h"
#include "scrape/key_reader.h"
#include "scrape/layout_builder.h"
#include "scrape/line_index.h"
#include "scrape/page_template.h"
#include "scrape/sample_columns.h"
#include "scrape/sample_quota.h"
#include "scrape/series.h"
#include "scrape/series_index.h"

namespace sluice::scrape {

// The labels of a series may be this large, which keeps chunks far below what can be read back.
inline constexpr size_t kSeriesBytesMax = 100U << 10;
// Further samples of series that the same body already had, with timestamps of their own.
inline constexpr size_t kExtraSamplesMax = 1'000'000;
// Own timestamps may be this far ahead of the clock.
inline constexpr TimestampMs kAheadMsMax = 10 * 60'000;

// A page that did not change in so many scrapes is expected to stay as it is.
inline constexpr uint32_t kCalmScrapes = 4;

// What is remembered of a target between scrapes.
struct PageState {
  enum class Tracking : uint8_t { kNone, kAll, kSome };

  // Neither is ever null; like pages may share them.
  std::shared_ptr<const PageTemplate> text = std::make_shared<const PageTemplate>();
  PageFormat format = PageFormat::kPrometheusText;  // of the text
  bool is_multi_line = false;                       // an entry of it holds a newline
  std::shared_ptr<const SeriesList> series = std::make_shared<const SeriesList>();
  std::shared_ptr<const buffer::Layout> layout;  // of `series` and of the report; null at first
  // Slots that are in the layout and stand for nothing any more, ascending: their series have had
  // their markers, and would be new if they came back. See series_change.h.
  std::vector<uint32_t> gone;
  // Bodies since one had another text, up to kCalmScrapes.
  uint32_t calm_scrapes = kCalmScrapes;

  // Which series get a stale marker once they are missing: those whose last sample had the
  // scrape's timestamp and that have had no marker since.
  Tracking tracking = Tracking::kNone;
  std::vector<uint8_t> tracked;  // kSome: by slot

  TimestampMs last_frame_ms = buffer::kNoTimestamp;
  // Of the last sample of each series, markers included: by slot, or else one for all of them.
  std::vector<TimestampMs> latest;
  TimestampMs latest_of_all = buffer::kNoTimestamp;
  // Of those series that have had exemplars, ascending by slot.
  std::vector<LatestExemplar> exemplars;
};

// Thread-compatible; for one body.
class PageWalk {
 public:
  struct Times {
    TimestampMs frame_ms = 0;
    TimestampMs now_ms = 0;
  };

  // `state` and `rules` must stay as they are while the walk lives.
  PageWalk(const PageState& state, const SeriesRules& rules, Times times);

  // The next entry of the body, metadata or a sample; others change nothing. `key` is whatever
  // bytes say all of the entry but its value, timestamps and exemplars: an entry with the same key
  // stands for the same series or the same metadata, in every body of this target. Errors are
  // final; they do not say where.
  Status Place(std::string_view key, const Entry& entry);

  // The same in two steps, for readers that have to work for the labels. The first does without
  // them; false when they are needed. Then, and only then, the second follows.
  Result<bool> PlaceKnown(std::string_view key, const Entry& entry);
  Status PlaceUnknown(std::string_view key, const Entry& entry);

  // Classic histograms that were to get custom buckets and make none.
  void CountMalformedHistograms(uint64_t count) { quota_.counts().malformed_histograms += count; }

  // The body is complete.
  Status End();

  SampleCounts counts() const;

  // What came of it, for Page: by slot, where slots past those of the old list are added series.
  struct Outcome {
    bool rewritten = false;  // `text` replaces the template, and these are filled:
    PageTemplate text;
    std::vector<uint8_t> seen;
    bool families_changed = false;
    std::vector<FamilyId> families;  // then: of the old list's series
    AddedSeries added;
    std::vector<uint32_t> anchors;  // by added series: how many old slots stand before it
    std::unordered_map<FamilyId, Family> known_families;

    SampleColumns samples;
  };

  // After End() went well. Leaves the walk empty.
  Outcome Take();
  // After anything went wrong: only `seen` and `added` count. Leaves the walk empty.
  Outcome Abandon();

  // For readers that compare the body with the template. -------------------------------------

  const PageTemplate& expected() const { return text_; }

  KeyReader& expected_keys() { return keys_; }

  bool expects_newlines() const { return state_.is_multi_line; }

  // The entry of the template that is expected next.
  size_t cursor() const { return cursor_; }

  bool rewriting() const { return out_.rewritten; }

  // The metadata of the body so far is that of the template before the cursor. Then whatever a
  // line of the template was made under stands above it now, too.
  bool in_step() const { return in_step_; }

  // The expected entry is there, and it is metadata. While rewriting, OnMetadata() is owed, in step
  // only before the next entry that is placed.
  void PassMetadata() {
    if (out_.rewritten) out_.text.Keep(keys_, cursor_, LineMark::Metadata());
    ++cursor_;
  }

  // What a metadata entry says that was passed.
  void OnMetadata(const Entry& entry) { context_.OnMetadata(entry); }

  // The expected entry is there, and it is a sample; not while rewriting. False, without effect,
  // when it has to go through Place().
  bool TakeExpected(LineMark mark, const Sample& sample) {
    if (mark.is_refused() && HasRoom()) return false;
    TakeSample(mark, sample);
    ++cursor_;
    return true;
  }

  // The same while rewriting; `key` is that of the entry, `name_of(key)` the name of its metric.
  template <class NameOf>
  bool KeepExpected(std::string_view key, const Sample& sample, NameOf name_of) {
    if (!KeepKnown(cursor_, key, sample, name_of)) return false;
    ++cursor_;
    return true;
  }

  // The same in step, where nothing that stands above the entry has to be known.
  bool KeepInStep(std::string_view key, const Sample& sample) {
    const LineMark mark = text_.mark(cursor_);
    // Where the series stood first before, it may have had other metadata.
    const bool is_first_now = mark.has_slot() && mark.is_repeat() && out_.seen[mark.slot()] == 0;
    if (is_first_now || (mark.is_refused() && HasRoom())) return false;
    if (!PlaceSample(key, cursor_, mark, sample)) return false;
    ++cursor_;
    return true;
  }

  // Whether what was taken is well-formed and does not need too much memory.
  Status CheckTaken() const;

 private:
  bool PlaceExpected(std::string_view key, const Entry& entry);
  Result<bool> PlaceAnywhere(std::string_view key, const Entry& entry);
  Sample SampleOf(const Entry& entry, LineMark mark);

  template <class NameOf>
  bool KeepKnown(size_t line, std::string_view key, const Sample& sample, NameOf name_of) {
    const LineMark mark = text_.mark(line);
    const bool holds = !mark.is_metadata() && mark.HoldsUnder(context_.last_type());
    if (!holds || (mark.is_refused() && HasRoom())) return false;
    if (mark.has_slot() && NeedsFamily(mark.slot())) UpdateFamily(mark.slot(), name_of(key));
    return PlaceSample(key, line, mark, sample);
  }

  FamilyId FamilyAt(uint32_t slot) const {
    return out_.families_changed ? out_.families[slot] : series_.families[slot];
  }

  bool NeedsFamily(uint32_t slot) const {
    return out_.seen[slot] == 0 && !context_.IsCurrent(FamilyAt(slot));
  }

  void UpdateFamily(uint32_t slot, std::string_view metric_name);
  bool PlaceSample(std::string_view key, size_t line, LineMark mark, const Sample& sample);
  void TakeSample(LineMark mark, const Sample& sample);
  void TakeUncommon(uint32_t slot, bool is_repeat, const Sample& sample);
  void TakeRepeat(uint32_t slot, const Sample& sample);
  bool HasTooManyBuckets(LineMark mark, const Sample& sample) const;
  bool PassesHistogram(uint32_t slot, bool is_repeat, const Sample& sample);
  void RefuseHistogram(uint32_t slot, bool is_repeat);
  bool IsAboveLimit(LineMark mark, const Sample& sample);

  // Series that the target had before have their places, be they here or not, so that the order
  // of a page does not decide who gets one.
  bool HasRoom() const {
    const size_t kept = series_.size() - state_.gone.size() + out_.added.size();
    return quota_.HasRoom(kept + out_.samples.extras.size());
  }

  void StartRewriting();
  void StartTimed();
  void StayInStep(size_t before, bool is_metadata);
  size_t FindLine(std::string_view key);
  size_t FindNextMetadata(std::string_view key);
  size_t FollowStray(std::string_view key, LineMark mark);
  Result<LineMark> MarkOf(uint64_t hash, std::string_view metric_name);

  // Set once.
  const PageState& state_;
  const PageTemplate& text_;  // those of state_
  const SeriesList& series_;
  const SeriesRules& rules_;
  const Times times_;

  size_t cursor_ = 0;
  bool in_step_;
  KeyReader keys_;
  SampleQuota quota_;
  Status invalid_histogram_;
  Outcome out_;

  // While rewriting.
  SeriesMaker maker_;
  SeriesContent content_;
  std::string encoded_;
  FamilyContext context_;
  LineIndex line_index_;
  uint32_t strays_ = 0;  // entries that are new only where they stand
  size_t next_metadata_ = 0;
  SeriesIndex series_index_;
  uint32_t anchor_ = 0;
};

inline void PageWalk::TakeSample(LineMark mark, const Sample& sample) {
  if (quota_.is_spent()) [[unlikely]] {
    if (IsAboveLimit(mark, sample)) return;
  }
  SampleCounts& counts = quota_.counts();
  ++counts.scraped;
  if (!mark.has_slot()) [[unlikely]] {
    quota_.CountWithoutSlot(mark);
    return;
  }
  ++counts.post_relabel;
  const bool is_common =
      !out_.samples.timed && !sample.has_timestamp && !mark.is_repeat() && sample.entry == nullptr;
  if (!is_common) [[unlikely]] {
    TakeUncommon(mark.slot(), mark.is_repeat(), sample);
    return;
  }
  out_.samples.values[mark.slot()] = sample.value;
}

}  // namespace sluice::scrape
