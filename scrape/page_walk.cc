#include "scrape/page_walk.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "base/hash.h"

namespace sluice::scrape {
namespace {

// So many lines after the expected one are compared before the index is asked: most changes are
// a line or two that went away.
constexpr size_t kNearLines = 4;

// After so many entries that are not where they were, all lines are indexed by their text.
constexpr uint32_t kStraysMax = 32;

Error TooLarge() { return InvalidInput("the page is too large"); }

bool HasHistogram(const Sample& sample) {
  return sample.entry != nullptr && sample.entry->histogram != nullptr;
}

bool IsStaleMarker(double value) { return std::bit_cast<uint64_t>(value) == buffer::kStaleNanBits; }

}  // namespace

PageWalk::PageWalk(const PageState& state, const SeriesRules& rules, Times times)
    : state_(state),
      text_(*state.text),
      series_(*state.series),
      rules_(rules),
      times_(times),
      in_step_(!text_.lacks_metadata()),
      keys_(text_),
      quota_(rules),
      maker_(rules),
      series_index_(series_, state.gone) {
  // With room for what the agent reports.
  out_.samples.values.reserve(series_.size() + kReportSeriesCount + kExtraReportSeriesCount);
  out_.samples.values.resize(series_.size());
  out_.samples.exemplars = ExemplarColumn(state.exemplars);
  if (!state.latest.empty()) StartTimed();
  // What the series were read from has been forgotten.
  if (text_.size() == 0 && series_.size() != 0) StartRewriting();
}

Status PageWalk::Place(std::string_view key, const Entry& entry) {
  const Result<bool> is_placed = PlaceKnown(key, entry);
  if (!is_placed.ok()) return is_placed.error();
  return *is_placed ? Status::Ok() : PlaceUnknown(key, entry);
}

Result<bool> PageWalk::PlaceKnown(std::string_view key, const Entry& entry) {
  if (entry.kind == EntryKind::kNothing || entry.kind == EntryKind::kEnd) return true;
  if (entry.kind != EntryKind::kSample) context_.OnMetadata(entry);
  if (out_.rewritten || !PlaceExpected(key, entry)) {
    if (!out_.rewritten) StartRewriting();
    const size_t before = cursor_;
    const Result<bool> is_placed = PlaceAnywhere(key, entry);
    StayInStep(before, entry.kind != EntryKind::kSample);
    if (!is_placed.ok() || !*is_placed) return is_placed;
  }
  if (Status status = CheckTaken(); !status.ok()) return status.error();
  return true;
}

bool PageWalk::PlaceExpected(std::string_view key, const Entry& entry) {
  if (cursor_ >= text_.size() || !keys_.HasKey(cursor_, key)) return false;
  const LineMark mark = text_.mark(cursor_);
  if (mark.is_metadata() != (entry.kind != EntryKind::kSample)) return false;
  if (!mark.is_metadata()) return TakeExpected(mark, SampleOf(entry, mark));
  ++cursor_;
  return true;
}

Result<bool> PageWalk::PlaceAnywhere(std::string_view key, const Entry& entry) {
  const bool is_metadata = entry.kind != EntryKind::kSample;
  size_t line = FindLine(key);
  if (is_metadata && line == PageTemplate::kNone) line = FindNextMetadata(key);
  const bool is_known = line != PageTemplate::kNone;
  if (is_known) cursor_ = line + 1;
  if (is_metadata) {
    const LineMark mark = LineMark::Metadata();
    const bool has_room =
        is_known ? out_.text.Keep(keys_, line, mark) : out_.text.Append(key, mark);
    if (!has_room) return TooLarge();
    return true;
  }
  if (!is_known) return false;
  const auto name_of = [&](std::string_view) { return entry.name; };
  return KeepKnown(line, key, SampleOf(entry, text_.mark(line)), name_of);
}

Sample PageWalk::SampleOf(const Entry& entry, LineMark mark) {
  const bool has_more =
      entry.histogram != nullptr || !entry.exemplars.empty() || entry.start_timestamp_ms != 0;
  // That a known series has ended is always worth a sample.
  const double value = entry.histogram != nullptr ? entry.histogram->sum : entry.value;
  if (IsStaleMarker(value) && mark.has_slot()) quota_.Exempt();
  return {.value = value,
          .has_timestamp = entry.has_timestamp && rules_.honor_timestamps,
          .timestamp_ms = entry.timestamp_ms,
          .entry = has_more ? &entry : nullptr};
}

Status PageWalk::End() {
  if (Status status = quota_.Check(); !status.ok()) return status;
  if (!out_.rewritten && cursor_ < text_.size()) StartRewriting();
  return Status::Ok();
}

SampleCounts PageWalk::counts() const {
  SampleCounts counts = quota_.counts();
  counts.exemplars = out_.samples.exemplars.counts();
  return counts;
}

PageWalk::Outcome PageWalk::Take() {
  out_.known_families = context_.families();
  return std::move(out_);
}

PageWalk::Outcome PageWalk::Abandon() {
  if (!out_.rewritten) StartRewriting();
  return Take();
}

Status PageWalk::CheckTaken() const {
  if (!invalid_histogram_.ok()) return invalid_histogram_;
  if (out_.samples.extras.size() > kExtraSamplesMax) {
    return InvalidInput("too many samples with timestamps of the same series");
  }
  if (out_.samples.histogram_bytes.size() > kHistogramColumnBytesMax) {
    return InvalidInput("native histograms are too large");
  }
  return Status::Ok();
}

// From the first sample above the limit on no series is seen any more.
bool PageWalk::IsAboveLimit(LineMark mark, const Sample& sample) {
  // Buckets are counted before samples.
  if (HasTooManyBuckets(mark, sample)) {
    ++quota_.counts().scraped;
    ++quota_.counts().post_relabel;
    quota_.CountTooManyBuckets();
  } else if (!quota_.CountAbove(mark, sample.has_timestamp)) {
    return false;
  }
  if (!out_.rewritten) StartRewriting();
  return true;
}

void PageWalk::TakeUncommon(uint32_t slot, bool is_repeat, const Sample& sample) {
  SampleColumns& samples = out_.samples;
  if (sample.has_timestamp && !samples.timed) StartTimed();
  if (!PassesHistogram(slot, is_repeat, sample)) return;
  if (is_repeat) {
    TakeRepeat(slot, sample);
    return;
  }
  const TimestampMs timestamp_ms = sample.has_timestamp ? sample.timestamp_ms : times_.frame_ms;
  if (samples.timed && timestamp_ms <= samples.latest[slot]) {
    ++quota_.counts().out_of_order;
    samples.absent.push_back(slot);
    if (sample.has_timestamp && timestamp_ms == samples.latest[slot]) {
      samples.repeated.push_back(slot);
    }
    return;
  }
  if (sample.has_timestamp && timestamp_ms > times_.now_ms + kAheadMsMax) {
    ++quota_.counts().out_of_bounds;
    samples.absent.push_back(slot);
    return;
  }
  if (samples.timed) {
    samples.latest[slot] = timestamp_ms;
    samples.times[slot] = sample.has_timestamp ? timestamp_ms : buffer::kNoTimestamp;
  }
  samples.values[slot] = sample.value;
  if (sample.entry != nullptr) samples.TakeMore(slot, timestamp_ms, *sample.entry);
}

void PageWalk::TakeRepeat(uint32_t slot, const Sample& sample) {
  if (!sample.has_timestamp) {
    quota_.CountDuplicate();
  } else if (sample.timestamp_ms <= out_.samples.latest[slot]) {
    ++quota_.counts().out_of_order;
  } else if (sample.timestamp_ms > times_.now_ms + kAheadMsMax) {
    ++quota_.counts().out_of_bounds;
  } else if (!HasRoom()) {
    quota_.CountRefused();
  } else {
    out_.samples.latest[slot] = sample.timestamp_ms;
    out_.samples.TakeExtra(slot, sample);
  }
}

bool PageWalk::HasTooManyBuckets(LineMark mark, const Sample& sample) const {
  const bool is_duplicate = mark.is_repeat() && !sample.has_timestamp;
  const bool counts = mark.has_slot() || mark.is_refused();
  if (!counts || is_duplicate || !HasHistogram(sample)) return false;
  const Result<bool> fits = ApplyLimits(rules_.histograms, *sample.entry->histogram);
  return fits.ok() && !*fits;
}

// Whether the sample goes on; it does when it has no histogram.
bool PageWalk::PassesHistogram(uint32_t slot, bool is_repeat, const Sample& sample) {
  const bool is_duplicate = is_repeat && !sample.has_timestamp;
  if (!HasHistogram(sample) || is_duplicate) return true;
  proto::NativeHistogram& histogram = *sample.entry->histogram;
  const Result<bool> fits = ApplyLimits(rules_.histograms, histogram);
  if (fits.ok() && !*fits) {
    RefuseHistogram(slot, is_repeat);
    return false;
  }
  invalid_histogram_ = fits.ok() ? proto::Validate(histogram) : Status(fits.error());
  if (invalid_histogram_.ok()) return true;
  --quota_.counts().post_relabel;
  return false;
}

// The scrape has failed, but goes on for its counts and to see which other series are there.
void PageWalk::RefuseHistogram(uint32_t slot, bool is_repeat) {
  quota_.CountTooManyBuckets();
  if (!out_.rewritten) StartRewriting();
  if (is_repeat) return;
  out_.seen[slot] = 0;
  out_.samples.absent.push_back(slot);
}

void PageWalk::StartTimed() {
  SampleColumns& samples = out_.samples;
  samples.timed = true;
  const size_t count = samples.values.size();
  samples.latest = state_.latest;
  if (samples.latest.empty()) samples.latest.assign(series_.size(), state_.latest_of_all);
  for (const uint32_t slot : state_.gone) samples.latest[slot] = buffer::kNoTimestamp;
  samples.latest.resize(count, buffer::kNoTimestamp);
  samples.times.assign(count, buffer::kNoTimestamp);
  // Samples of this body so far had no timestamps, so they are the frame's.
  if (out_.rewritten) {
    for (size_t slot = 0; slot < count; ++slot) {
      if (out_.seen[slot] != 0) samples.latest[slot] = times_.frame_ms;
    }
    return;
  }
  for (size_t i = 0; i < cursor_; ++i) {
    const LineMark mark = text_.mark(i);
    if (mark.has_slot()) samples.latest[mark.slot()] = times_.frame_ms;
  }
}

void PageWalk::StartRewriting() {
  out_.rewritten = true;
  out_.text.Follow(text_, cursor_);
  out_.seen.assign(series_.size(), 0);
  for (size_t i = 0; i < cursor_; ++i) {
    const LineMark mark = text_.mark(i);
    if (!mark.has_slot()) continue;
    out_.seen[mark.slot()] = 1;
    anchor_ = mark.slot() + 1;
  }
}

// `line` is the one of the template that has the key, or kNone. False when the text has no room.
bool PageWalk::PlaceSample(std::string_view key, size_t line, LineMark mark, const Sample& sample) {
  if (mark.has_slot()) {
    const uint32_t slot = mark.slot();
    const bool is_repeat = out_.seen[slot] != 0;
    mark = mark.WithRepeat(is_repeat);
    if (quota_.is_spent() && IsAboveLimit(mark, sample)) return true;
    if (!is_repeat) {
      if (slot < series_.size()) anchor_ = slot + 1;
      // Only now, because StartTimed() takes what is seen for taken.
      if (sample.has_timestamp && !out_.samples.timed) StartTimed();
      out_.seen[slot] = 1;
    }
  }
  const bool has_room =
      line == PageTemplate::kNone ? out_.text.Append(key, mark) : out_.text.Keep(keys_, line, mark);
  if (!has_room) return false;
  TakeSample(mark, sample);
  return true;
}

void PageWalk::UpdateFamily(uint32_t slot, std::string_view metric_name) {
  const FamilyId now = context_.FamilyOf(metric_name);
  if (now == FamilyAt(slot)) return;
  if (!out_.families_changed) out_.families = series_.families;
  out_.families_changed = true;
  out_.families[slot] = now;
}

Status PageWalk::PlaceUnknown(std::string_view key, const Entry& entry) {
  const buffer::MetricType type = context_.last_type();
  SampleCounts& counts = quota_.counts();
  const Result<SeriesFate> fate = maker_.Make(entry, type, content_);
  ++counts.scraped;
  counts.label_limit_exceeded = maker_.label_limit_exceeded();
  if (!fate.ok()) return fate.error();
  --counts.scraped;
  LineMark mark = LineMark::Dropped();
  if (*fate == SeriesFate::kKept) {
    encoded_.clear();
    EncodeSeries(content_, encoded_);
    if (encoded_.size() > kSeriesBytesMax)
      return InvalidInput("the labels of a series are too large");
    const uint64_t hash = Xxh3(encoded_);
    if (IsReportSeries(content_, rules_.extra_report)) {
      mark = mark.WithRepeat(true);
    } else {
      const Result<LineMark> placed = MarkOf(hash, entry.name);
      if (!placed.ok()) return placed.error();
      mark = *placed;
    }
  }
  mark = mark.WithSpelling(maker_.le_depends(), maker_.quantile_depends(), type);
  const size_t before = cursor_;
  const size_t line = FollowStray(key, mark);
  const bool is_stray = line != PageTemplate::kNone;
  StayInStep(before, false);
  if (!PlaceSample(key, line, mark, SampleOf(entry, is_stray ? mark : LineMark::Dropped()))) {
    return TooLarge();
  }
  return CheckTaken();
}

// For the series in encoded_, which becomes a new one if nobody has it and there is room.
Result<LineMark> PageWalk::MarkOf(uint64_t hash, std::string_view metric_name) {
  const uint32_t old_count = series_.size();
  const uint32_t found = series_index_.Find(out_.added, hash);
  if (found != SeriesIndex::kNone) {
    if (found < old_count && NeedsFamily(found)) UpdateFamily(found, metric_name);
    return LineMark::Slot(found);
  }
  if (!HasRoom() || quota_.is_spent()) return LineMark::Refused();
  const uint32_t slot = old_count + out_.added.size();
  if (slot >= LineMark::kSlotsMax) return TooLarge();
  out_.added.Add(encoded_, hash, context_.FamilyOf(metric_name));
  out_.anchors.push_back(anchor_);
  out_.seen.push_back(0);
  out_.samples.AddSlot();
  // What comes after a failure is not reported as added.
  if (quota_.counts().bucket_limit_exceeded) out_.samples.absent.push_back(slot);
  return LineMark::Slot(slot);
}

size_t PageWalk::FindLine(std::string_view key) {
  const size_t count = text_.size();
  for (size_t i = cursor_; i < std::min(cursor_ + kNearLines, count); ++i) {
    if (keys_.HasKey(i, key)) return i;
  }
  if (count == 0 || strays_ <= kStraysMax) return PageTemplate::kNone;
  if (!line_index_.is_built()) line_index_.Build(keys_);
  return line_index_.Find(keys_, key);
}

// Often all series above it went away, however many.
size_t PageWalk::FindNextMetadata(std::string_view key) {
  const size_t count = text_.size();
  // Never back, so that all searches together go through the lines once.
  next_metadata_ = std::max(next_metadata_, cursor_);
  while (next_metadata_ < count && !text_.mark(next_metadata_).is_metadata()) ++next_metadata_;
  const bool is_it = next_metadata_ < count && keys_.HasKey(next_metadata_, key);
  return is_it ? next_metadata_ : PageTemplate::kNone;
}

// After an entry was looked for at the cursor `before`. The walk is out of step for good once
// metadata has come, gone or moved, and when lines come that stood further up: then, what is passed
// here is passed once.
void PageWalk::StayInStep(size_t before, bool is_metadata) {
  if (!in_step_) return;
  size_t end = cursor_;
  if (is_metadata) {
    const bool is_known = end > before && text_.mark(end - 1).is_metadata();
    in_step_ = is_known;
    if (is_known) --end;
  }
  in_step_ = in_step_ && end >= before;
  for (size_t i = before; in_step_ && i < end; ++i) in_step_ = !text_.mark(i).is_metadata();
}

// After an entry that FindLine() did not find: goes on behind its line if the template has it, and
// returns that line, or kNone. As long as there are few of them, what such an entry is tells where
// it stood, since slots ascend with lines, or that it is new: that is cheaper than an index of all
// lines.
size_t PageWalk::FollowStray(std::string_view key, LineMark mark) {
  const bool is_new = mark.has_slot() && mark.slot() >= series_.size();
  if (is_new || strays_ > kStraysMax) return PageTemplate::kNone;
  ++strays_;
  if (!mark.has_slot()) return PageTemplate::kNone;
  const size_t line = text_.FindSlot(mark.slot(), cursor_);
  if (line == PageTemplate::kNone || !keys_.HasKey(line, key)) return PageTemplate::kNone;
  cursor_ = line + 1;
  return line;
}

}  // namespace sluice::scrape
