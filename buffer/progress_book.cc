#include "buffer/progress_book.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace sluice::buffer {

std::vector<ProgressBook::Destination*> ProgressBook::WithBranches(const std::string& name) {
  std::vector<Destination*> all;
  const auto found = destinations_.find(name);
  if (found == destinations_.end()) return all;
  all.push_back(&found->second);
  const std::string prefix = BranchName(name, "");
  for (auto each = destinations_.lower_bound(prefix);
       each != destinations_.end() && each->first.starts_with(prefix); ++each) {
    all.push_back(&each->second);
  }
  return all;
}

std::vector<const ProgressBook::Destination*> ProgressBook::WithBranches(
    const std::string& name) const {
  std::vector<const Destination*> all;
  const auto found = destinations_.find(name);
  if (found == destinations_.end()) return all;
  all.push_back(&found->second);
  const std::string prefix = BranchName(name, "");
  for (auto each = destinations_.lower_bound(prefix);
       each != destinations_.end() && each->first.starts_with(prefix); ++each) {
    all.push_back(&each->second);
  }
  return all;
}

bool ProgressBook::HasBranches(const std::string& name) const {
  const std::string prefix = BranchName(name, "");
  const auto first = destinations_.lower_bound(prefix);
  return first != destinations_.end() && first->first.starts_with(prefix);
}

bool ProgressBook::HasFrames(const Lanes& lanes) {
  return std::any_of(lanes.begin(), lanes.end(), [](const Lane& lane) { return lane.frames > 0; });
}

bool ProgressBook::AttachOne(Destination& destination) {
  const Sequence end = EndOf(destination);
  const Sequence closed_at = std::exchange(destination.closed_at, 0);
  if (closed_at != 0 && destination.backlog_end == 0 && HasFrames(destination.lanes)) {
    // What it is to have again follows after a gap.
    destination.backlog_end = end;
    destination.backlog = std::exchange(destination.lanes, {});
  }
  return !std::exchange(destination.attached, true) || closed_at != 0;
}

bool ProgressBook::Attach(const std::string& name) {
  destinations_.try_emplace(name);
  bool changed = false;
  for (Destination* each : WithBranches(name)) changed = AttachOne(*each) || changed;
  return changed;
}

bool ProgressBook::Detach(const std::string& name) {
  bool changed = false;
  for (Destination* each : WithBranches(name)) {
    changed = std::exchange(each->attached, false) || changed;
  }
  return changed;
}

bool ProgressBook::Close(const std::string& name, Sequence at) {
  bool changed = false;
  for (Destination* each : WithBranches(name)) {
    each->attached = false;
    if (each->closed_at != 0) continue;
    each->closed_at = at;
    changed = true;
  }
  return changed;
}

bool ProgressBook::StopAccepting(const std::string& name, Sequence at) {
  bool changed = false;
  for (Destination* each : WithBranches(name)) {
    if (each->full_at != 0) continue;
    each->full_at = at;
    changed = true;
  }
  return changed;
}

bool ProgressBook::MayAccept(const std::string& name) const {
  const auto fits = [](const Destination* each) {
    return each->full_at == 0 || each->backlog_end == 0 || !HasFrames(each->lanes);
  };
  const std::vector<const Destination*> all = WithBranches(name);
  return std::all_of(all.begin(), all.end(), fits);
}

bool ProgressBook::Accept(const std::string& name) {
  if (!MayAccept(name)) return false;
  bool changed = false;
  for (Destination* each : WithBranches(name)) {
    if (each->full_at == 0) continue;
    const Sequence end = EndOf(*each);
    each->full_at = 0;
    changed = true;
    if (each->closed_at != 0 || each->backlog_end != 0 || !HasFrames(each->lanes)) continue;
    each->backlog_end = end;
    each->backlog = std::exchange(each->lanes, {});
  }
  return changed;
}

bool ProgressBook::Forget(const std::string& name) {
  const std::string prefix = BranchName(name, "");
  std::erase_if(destinations_,
                [&prefix](const auto& each) { return each.first.starts_with(prefix); });
  return destinations_.erase(name) > 0;
}

bool ProgressBook::Branch(const std::string& name, std::string_view part) {
  const auto found = destinations_.find(name);
  if (found == destinations_.end()) return false;
  const auto [branch, is_new] = destinations_.try_emplace(BranchName(name, part), found->second);
  if (!is_new) return false;
  const uint64_t pending = branch->second.ledger.pending;
  branch->second.ledger = {.appended = pending, .pending = pending};
  branch->second.lost = {};
  return true;
}

bool ProgressBook::Join(const std::string& name, std::string_view part) {
  const auto found = destinations_.find(name);
  const auto branch = destinations_.find(BranchName(name, part));
  if (found == destinations_.end() || branch == destinations_.end()) return false;
  Ledger& ledger = found->second.ledger;
  JoinLedger(ledger, branch->second.ledger);
  for (const LostRange& lost : branch->second.lost.ranges()) {
    // Those are the destination's own already.
    if (lost.reason == DropReason::kNotAccepted) continue;
    found->second.lost.Add(lost.reason, lost.from_ms, lost.to_ms, lost.samples);
  }
  destinations_.erase(branch);
  if (HasBranches(name)) return true;
  ledger.dropped[static_cast<size_t>(DropReason::kBudget)] += ledger.branched;
  ledger.branched = 0;
  return true;
}

void ProgressBook::DropUnaccepted(Destination& destination, uint64_t samples,
                                  TimestampMs timestamp_ms) {
  destination.ledger.appended += samples;
  destination.ledger.dropped[static_cast<size_t>(DropReason::kNotAccepted)] += samples;
  destination.lost.Add(DropReason::kNotAccepted, timestamp_ms, timestamp_ms, samples);
}

void ProgressBook::AddFrame(uint32_t lane, Sequence sequence, const FrameSize& size,
                            TimestampMs timestamp_ms) {
  lane_last_[lane] = sequence;
  for (auto& [name, destination] : destinations_) {
    if (destination.closed_at != 0) continue;
    if (destination.full_at != 0) {
      DropUnaccepted(destination, size.samples, timestamp_ms);
      continue;
    }
    Lane& state = destination.lanes[lane];
    if (state.frames == 0) state.next = sequence;
    state.samples += size.samples;
    state.bytes += size.bytes;
    ++state.frames;
    destination.ledger.appended += size.samples;
    destination.ledger.pending += size.samples;
  }
}

// Takes the samples of an outcome out of what is pending. Never more than there is, so that no
// outcome, however wrong, breaks the equation.
void ProgressBook::Book(Destination& destination, Lane& lane, const FrameOutcome& outcome) {
  Ledger& ledger = destination.ledger;
  const auto take = [&lane, &ledger](uint64_t wanted) {
    const uint64_t taken = std::min(wanted, lane.samples);
    lane.samples -= taken;
    ledger.pending -= taken;
    return taken;
  };
  ledger.acknowledged += take(outcome.acknowledged);
  ledger.branched += take(outcome.branched);
  for (size_t i = 0; i < kDropReasonCount; ++i) {
    const uint64_t dropped = take(outcome.dropped[i]);
    ledger.dropped[i] += dropped;
    if (dropped == 0 || outcome.timestamp_ms == 0) continue;
    destination.lost.Add(static_cast<DropReason>(i), outcome.timestamp_ms, outcome.timestamp_ms,
                         dropped);
  }
  lane.bytes -= std::min(outcome.record_bytes, lane.bytes);
  if (lane.frames > 0) --lane.frames;
  lane.next = outcome.sequence + 1;
}

void ProgressBook::NoteLost(Destination& destination, DropReason reason, uint64_t samples,
                            const std::optional<Epochs::Times>& times) {
  if (times) destination.lost.Add(reason, times->first_ms, times->last_ms, samples);
}

// What still is pending where nothing can be was never handed out.
void ProgressBook::GiveUpRest(Destination& destination, Lane& lane,
                              const std::optional<Epochs::Times>& times) {
  Ledger& ledger = destination.ledger;
  ledger.dropped[static_cast<size_t>(DropReason::kDamaged)] += lane.samples;
  ledger.pending -= lane.samples;
  NoteLost(destination, DropReason::kDamaged, lane.samples, times);
  lane.samples = 0;
  lane.bytes = 0;
  lane.frames = 0;
}

// Behind the last frame of a lane nothing can be pending, nor behind its end.
bool ProgressBook::IsLaneDone(const Destination& destination, uint32_t lane, Sequence head) const {
  const Lane& state = destination.lanes[lane];
  const Sequence end = EndOf(destination);
  return state.frames == 0 || state.next > lane_last_[lane] || state.next >= head ||
         (end != 0 && state.next >= end);
}

// Nor behind its end.
void ProgressBook::FinishBacklog(Destination& destination, const Epochs& epochs) {
  bool done = true;
  for (Lane& lane : destination.backlog) {
    if (lane.frames == 0 || lane.next >= destination.backlog_end) {
      GiveUpRest(
          destination, lane,
          lane.samples == 0 ? std::nullopt : epochs.TimesBetween(0, destination.backlog_end));
    } else {
      done = false;
    }
  }
  if (done) destination.backlog_end = 0;
}

bool ProgressBook::PartBacklog(const std::string& name, Sequence at) {
  const auto found = destinations_.find(name);
  if (found == destinations_.end()) return false;
  Destination& destination = found->second;
  if (destination.backlog_end != 0 || destination.ledger.pending == 0) return false;
  const Sequence end = EndOf(destination);
  destination.backlog_end = end != 0 ? end : at;
  destination.backlog = std::exchange(destination.lanes, {});
  return true;
}

std::optional<bool> ProgressBook::Acknowledge(const std::string& name,
                                              std::span<const FrameOutcome> outcomes,
                                              std::span<const LaneAdvance> advances, Sequence head,
                                              const Epochs& epochs) {
  const auto found = destinations_.find(name);
  if (found == destinations_.end()) return std::nullopt;
  Destination& destination = found->second;
  std::array<bool, kLaneCount> moved{};
  std::array<Sequence, kLaneCount> from{};
  for (uint32_t i = 0; i < kLaneCount; ++i) from[i] = destination.lanes[i].next;
  bool backlog_moved = false;
  const Sequence end = EndOf(destination);
  for (const FrameOutcome& outcome : outcomes) {
    if (end != 0 && outcome.sequence >= end) continue;
    const bool of_backlog = outcome.sequence < destination.backlog_end;
    Lane& lane = (of_backlog ? destination.backlog : destination.lanes)[outcome.lane];
    if (lane.frames == 0 || outcome.sequence < lane.next) continue;
    Book(destination, lane, outcome);
    (of_backlog ? backlog_moved : moved[outcome.lane]) = true;
  }
  for (const LaneAdvance& advance : advances) {
    Lane& lane = (advance.backlog ? destination.backlog : destination.lanes)[advance.lane];
    if (lane.frames == 0 || advance.next <= lane.next) continue;
    lane.next = std::min(advance.next, head);
    (advance.backlog ? backlog_moved : moved[advance.lane]) = true;
  }
  for (uint32_t lane = 0; lane < kLaneCount; ++lane) {
    if (!moved[lane] || !IsLaneDone(destination, lane, head)) continue;
    Lane& state = destination.lanes[lane];
    GiveUpRest(destination, state,
               state.samples == 0 ? std::nullopt : epochs.TimesBetween(from[lane], head));
  }
  if (backlog_moved) FinishBacklog(destination, epochs);
  return backlog_moved || std::find(moved.begin(), moved.end(), true) != moved.end();
}

// Moves a lane to `start`; `rest` is what of it lies behind that.
uint64_t ProgressBook::DropLane(Destination& destination, Lane& lane, Sequence start,
                                const LaneTotals& rest, const Epochs& epochs, DropReason reason) {
  Ledger& ledger = destination.ledger;
  const uint64_t lost = lane.samples - std::min(lane.samples, rest.samples);
  ledger.dropped[static_cast<size_t>(reason)] += lost;
  ledger.pending -= lost;
  NoteLost(destination, reason, lost, epochs.TimesBetween(lane.next, start));
  lane.samples -= lost;
  lane.bytes = std::min(lane.bytes, rest.bytes);
  lane.frames = std::min(lane.frames, rest.frames);
  lane.next = start;
  return lost;
}

uint64_t ProgressBook::DropBeforeIn(Destination& destination, Sequence start, const Epochs& epochs,
                                    DropReason reason) {
  constexpr Sequence kNoEnd = std::numeric_limits<Sequence>::max();
  const auto is_inside = [start](const Lane& lane) { return lane.frames > 0 && lane.next < start; };
  uint64_t dropped = 0;
  if (std::any_of(destination.lanes.begin(), destination.lanes.end(), is_inside)) {
    const Sequence end = EndOf(destination);
    const EpochTotals after = epochs.TotalsBetween(start, end == 0 ? kNoEnd : end);
    for (uint32_t i = 0; i < kLaneCount; ++i) {
      Lane& lane = destination.lanes[i];
      if (!is_inside(lane)) continue;
      dropped += DropLane(destination, lane, start, after.lanes[i], epochs, reason);
      // Nothing of this lane in the epochs that stay: whatever the totals say, nothing is pending.
      if (lane.frames == 0) GiveUpRest(destination, lane, std::nullopt);
    }
  }
  if (destination.backlog_end == 0) return dropped;
  const EpochTotals rest = epochs.TotalsBetween(start, destination.backlog_end);
  for (uint32_t i = 0; i < kLaneCount; ++i) {
    Lane& lane = destination.backlog[i];
    if (!is_inside(lane)) continue;
    dropped += DropLane(destination, lane, start, rest.lanes[i], epochs, reason);
  }
  FinishBacklog(destination, epochs);
  return dropped;
}

uint64_t ProgressBook::DropBefore(const std::string& name, Sequence start, const Epochs& epochs,
                                  DropReason reason) {
  uint64_t dropped = 0;
  for (Destination* each : WithBranches(name)) {
    dropped += DropBeforeIn(*each, start, epochs, reason);
  }
  return dropped;
}

Sequence ProgressBook::EndOf(const std::string& name) const {
  const auto found = destinations_.find(name);
  return found == destinations_.end() ? 0 : EndOf(found->second);
}

void ProgressBook::AddStretches(const Destination& destination, Sequence head,
                                std::vector<Stretch>& stretches) {
  const auto add = [&stretches](const Lanes& lanes, Sequence end) {
    Sequence from = end;
    for (const Lane& lane : lanes) {
      if (lane.frames > 0) from = std::min(from, lane.next);
    }
    if (from < end) stretches.push_back({.from = from, .end = end});
  };
  const Sequence end = EndOf(destination);
  add(destination.lanes, end == 0 ? head : end);
  if (destination.backlog_end != 0) add(destination.backlog, destination.backlog_end);
}

std::vector<Stretch> ProgressBook::StretchesOf(const std::string& name, Sequence head) const {
  std::vector<Stretch> stretches;
  for (const Destination* each : WithBranches(name)) AddStretches(*each, head, stretches);
  return stretches;
}

std::vector<Stretch> ProgressBook::Stretches(Sequence head) const {
  std::vector<Stretch> stretches;
  for (const auto& [name, destination] : destinations_) AddStretches(destination, head, stretches);
  return stretches;
}

std::vector<std::string> ProgressBook::NamesNeeding(const Stretch& stretch, Sequence head) const {
  std::vector<std::string> names;
  for (const auto& [name, destination] : destinations_) {
    std::vector<Stretch> stretches;
    AddStretches(destination, head, stretches);
    const bool needs_it =
        std::any_of(stretches.begin(), stretches.end(), [&stretch](const Stretch& each) {
          return each.from < stretch.end && each.end > stretch.from;
        });
    if (needs_it) names.push_back(name);
  }
  return names;
}

void ProgressBook::TakeOut(std::span<const FrameTaken> frames) {
  constexpr auto kReason = static_cast<size_t>(DropReason::kThinnedWhenFull);
  for (auto& [name, destination] : destinations_) {
    const Sequence end = EndOf(destination);
    for (const FrameTaken& frame : frames) {
      const bool of_backlog = frame.sequence < destination.backlog_end;
      Lane& lane = (of_backlog ? destination.backlog : destination.lanes)[frame.lane];
      if (lane.frames == 0 || frame.sequence < lane.next) continue;
      if (!of_backlog && end != 0 && frame.sequence >= end) continue;
      const uint64_t samples = std::min(frame.samples, lane.samples);
      lane.samples -= samples;
      lane.bytes -= std::min(frame.bytes, lane.bytes);
      --lane.frames;
      destination.ledger.pending -= samples;
      destination.ledger.dropped[kReason] += samples;
    }
    if (!HasFrames(destination.backlog)) destination.backlog_end = 0;
  }
}

std::vector<std::string> ProgressBook::Names() const {
  std::vector<std::string> names;
  for (const auto& [name, destination] : destinations_) {
    if (!ParseBranchName(name)) names.push_back(name);
  }
  return names;
}

DestinationProgress ProgressBook::Describe(const std::string& name, const Destination& destination,
                                           Sequence head) {
  DestinationProgress progress;
  progress.name = name;
  progress.attached = destination.attached;
  progress.closed_at = destination.closed_at;
  progress.full_at = destination.full_at;
  progress.ledger = destination.ledger;
  progress.lost = destination.lost.ranges();
  progress.oldest = head;
  progress.backlog_end = destination.backlog_end;
  const auto describe = [&progress](const Lane& lane, Sequence end) {
    const Sequence next = lane.frames == 0 ? end : lane.next;
    progress.pending_bytes += lane.bytes;
    progress.oldest = std::min(progress.oldest, next);
    return LaneProgress{.next = next, .pending_samples = lane.samples, .pending_bytes = lane.bytes};
  };
  for (uint32_t i = 0; i < kLaneCount; ++i) {
    progress.lanes[i] = describe(destination.lanes[i], head);
    if (destination.backlog_end == 0) continue;
    const Lane& lane = destination.backlog[i];
    progress.backlog[i] =
        lane.frames == 0 ? LaneProgress{.next = destination.backlog_end} : describe(lane, head);
  }
  return progress;
}

std::optional<DestinationProgress> ProgressBook::Progress(const std::string& name,
                                                          Sequence head) const {
  const auto found = destinations_.find(name);
  if (found == destinations_.end()) return std::nullopt;
  return Describe(name, found->second, head);
}

std::vector<DestinationProgress> ProgressBook::AllProgress(Sequence head) const {
  std::vector<DestinationProgress> all;
  all.reserve(destinations_.size());
  for (const auto& [name, destination] : destinations_) {
    all.push_back(Describe(name, destination, head));
  }
  return all;
}

Needs ProgressBook::NeedsOf(Sequence head) const {
  Needs needs;
  needs.lanes.fill(head);
  needs.open.fill(head);
  const auto add = [&needs](const Lanes& lanes, Sequence end) {
    bool needs_any = false;
    for (uint32_t i = 0; i < kLaneCount; ++i) {
      if (lanes[i].frames == 0) continue;
      needs_any = true;
      needs.lanes[i] = std::min(needs.lanes[i], lanes[i].next);
      if (end == 0) needs.open[i] = std::min(needs.open[i], lanes[i].next);
    }
    if (needs_any && end != 0) needs.ends.push_back(end);
  };
  for (const auto& [name, destination] : destinations_) {
    add(destination.lanes, EndOf(destination));
    if (destination.backlog_end != 0) add(destination.backlog, destination.backlog_end);
  }
  std::sort(needs.ends.begin(), needs.ends.end());
  return needs;
}

}  // namespace sluice::buffer
