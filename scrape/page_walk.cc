#include "scrape/page_walk.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/hash.h"
#include "scrape/number.h"

namespace sluice::scrape {
namespace {

// So many lines after the expected one are compared before the index is asked: most changes are
// a line or two that went away.
constexpr size_t kNearLines = 4;

bool IsBlank(char c) { return c == ' ' || c == '\t'; }

bool EndsValue(char c) { return c == '\n' || IsBlank(c); }

Error TooLarge() { return InvalidInput("the page is too large"); }

}  // namespace

PageWalk::PageWalk(const PageState& state, const SeriesRules& rules, Times times)
    : state_(state),
      rules_(rules),
      times_(times),
      allowance_(rules.sample_limit != 0 && rules.sample_limit_policy == SampleLimitPolicy::kFail
                     ? rules.sample_limit
                     : UINT64_MAX),
      maker_(rules) {
  out_.values.resize(state.series.size());
  if (!state.latest.empty()) StartTimed();
}

Status PageWalk::Feed(std::string_view bytes) {
  if (!failure_.ok() || ended_) return failure_;
  if (!carry_.empty()) {
    const size_t end = scanner_.FindEnd(bytes);
    const size_t taken = end == std::string_view::npos ? bytes.size() : end + 1;
    if (carry_.size() + taken > kEntryBytesMax) {
      failure_ = AtLine(InvalidInput("line too long"));
      return failure_;
    }
    carry_.append(bytes.substr(0, taken));
    if (end == std::string_view::npos) return Status::Ok();
    bytes.remove_prefix(taken);
    const std::string entry = std::exchange(carry_, {});
    failure_ = Walk(entry);
    if (!failure_.ok() || ended_) return failure_;
  }
  failure_ = Walk(bytes);
  return failure_;
}

Status PageWalk::End() {
  if (!failure_.ok()) return failure_;
  if (!carry_.empty() && !ended_) {
    // The last newline is optional.
    const std::string entry = std::exchange(carry_, {}) + '\n';
    failure_ = Walk(entry);
    // Still unfinished: it ends inside quotes, and the parser has the words for that.
    if (failure_.ok() && !carry_.empty()) {
      failure_ = ProcessEntry(std::string_view(entry).substr(0, entry.size() - 1));
    }
    if (!failure_.ok()) return failure_;
  }
  if (allowance_ != UINT64_MAX && counts_.sample_limit_exceeded) {
    failure_ = InvalidInput("sample limit exceeded");
    return failure_;
  }
  if (!out_.rewritten && cursor_ < state_.text.size()) StartRewriting();
  return Status::Ok();
}

PageWalk::Outcome PageWalk::Take() {
  if (!failure_.ok() && !out_.rewritten) StartRewriting();
  out_.known_families = context_.families();
  return std::move(out_);
}

Status PageWalk::Walk(std::string_view bytes) {
  const char* p = bytes.data();
  const char* const end = p + bytes.size();
  while (p != end && !ended_) {
    p = out_.rewritten ? WalkKnown<true>(p, end) : WalkKnown<false>(p, end);
    if (out_.extras.size() > kExtraSamplesMax) {
      return AtLine(InvalidInput("too many samples with timestamps of the same series"));
    }
    if (p == end) break;
    const std::string_view rest(p, static_cast<size_t>(end - p));
    scanner_.Reset();
    const size_t size = scanner_.FindEnd(rest);
    if (size == std::string_view::npos) {
      if (rest.size() > kEntryBytesMax) return AtLine(InvalidInput("line too long"));
      carry_.assign(rest);
      return Status::Ok();
    }
    if (Status status = ProcessEntry(rest.substr(0, size)); !status.ok()) return status;
    p += size + 1;
  }
  return Status::Ok();
}

// Goes on while the body is as expected; returns where it is not, or where bytes are missing.
template <bool kRewriting>
const char* PageWalk::WalkKnown(const char* p, const char* end) {
  const size_t count = state_.text.size();
  const PageTemplate::Line* const lines = state_.text.lines();
  const char* const text = state_.text.text_data();
  size_t from = cursor_ == 0 ? 0 : lines[cursor_ - 1].end;
  for (; cursor_ < count; ++cursor_) {
    const PageTemplate::Line& line = lines[cursor_];
    const size_t size = line.end - from;
    if (static_cast<size_t>(end - p) <= size || std::memcmp(p, text + from, size) != 0) return p;
    const char* rest = p + size;
    if (line.mark.is_metadata()) {
      if (*rest != '\n') return p;
      if constexpr (kRewriting) KeepMetadata(cursor_);
    } else {
      Sample sample;
      rest = ReadRest(rest, end, sample);
      if (rest == nullptr) return p;
      if constexpr (kRewriting) {
        if (!KeepKnown(cursor_, sample)) return p;
      } else {
        if (line.mark.is_refused() && HasRoom()) return p;
        TakeSample(line.mark, sample);
      }
    }
    if (state_.is_multi_line) {
      line_ += static_cast<uint64_t>(std::count(p, rest, '\n'));
    }
    ++line_;
    p = rest + 1;
    from = line.end;
  }
  return p;
}

// Value and timestamp; returns the newline after them, or null when this is not plainly fine.
inline const char* PageWalk::ReadRest(const char* p, const char* end, Sample& sample) const {
  const char* const after = ParseCommonValue(p, end, sample.value);
  if (after != nullptr && *after == '\n') [[likely]]
    return after;
  return ReadUncommonRest(p, end, sample);
}

const char* PageWalk::ReadUncommonRest(const char* p, const char* end, Sample& sample) const {
  const char* at = std::find_if(p, end, EndsValue);
  if (at == end || !ParseValue({p, static_cast<size_t>(at - p)}, sample.value)) return nullptr;
  at = std::find_if_not(at, end, IsBlank);
  if (at == end) return nullptr;
  if (*at == '\n') return at;
  const char* const digits = at;
  at = std::find_if(at, end, EndsValue);
  if (at == end) return nullptr;
  if (!ParseTimestamp({digits, static_cast<size_t>(at - digits)}, sample.timestamp_ms)) {
    return nullptr;
  }
  sample.has_timestamp = rules_.honor_timestamps;
  at = std::find_if_not(at, end, IsBlank);
  return at != end && *at == '\n' ? at : nullptr;
}

inline void PageWalk::TakeSample(LineMark mark, const Sample& sample) {
  if (counts_.post_relabel >= allowance_) [[unlikely]] {
    if (IsAboveLimit(mark, sample)) return;
  }
  ++counts_.scraped;
  if (!mark.has_slot()) [[unlikely]] {
    TakeWithoutSlot(mark);
    return;
  }
  ++counts_.post_relabel;
  if (out_.timed || sample.has_timestamp || mark.is_repeat()) [[unlikely]] {
    TakeUncommon(mark.slot(), mark.is_repeat(), sample);
    return;
  }
  out_.values[mark.slot()] = sample.value;
}

void PageWalk::TakeWithoutSlot(LineMark mark) {
  if (mark.is_refused()) {
    ++counts_.post_relabel;
    Refuse();
    return;
  }
  // A repeat without a slot is a series that only we may report.
  if (mark.is_repeat()) {
    ++counts_.post_relabel;
    ++counts_.duplicate;
  }
}

// Whether the sample is one too many for SampleLimitPolicy::kFail, and then counts it: the scrape
// has failed, but its counts stay true. From the first such sample on no series is seen any more.
bool PageWalk::IsAboveLimit(LineMark mark, const Sample& sample) {
  const bool is_repeat = mark.is_repeat() && !sample.has_timestamp && mark.has_slot();
  if (mark.is_dropped() && !mark.is_repeat()) return false;
  if (is_repeat && !counts_.sample_limit_exceeded) return false;
  ++counts_.scraped;
  ++counts_.post_relabel;
  if (is_repeat) ++counts_.duplicate;
  if (counts_.sample_limit_exceeded) return true;
  counts_.sample_limit_exceeded = true;
  if (!out_.rewritten) StartRewriting();
  return true;
}

// SampleLimitPolicy::kKeepKnown: series that the target had before have their places, be they here
// or not, so that the order of a page does not decide who gets one.
bool PageWalk::HasRoom() const {
  if (rules_.sample_limit == 0 || rules_.sample_limit_policy == SampleLimitPolicy::kFail) {
    return true;
  }
  return state_.series.size() + out_.added.size() + out_.extras.size() < rules_.sample_limit;
}

void PageWalk::Refuse() {
  ++counts_.refused;
  counts_.sample_limit_exceeded = true;
}

void PageWalk::TakeUncommon(uint32_t slot, bool is_repeat, const Sample& sample) {
  if (sample.has_timestamp && !out_.timed) StartTimed();
  if (is_repeat) {
    TakeRepeat(slot, sample);
    return;
  }
  const TimestampMs timestamp_ms = sample.has_timestamp ? sample.timestamp_ms : times_.frame_ms;
  if (timestamp_ms <= out_.latest[slot]) {
    ++counts_.out_of_order;
    out_.absent.push_back(slot);
    if (sample.has_timestamp && timestamp_ms == out_.latest[slot]) out_.repeated.push_back(slot);
    return;
  }
  if (sample.has_timestamp && timestamp_ms > times_.now_ms + kAheadMsMax) {
    ++counts_.out_of_bounds;
    out_.absent.push_back(slot);
    return;
  }
  out_.latest[slot] = timestamp_ms;
  out_.times[slot] = sample.has_timestamp ? timestamp_ms : buffer::kNoTimestamp;
  out_.values[slot] = sample.value;
}

void PageWalk::TakeRepeat(uint32_t slot, const Sample& sample) {
  if (!sample.has_timestamp) {
    ++counts_.duplicate;
    if (allowance_ != UINT64_MAX) ++allowance_;
  } else if (sample.timestamp_ms <= out_.latest[slot]) {
    ++counts_.out_of_order;
  } else if (sample.timestamp_ms > times_.now_ms + kAheadMsMax) {
    ++counts_.out_of_bounds;
  } else if (!HasRoom()) {
    Refuse();
  } else {
    out_.latest[slot] = sample.timestamp_ms;
    out_.extras.push_back({slot, sample.timestamp_ms, sample.value});
  }
}

void PageWalk::StartTimed() {
  out_.timed = true;
  const size_t count = out_.values.size();
  out_.latest = state_.latest;
  if (out_.latest.empty()) out_.latest.assign(state_.series.size(), state_.latest_of_all);
  out_.latest.resize(count, buffer::kNoTimestamp);
  out_.times.assign(count, buffer::kNoTimestamp);
  // Samples of this body so far had no timestamps, so they are the frame's.
  if (out_.rewritten) {
    for (size_t slot = 0; slot < count; ++slot) {
      if (out_.seen[slot] != 0) out_.latest[slot] = times_.frame_ms;
    }
    return;
  }
  for (size_t i = 0; i < cursor_; ++i) {
    const LineMark mark = state_.text.mark(i);
    if (mark.has_slot()) out_.latest[mark.slot()] = times_.frame_ms;
  }
}

void PageWalk::StartRewriting() {
  out_.rewritten = true;
  out_.text.Reserve(state_.text);
  out_.text.AppendPrefix(state_.text, cursor_);
  out_.seen.assign(state_.series.size(), 0);
  out_.families = state_.series.families;
  for (size_t i = 0; i < cursor_; ++i) {
    const LineMark mark = state_.text.mark(i);
    if (mark.has_slot()) {
      out_.seen[mark.slot()] = 1;
      anchor_ = mark.slot() + 1;
    } else if (mark.is_metadata()) {
      Entry entry;
      TextParser parser;
      if (parser.Parse(state_.text.text(i), entry).ok()) context_.OnMetadata(entry);
    }
  }
}

void PageWalk::KeepMetadata(size_t line) {
  const std::string_view text = state_.text.text(line);
  if (parser_.Parse(text, entry_).ok()) context_.OnMetadata(entry_);
  out_.text.Append(text, LineMark::Metadata());
}

bool PageWalk::KeepKnown(size_t line, const Sample& sample) {
  const LineMark mark = state_.text.mark(line);
  if (mark.is_refused() && HasRoom()) return false;
  return mark.HoldsUnder(context_.last_type()) && PlaceSample(state_.text.text(line), mark, sample);
}

// False when the text has no room.
bool PageWalk::PlaceSample(std::string_view key, LineMark mark, const Sample& sample) {
  if (mark.has_slot()) {
    const uint32_t slot = mark.slot();
    const bool is_repeat = out_.seen[slot] != 0;
    mark = mark.WithRepeat(is_repeat);
    if (counts_.post_relabel >= allowance_ && IsAboveLimit(mark, sample)) return true;
    if (!is_repeat) {
      if (slot < state_.series.size()) {
        UpdateFamily(slot, key);
        anchor_ = slot + 1;
      }
      // Only now, because StartTimed() takes what is seen for taken.
      if (sample.has_timestamp && !out_.timed) StartTimed();
      out_.seen[slot] = 1;
    }
  }
  if (!out_.text.Append(key, mark)) return false;
  TakeSample(mark, sample);
  return true;
}

void PageWalk::UpdateFamily(uint32_t slot, std::string_view key) {
  FamilyId& family = out_.families[slot];
  if (context_.IsCurrent(family)) return;
  const FamilyId now = context_.FamilyOf(MetricNameOf(key));
  if (now == family) return;
  family = now;
  out_.families_changed = true;
}

std::string_view PageWalk::MetricNameOf(std::string_view key) {
  const size_t end = key.find_first_of("{ \t\"#");
  if (end != 0) return key.substr(0, end);
  // Quoted, or indented: let the parser find it.
  encoded_.assign(key).append("0");
  if (!parser_.Parse(encoded_, entry_).ok()) return {};
  return entry_.name;
}

Status PageWalk::ProcessEntry(std::string_view text) {
  if (Status status = parser_.Parse(text, entry_); !status.ok()) return AtLine(status.error());
  if (entry_.kind == EntryKind::kEnd) {
    ended_ = true;
    return Status::Ok();
  }
  if (entry_.kind != EntryKind::kNothing) {
    if (!out_.rewritten) StartRewriting();
    const bool is_sample = entry_.kind == EntryKind::kSample;
    const std::string_view key = is_sample ? text.substr(0, entry_.key_size) : text;
    const uint32_t line = FindLine(key);
    const bool is_known = line != LineIndex::kNone;
    if (is_known) cursor_ = line + 1;
    if (!is_sample) {
      context_.OnMetadata(entry_);
      if (!out_.text.Append(key, LineMark::Metadata())) return AtLine(TooLarge());
    } else {
      const Sample sample{entry_.value, entry_.has_timestamp && rules_.honor_timestamps,
                          entry_.timestamp_ms};
      if (!is_known || !KeepKnown(line, sample)) {
        if (Status status = PlaceUnknown(key, sample); !status.ok()) return AtLine(status.error());
      }
    }
  }
  line_ += 1 + static_cast<uint64_t>(std::count(text.begin(), text.end(), '\n'));
  return Status::Ok();
}

// entry_ is that of `key`.
Status PageWalk::PlaceUnknown(std::string_view key, const Sample& sample) {
  const buffer::MetricType type = context_.last_type();
  const Result<SeriesFate> fate = maker_.Make(entry_, type, content_);
  ++counts_.scraped;
  counts_.label_limit_exceeded = maker_.label_limit_exceeded();
  if (!fate.ok()) return fate.error();
  --counts_.scraped;
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
      const Result<LineMark> placed = MarkOf(hash);
      if (!placed.ok()) return placed.error();
      mark = *placed;
    }
  }
  mark = mark.WithSpelling(maker_.le_depends(), maker_.quantile_depends(), type);
  return PlaceSample(key, mark, sample) ? Status::Ok() : Status(TooLarge());
}

// For the series in encoded_, which becomes a new one if nobody has it and there is room.
Result<LineMark> PageWalk::MarkOf(uint64_t hash) {
  const uint32_t old_count = state_.series.size();
  if (!series_indexed_) {
    series_indexed_ = true;
    series_index_.Reserve(old_count);
    for (uint32_t slot = 0; slot < old_count; ++slot) {
      series_index_.Insert(state_.series.hashes[slot], slot);
    }
  }
  const uint32_t found = series_index_.Find(hash, [](uint32_t) { return true; });
  if (found != HashIndex::kNone) return LineMark::Slot(found);
  if (!HasRoom() || counts_.post_relabel >= allowance_) return LineMark::Refused();
  const uint32_t slot = old_count + out_.added.size();
  if (slot >= LineMark::kSlotsMax) return TooLarge();
  series_index_.Insert(hash, slot);
  out_.added.Add(encoded_, hash, context_.FamilyOf(entry_.name));
  out_.anchors.push_back(anchor_);
  out_.values.push_back(0);
  out_.seen.push_back(0);
  if (out_.timed) {
    out_.latest.push_back(buffer::kNoTimestamp);
    out_.times.push_back(buffer::kNoTimestamp);
  }
  return LineMark::Slot(slot);
}

uint32_t PageWalk::FindLine(std::string_view key) {
  const size_t count = state_.text.size();
  for (size_t i = cursor_; i < std::min(cursor_ + kNearLines, count); ++i) {
    if (state_.text.text(i) == key) return static_cast<uint32_t>(i);
  }
  if (count == 0) return LineIndex::kNone;
  if (!line_index_.is_built()) line_index_.Build(state_.text);
  return line_index_.Find(state_.text, key);
}

Error PageWalk::AtLine(const Error& error) const {
  return error.WithContext("line " + std::to_string(line_ + 1));
}

}  // namespace sluice::scrape
