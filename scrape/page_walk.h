// Reads one body against what is remembered of the one before.
//
// As long as the bytes equal the template, only values are read. At the first difference the walk
// starts to write the next template: lines are then found by their text, wherever they stand, and
// only lines that no one has seen before are parsed, relabeled and made into series.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "buffer/frame.h"
#include "buffer/layout.h"
#include "scrape/entry_scanner.h"
#include "scrape/family.h"
#include "scrape/layout_builder.h"
#include "scrape/page_template.h"
#include "scrape/series.h"
#include "scrape/text_parser.h"

namespace sluice::scrape {

// An entry longer than this fails the scrape.
inline constexpr size_t kEntryBytesMax = 16U << 20;
// The labels of a series may be this large, which keeps chunks far below what can be read back.
inline constexpr size_t kSeriesBytesMax = 100U << 10;
// Further samples of series that the same body already had, with timestamps of their own.
inline constexpr size_t kExtraSamplesMax = 1'000'000;
// Own timestamps may be this far ahead of the clock.
inline constexpr TimestampMs kAheadMsMax = 10 * 60'000;

// What is remembered of a target between scrapes.
struct PageState {
  enum class Tracking : uint8_t { kNone, kAll, kSome };

  PageTemplate text;
  bool is_multi_line = false;  // an entry of it holds a newline
  SeriesList series;
  std::shared_ptr<const buffer::Layout> layout;  // of `series` and of the report; null at first

  // Which series get a stale marker once they are missing: those whose last sample had the
  // scrape's timestamp and that have had no marker since.
  Tracking tracking = Tracking::kNone;
  std::vector<uint8_t> tracked;  // kSome: by slot

  TimestampMs last_frame_ms = buffer::kNoTimestamp;
  // Of the last sample of each series, markers included: by slot, or else one for all of them.
  std::vector<TimestampMs> latest;
  TimestampMs latest_of_all = buffer::kNoTimestamp;
};

struct SampleCounts {
  uint64_t scraped = 0;       // samples in the body
  uint64_t post_relabel = 0;  // of them, not dropped by relabeling
  uint64_t series_added = 0;
  // Dropped samples by reason.
  uint64_t duplicate = 0;
  uint64_t out_of_order = 0;
  uint64_t out_of_bounds = 0;
  uint64_t refused = 0;  // by SampleLimitPolicy::kKeepKnown

  bool sample_limit_exceeded = false;
  bool label_limit_exceeded = false;
};

// Thread-compatible; for one body.
class PageWalk {
 public:
  struct Times {
    TimestampMs frame_ms = 0;
    TimestampMs now_ms = 0;
  };

  struct ExtraSample {
    uint32_t slot;
    TimestampMs timestamp_ms;
    double value;
  };

  // `state` and `rules` must stay as they are while the walk lives.
  PageWalk(const PageState& state, const SeriesRules& rules, Times times);

  // The next piece of the body, cut anywhere. Errors are final and start with `line N: `.
  Status Feed(std::string_view bytes);
  // The body is complete.
  Status End();

  const SampleCounts& counts() const { return counts_; }

  // What came of it, for Page: by slot, where slots past those of the old list are added series.
  struct Outcome {
    bool rewritten = false;  // `text` replaces the template, and these are filled:
    PageTemplate text;
    std::vector<uint8_t> seen;
    std::vector<FamilyId> families;  // of the old list's series
    bool families_changed = false;
    AddedSeries added;
    std::vector<uint32_t> anchors;  // by added series: how many old slots stand before it
    std::unordered_map<FamilyId, Family> known_families;

    std::vector<double> values;
    std::vector<uint32_t> absent;    // seen, but without an accepted sample; any order
    std::vector<uint32_t> repeated;  // of them, those whose sample came with the last scrape, too
    bool timed = false;              // these are filled:
    std::vector<TimestampMs> times;  // own ones, or kNoTimestamp
    std::vector<TimestampMs> latest;
    std::vector<ExtraSample> extras;
  };

  // After End() went well, or for `seen` after an error. Leaves the walk empty.
  Outcome Take();

 private:
  struct Sample {
    double value = 0;
    bool has_timestamp = false;
    TimestampMs timestamp_ms = 0;
  };

  Status Walk(std::string_view bytes);
  template <bool kRewriting>
  const char* WalkKnown(const char* p, const char* end);
  const char* ReadRest(const char* p, const char* end, Sample& sample) const;
  const char* ReadUncommonRest(const char* p, const char* end, Sample& sample) const;
  Status ProcessEntry(std::string_view text);
  Status PlaceUnknown(std::string_view key, const Sample& sample);

  bool KeepKnown(size_t line, const Sample& sample);
  bool PlaceSample(std::string_view key, LineMark mark, const Sample& sample);
  void TakeSample(LineMark mark, const Sample& sample);
  void TakeUncommon(uint32_t slot, bool is_repeat, const Sample& sample);
  void TakeRepeat(uint32_t slot, const Sample& sample);
  void TakeWithoutSlot(LineMark mark);
  bool IsAboveLimit(LineMark mark, const Sample& sample);
  bool HasRoom() const;
  void Refuse();

  void StartRewriting();
  void StartTimed();
  void KeepMetadata(size_t line);
  void UpdateFamily(uint32_t slot, std::string_view key);
  std::string_view MetricNameOf(std::string_view key);
  uint32_t FindLine(std::string_view key);
  Result<LineMark> MarkOf(uint64_t hash);
  Error AtLine(const Error& error) const;

  // Set once.
  const PageState& state_;
  const SeriesRules& rules_;
  const Times times_;

  // Where we are.
  size_t cursor_ = 0;  // the line of the template expected next
  uint64_t line_ = 0;  // lines of the body done
  bool ended_ = false;
  EntryScanner scanner_;
  std::string carry_;  // an unfinished entry
  Status failure_;

  SampleCounts counts_;
  // SampleLimitPolicy::kFail: how far post_relabel may go. Samples that do not count raise it.
  uint64_t allowance_;
  Outcome out_;

  // While rewriting.
  TextParser parser_;
  Entry entry_;
  SeriesMaker maker_;
  SeriesContent content_;
  std::string encoded_;
  FamilyContext context_;
  LineIndex line_index_;
  HashIndex series_index_;
  bool series_indexed_ = false;
  uint32_t anchor_ = 0;
};

}  // namespace sluice::scrape
