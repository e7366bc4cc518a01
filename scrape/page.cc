#include "scrape/page.h"

#include <algorithm>
#include <array>
#include <unordered_set>
#include <utility>

namespace sluice::scrape {
namespace {

using Tracking = PageState::Tracking;

// Stale markers that need more new chunks than that are told by the page's own layout instead.
constexpr size_t kStaleChunksMax = 4;

// With so few series in it, a bitmap of all of them costs less than any new chunk and the layout of
// it, here and wherever it is read.
constexpr uint32_t kBitmapSeriesMax = 4'096;

// Of the added series, those that got a sample.
uint64_t SeriesAdded(const PageWalk::Outcome& outcome, uint32_t old_count) {
  const auto missed = std::count_if(outcome.samples.absent.begin(), outcome.samples.absent.end(),
                                    [&](uint32_t slot) { return slot >= old_count; });
  return outcome.added.size() - static_cast<uint64_t>(missed);
}

template <class Content>
size_t PartOf(const std::shared_ptr<const Content>& shared) {
  // Others may let go of it just now.
  const auto holders = static_cast<size_t>(std::max(shared.use_count(), 1L));
  return shared->memory_bytes() / holders;
}

}  // namespace

Page::Page(SeriesRules rules, PageReport report, LikePages* like)
    : rules_(std::move(rules)), report_(std::move(report)), like_(like) {
  rules_.extra_report = report_.extra != nullptr;
  std::vector<std::shared_ptr<const buffer::Chunk>> chunks;
  AppendReportChunks(chunks);
  report_layout_ = buffer::Layout::Of(std::move(chunks));
}

void Page::Reconfigure(SeriesRules rules, PageReport report) {
  EndWalk();
  rules_ = std::move(rules);
  report_ = std::move(report);
  rules_.extra_report = report_.extra != nullptr;
}

PageView Page::View() const {
  return {.text = state_.text,
          .format = state_.format,
          .layout = state_.layout == nullptr ? report_layout_ : state_.layout,
          .series_count = series_count(),
          .gone = state_.gone,
          .rules = rules_};
}

void Page::Begin(TimestampMs frame_ms, TimestampMs now_ms) {
  EndWalk();
  times_ = {.frame_ms = frame_ms, .now_ms = now_ms};
}

void Page::SetFormat(PageFormat format) {
  EndWalk();
  if (format != state_.format) {
    // What one format takes for equal may be ill-formed in the other. The series stay.
    state_.text = std::make_shared<const PageTemplate>();
    state_.is_multi_line = false;
    state_.format = format;
  }
  StartWalk();
  reader_ = MakePageReader(format, *walk_, rules_);
}

Status Page::Feed(std::string_view bytes) {
  if (reader_ == nullptr) SetFormat(PageFormat::kPrometheusText);
  return reader_->Feed(bytes);
}

Result<PageResult> Page::Succeed(const ScrapeMeasures& measures) {
  // A body without a byte is well-formed in every format.
  if (walk_ == nullptr) StartWalk();
  const Status status = reader_ == nullptr ? walk_->End() : reader_->End();
  if (!status.ok()) return status.error();
  PageResult result;
  result.counts = walk_->counts();
  PageWalk::Outcome outcome = walk_->Take();
  result.counts.series_added = SeriesAdded(outcome, state_.series->size());
  EndWalk();
  if (times_.frame_ms <= state_.last_frame_ms) {
    // The wall clock stepped back: everything is older than what was sent. The page is looked at
    // again when time has caught up.
    result.counts.out_of_order += result.counts.post_relabel + report_.series_count();
    result.counts.series_added = 0;
    return result;
  }
  const Slots vanished = Vanished(outcome);
  auto stale = StaleFrame(vanished);
  if (outcome.samples.timed) {
    for (const uint32_t slot : vanished) outcome.samples.latest[slot] = times_.frame_ms;
  }
  Adopt(outcome);
  result.frames.push_back(SampleFrame(outcome, measures, result.counts));
  if (auto extra = ExtraFrame(outcome)) result.frames.push_back(std::move(*extra));
  if (stale.has_value()) result.frames.push_back(std::move(*stale));
  RememberSamples(outcome);
  state_.last_frame_ms = times_.frame_ms;
  return result;
}

PageResult Page::Fail(Failure failure, const ScrapeMeasures& measures) {
  PageResult result;
  std::vector<uint8_t> seen;
  if (failure == Failure::kContent) {
    result.counts = walk_->counts();
    PageWalk::Outcome outcome = walk_->Abandon();
    result.counts.series_added = SeriesAdded(outcome, state_.series->size());
    seen = std::move(outcome.seen);
  }
  EndWalk();
  seen.resize(state_.series->size(), 0);
  if (times_.frame_ms <= state_.last_frame_ms) {
    result.counts.out_of_order += report_.series_count();
    return result;
  }
  result.frames.push_back(ReportFrame(measures, result.counts));
  Slots missing;
  bool tracks_some = false;
  for (uint32_t slot = 0; slot < state_.series->size(); ++slot) {
    if (!IsTracked(slot)) seen[slot] = 0;
    if (seen[slot] != 0) {
      tracks_some = true;
    } else if (NeedsMarker(slot)) {
      missing.push_back(slot);
    }
  }
  if (auto stale = StaleFrame(missing)) result.frames.push_back(std::move(*stale));
  RememberMarkers(missing);
  state_.tracking = tracks_some ? Tracking::kSome : Tracking::kNone;
  state_.tracked = tracks_some ? std::move(seen) : std::vector<uint8_t>();
  state_.last_frame_ms = times_.frame_ms;
  return result;
}

PageResult Page::Retire(TimestampMs frame_ms, const Page* successor) {
  PageResult result;
  EndWalk();
  if (state_.last_frame_ms == buffer::kNoTimestamp || frame_ms <= state_.last_frame_ms) {
    return result;
  }
  times_ = {.frame_ms = frame_ms, .now_ms = frame_ms};
  std::unordered_set<uint64_t> continued;
  if (successor != nullptr) successor->AddHashes(continued);
  Slots ended;
  for (uint32_t slot = 0; slot < state_.series->size(); ++slot) {
    if (NeedsMarker(slot) && !continued.contains(state_.series->hashes[slot])) {
      ended.push_back(slot);
    }
  }
  std::vector<std::shared_ptr<const buffer::Chunk>> chunks;
  if (const auto layout = LayoutOfSlots(*state_.series, ended)) chunks = layout->chunks;
  const bool report_goes_on =
      successor != nullptr && successor->state_.last_frame_ms != buffer::kNoTimestamp;
  if (!report_goes_on) chunks.push_back(report_.chunk);
  const bool extra_goes_on = report_goes_on && successor->report_.extra != nullptr;
  if (report_.extra != nullptr && !extra_goes_on) chunks.push_back(report_.extra);
  if (!chunks.empty()) {
    PageFrame& frame = result.frames.emplace_back();
    frame.kind = buffer::FrameKind::kStale;
    frame.timestamp_ms = frame_ms;
    frame.layout = buffer::Layout::Of(std::move(chunks));
  }
  RememberMarkers(ended);
  state_.tracking = Tracking::kNone;
  state_.tracked.clear();
  state_.last_frame_ms = frame_ms;
  return result;
}

// Of the series that it has.
void Page::AddHashes(std::unordered_set<uint64_t>& hashes) const {
  auto gone = state_.gone.begin();
  for (uint32_t slot = 0; slot < state_.series->size(); ++slot) {
    if (gone != state_.gone.end() && *gone == slot) {
      ++gone;
    } else {
      hashes.insert(state_.series->hashes[slot]);
    }
  }
}

void Page::StartWalk() { walk_ = std::make_unique<PageWalk>(state_, rules_, times_); }

void Page::EndWalk() {
  reader_.reset();
  walk_.reset();
}

size_t Page::memory_bytes() const {
  return PartOf(state_.text) + PartOf(state_.series) + state_.tracked.capacity() +
         state_.gone.capacity() * sizeof(state_.gone[0]) +
         state_.latest.capacity() * sizeof(TimestampMs) +
         state_.exemplars.capacity() * sizeof(LatestExemplar);
}

PageFrame Page::SampleFrame(PageWalk::Outcome& outcome, const ScrapeMeasures& measures,
                            const SampleCounts& counts) const {
  PageFrame frame;
  frame.layout = state_.layout;
  frame.timestamp_ms = times_.frame_ms;
  frame.values = std::move(outcome.samples.values);
  AppendReport(1, measures, counts, frame.values);
  const bool has_times = outcome.samples.timed &&
                         std::any_of(outcome.samples.times.begin(), outcome.samples.times.end(),
                                     [](TimestampMs t) { return t != buffer::kNoTimestamp; });
  if (has_times) {
    frame.timestamps = outcome.samples.times;
    frame.timestamps.resize(frame.values.size(), buffer::kNoTimestamp);
  }
  if (!outcome.samples.absent.empty() || !state_.gone.empty()) {
    frame.present.assign(frame.values.size(), 1);
    for (const uint32_t slot : outcome.samples.absent) frame.present[slot] = 0;
    for (const uint32_t slot : state_.gone) frame.present[slot] = 0;
  }
  AddRareColumns(outcome.samples, frame);
  return frame;
}

std::optional<PageFrame> Page::StaleFrame(const Slots& slots) const {
  if (slots.empty()) return std::nullopt;
  PageFrame frame;
  frame.kind = buffer::FrameKind::kStale;
  frame.timestamp_ms = times_.frame_ms;
  const size_t chunks_max = state_.series->size() <= kBitmapSeriesMax ? 0 : kStaleChunksMax;
  if (CountPartialChunks(*state_.series, slots) <= chunks_max) {
    frame.layout = LayoutOfSlots(*state_.series, slots);
    return frame;
  }
  frame.layout = state_.layout;
  frame.present.assign(frame.layout->series_count, 0);
  for (const uint32_t slot : slots) frame.present[slot] = 1;
  return frame;
}

std::optional<PageFrame> Page::ExtraFrame(const PageWalk::Outcome& outcome) const {
  if (outcome.samples.extras.empty()) return std::nullopt;
  PageFrame frame;
  frame.timestamp_ms = times_.frame_ms;
  std::vector<std::shared_ptr<const buffer::Chunk>> chunks;
  for (size_t i = 0; i < outcome.samples.extras.size();) {
    // Repetitions of one series are in the order of the page, and so ascend in time.
    Slots slots;
    for (; i < outcome.samples.extras.size() && slots.size() < kChunkSeriesMax; ++i) {
      const SampleColumns::ExtraSample& extra = outcome.samples.extras[i];
      slots.push_back(extra.slot);
      frame.values.push_back(extra.value);
      frame.timestamps.push_back(extra.timestamp_ms);
    }
    chunks.push_back(ChunkOfSlots(*state_.series, slots));
  }
  AddRareColumns(outcome.samples.extras, outcome.samples.histogram_bytes, frame);
  frame.layout = buffer::Layout::Of(std::move(chunks));
  return frame;
}

// Of a scrape that failed.
PageFrame Page::ReportFrame(const ScrapeMeasures& measures, const SampleCounts& counts) const {
  PageFrame frame;
  frame.layout = report_layout_;
  frame.timestamp_ms = times_.frame_ms;
  AppendReport(0, measures, counts, frame.values);
  return frame;
}

void Page::AppendReport(double up, const ScrapeMeasures& measures, const SampleCounts& counts,
                        std::vector<double>& values) const {
  const std::array<double, kReportSeriesCount> report = {
      up, measures.duration_seconds, static_cast<double>(counts.scraped),
      static_cast<double>(counts.post_relabel), static_cast<double>(counts.series_added)};
  values.insert(values.end(), report.begin(), report.end());
  if (report_.extra == nullptr) return;
  const std::array<double, kExtraReportSeriesCount> extra = {
      report_.timeout_seconds, static_cast<double>(rules_.sample_limit), measures.body_bytes};
  values.insert(values.end(), extra.begin(), extra.end());
}

void Page::AppendReportChunks(std::vector<std::shared_ptr<const buffer::Chunk>>& chunks) const {
  chunks.push_back(report_.chunk);
  if (report_.extra != nullptr) chunks.push_back(report_.extra);
}

bool Page::IsTracked(uint32_t slot) const {
  if (state_.tracking == Tracking::kSome) return state_.tracked[slot] != 0;
  return state_.tracking == Tracking::kAll;
}

// Its own timestamps may be ahead of the clock: then a marker would come too late.
bool Page::NeedsMarker(uint32_t slot) const {
  return IsTracked(slot) && (state_.latest.empty() || state_.latest[slot] < times_.frame_ms);
}

// Tracked series that got no sample with the scrape's timestamp, by their slots before Adopt().
Page::Slots Page::Vanished(const PageWalk::Outcome& outcome) const {
  if (state_.tracking == Tracking::kNone || (!outcome.rewritten && !outcome.samples.timed))
    return {};
  std::vector<uint8_t> fresh = outcome.seen;
  fresh.resize(state_.series->size(), outcome.rewritten ? 0 : 1);
  const bool only_own = !rules_.track_timestamps_staleness;
  for (size_t slot = 0; outcome.samples.timed && only_own && slot < fresh.size(); ++slot) {
    if (outcome.samples.times[slot] != buffer::kNoTimestamp) fresh[slot] = 0;
  }
  for (const uint32_t slot : outcome.samples.absent) {
    if (slot < fresh.size()) fresh[slot] = 0;
  }
  for (const uint32_t slot : outcome.samples.repeated) {
    if (!only_own && slot < fresh.size()) fresh[slot] = 1;
  }
  Slots vanished;
  for (uint32_t slot = 0; slot < fresh.size(); ++slot) {
    if (fresh[slot] != 0 || !IsTracked(slot)) continue;
    // As in NeedsMarker().
    if (outcome.samples.timed && outcome.samples.latest[slot] >= times_.frame_ms) continue;
    vanished.push_back(slot);
  }
  return vanished;
}

}  // namespace sluice::scrape
