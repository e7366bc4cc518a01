#include "scrape/series_change.h"

#include <algorithm>
#include <numeric>

namespace sluice::scrape {
namespace {

// So few chunks are rather made anew.
constexpr size_t kChunksMadeAnewMax = 2;

// Of so many slots one may be empty.
constexpr size_t kSlotsForGone = 3;

// Whether series come or go in more chunks than are to be made anew.
bool TouchesMany(const SeriesList& list, const std::vector<uint32_t>& anchors,
                 const std::vector<uint32_t>& missing) {
  const std::vector<uint32_t> starts = ChunkStarts(list);
  std::vector<size_t> touched;
  const auto touch = [&](uint32_t slot) {
    const auto behind = std::upper_bound(starts.begin(), starts.end(), slot);
    const auto chunk = static_cast<size_t>(behind - starts.begin());
    if (std::find(touched.begin(), touched.end(), chunk) == touched.end()) touched.push_back(chunk);
    return touched.size() > kChunksMadeAnewMax;
  };
  // An anchor is one behind the series that it follows.
  const auto touch_anchor = [&](uint32_t slot) { return touch(slot == 0 ? 0 : slot - 1); };
  return std::any_of(missing.begin(), missing.end(), touch) ||
         std::any_of(anchors.begin(), anchors.end(), touch_anchor);
}

}  // namespace

std::vector<uint32_t> MissingSlots(const PageWalk::Outcome& outcome, uint32_t old_count) {
  std::vector<uint32_t> missing;
  const auto begin = outcome.seen.begin();
  const auto end = begin + old_count;
  for (auto at = std::find(begin, end, 0); at != end; at = std::find(at + 1, end, 0)) {
    missing.push_back(static_cast<uint32_t>(at - begin));
  }
  return missing;
}

bool MayExtend(const PageState& state, const PageWalk::Outcome& outcome,
               const std::vector<uint32_t>& missing) {
  if (state.calm_scrapes == kCalmScrapes) return false;
  // What is known of the last timestamps of series is known by slots.
  if (outcome.families_changed || outcome.samples.timed) return false;
  if (missing.size() * kSlotsForGone > outcome.seen.size()) return false;
  return TouchesMany(*state.series, outcome.anchors, missing);
}

std::vector<uint32_t> KeptOrder(const PageWalk::Outcome& outcome, uint32_t old_count) {
  std::vector<uint32_t> added(outcome.anchors.size());
  std::iota(added.begin(), added.end(), 0U);
  std::stable_sort(added.begin(), added.end(),
                   [&](uint32_t a, uint32_t b) { return outcome.anchors[a] < outcome.anchors[b]; });
  std::vector<uint32_t> order;
  order.reserve(outcome.seen.size());
  size_t next = 0;
  for (uint32_t slot = 0; slot <= old_count; ++slot) {
    for (; next < added.size() && outcome.anchors[added[next]] == slot; ++next) {
      order.push_back(old_count + added[next]);
    }
    if (slot < old_count && outcome.seen[slot] != 0) order.push_back(slot);
  }
  return order;
}

std::vector<uint32_t> PageOrder(const PageWalk::Outcome& outcome) {
  std::vector<uint8_t> left = outcome.seen;
  std::vector<uint32_t> order;
  order.reserve(left.size());
  const auto take = [&](uint32_t slot) {
    if (left[slot] == 0) return;
    left[slot] = 0;
    order.push_back(slot);
  };
  for (size_t i = 0; i < outcome.text.size(); ++i) {
    const LineMark mark = outcome.text.mark(i);
    if (mark.has_slot()) take(mark.slot());
  }
  // A series may have no line, as there is a bound of those.
  for (uint32_t slot = 0; slot < left.size(); ++slot) take(slot);
  return order;
}

}  // namespace sluice::scrape
