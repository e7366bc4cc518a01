// What a page takes over of a body that is complete, for the next one.
#include <algorithm>
#include <memory>
#include <span>
#include <utility>

#include "scrape/page.h"
#include "scrape/series_change.h"

namespace sluice::scrape {
namespace {

using Tracking = PageState::Tracking;

constexpr uint32_t kNoSlot = UINT32_MAX;

// Chunks that are open at once when slots that have come at different times are put in order.
constexpr size_t kMixedChunks = 16;

}  // namespace

void Page::Adopt(PageWalk::Outcome& outcome) {
  if (state_.layout == nullptr) state_.layout = report_layout_;
  if (!outcome.rewritten) {
    const bool was_calm = state_.calm_scrapes == kCalmScrapes;
    if (!was_calm && ++state_.calm_scrapes == kCalmScrapes) CalmDown(outcome);
    return;
  }
  const bool is_first = state_.text->size() == 0;
  const std::vector<uint32_t> missing = MissingSlots(outcome, state_.series->size());
  const bool is_same =
      outcome.added.size() == 0 && !outcome.families_changed && missing == state_.gone;
  if (!is_same) AdoptSeries(outcome, missing);
  outcome.text.Finish(*state_.text, like_ == nullptr ? nullptr : &like_->told);
  SetText(std::move(outcome.text));
  state_.calm_scrapes = is_first ? kCalmScrapes : 0;
  if (is_first) ShareWithOthers();
}

void Page::AdoptSeries(PageWalk::Outcome& outcome, const Slots& missing) {
  if (MayExtend(state_, outcome, missing)) {
    SetSeries(std::make_shared<const SeriesList>(
        ExtendSeries(*state_.series, outcome.added, outcome.known_families)));
    state_.gone = missing;
    std::erase_if(state_.exemplars, [&](const LatestExemplar& latest) {
      return std::binary_search(missing.begin(), missing.end(), latest.slot);
    });
  } else {
    Rebuild(outcome, KeptOrder(outcome, state_.series->size()), 1);
  }
  // Goes now: it is as large as the text, of which there may be a copy soon.
  const AddedSeries done(std::move(outcome.added));
}

void Page::Rebuild(PageWalk::Outcome& outcome, const Slots& order, size_t chunks_at_once) {
  const std::span<const FamilyId> families = outcome.families_changed
                                                 ? std::span<const FamilyId>(outcome.families)
                                                 : state_.series->families;
  const LayoutChange change{.order = order,
                            .families = families,
                            .added = outcome.added,
                            .known_families = outcome.known_families,
                            .chunks_at_once = chunks_at_once};
  SetSeries(std::make_shared<const SeriesList>(RebuildSeries(*state_.series, change)));
  state_.gone = Slots();
  Slots moved(outcome.samples.values.size(), kNoSlot);
  for (uint32_t to = 0; to < order.size(); ++to) moved[order[to]] = to;
  for (size_t i = 0; i < outcome.text.size(); ++i) {
    const LineMark mark = outcome.text.mark(i);
    if (mark.has_slot()) outcome.text.set_mark(i, mark.WithSlot(moved[mark.slot()]));
  }
  outcome.samples.Rearrange(order, moved);
  std::erase_if(state_.exemplars,
                [&](const LatestExemplar& latest) { return moved[latest.slot] == kNoSlot; });
  for (LatestExemplar& latest : state_.exemplars) latest.slot = moved[latest.slot];
}

void Page::SetSeries(std::shared_ptr<const SeriesList> series) {
  state_.series = std::move(series);
  auto chunks = state_.series->chunks;
  AppendReportChunks(chunks);
  state_.layout = buffer::Layout::Of(std::move(chunks));
}

// The page is expected to stay as it is: that pays for tidying up.
void Page::CalmDown(PageWalk::Outcome& outcome) {
  if (!state_.gone.empty()) {
    outcome.text = *state_.text;
    outcome.seen.assign(state_.series->size(), 1);
    for (const uint32_t slot : state_.gone) outcome.seen[slot] = 0;
    Rebuild(outcome, PageOrder(outcome), kMixedChunks);
    state_.tracked = std::vector<uint8_t>();
    SetText(std::move(outcome.text));
  }
  ShareWithOthers();
}

void Page::SetText(PageTemplate&& text) {
  state_.text = std::make_shared<const PageTemplate>(std::move(text));
  state_.is_multi_line = state_.text->has_newline();
}

// Not while the page keeps changing: looking for one like it takes long.
void Page::ShareWithOthers() {
  if (like_ == nullptr) return;
  state_.text = like_->texts.Intern(state_.text);
  SetSeries(like_->series.Intern(state_.series));
}

// A marker is a sample, behind which no timestamp of the page may fall.
void Page::RememberMarkers(const Slots& slots) {
  if (slots.empty()) return;
  if (state_.latest.empty()) {
    if (slots.size() == state_.series->size()) {
      state_.latest_of_all = times_.frame_ms;
      return;
    }
    state_.latest.assign(state_.series->size(), state_.latest_of_all);
  }
  for (const uint32_t slot : slots) state_.latest[slot] = times_.frame_ms;
}

// By slots after Adopt().
void Page::RememberSamples(PageWalk::Outcome& outcome) {
  outcome.samples.exemplars.Remember(state_.exemplars);
  RememberTimes(outcome);
  if (state_.gone.empty()) return;
  if (state_.tracking == Tracking::kAll) state_.tracked.assign(state_.series->size(), 1);
  state_.tracking = Tracking::kSome;
  for (const uint32_t slot : state_.gone) state_.tracked[slot] = 0;
}

void Page::RememberTimes(PageWalk::Outcome& outcome) {
  state_.tracking = Tracking::kAll;
  state_.tracked.clear();
  state_.latest.clear();
  state_.latest_of_all = times_.frame_ms;
  if (!outcome.samples.timed) return;
  const bool has_times = std::any_of(outcome.samples.times.begin(), outcome.samples.times.end(),
                                     [](TimestampMs time) { return time != buffer::kNoTimestamp; });
  if (!has_times && outcome.samples.absent.empty() && outcome.samples.extras.empty()) {
    state_.latest.shrink_to_fit();
    return;
  }
  state_.tracking = Tracking::kSome;
  state_.tracked.assign(outcome.samples.times.size(), 1);
  const bool all = rules_.track_timestamps_staleness;
  for (size_t slot = 0; !all && slot < outcome.samples.times.size(); ++slot) {
    if (outcome.samples.times[slot] != buffer::kNoTimestamp) state_.tracked[slot] = 0;
  }
  for (const uint32_t slot : outcome.samples.absent) state_.tracked[slot] = 0;
  // A sample that is exposed unchanged stands for a series that is still there, as a server with
  // its own storage takes it: it would be gone after every second scrape otherwise.
  for (const uint32_t slot : outcome.samples.repeated) {
    if (all) state_.tracked[slot] = 1;
  }
  state_.latest = std::move(outcome.samples.latest);
}

}  // namespace sluice::scrape
