// Thinning out: of old epochs every second frame of each target is taken out, and again every
// second one of what is left, so that what is kept covers a longer time.
#include <algorithm>
#include <iterator>
#include <limits>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "buffer/frame.h"
#include "buffer/log_impl.h"

namespace sluice::buffer {
namespace {

// The oldest of those that hold nearly as much as the largest one goes first, so that in the end
// all are thinned out alike.
constexpr uint64_t kNearlyNum = 3;
constexpr uint64_t kNearlyDen = 4;

}  // namespace

// Where the frames of a destination may be read from now; frames behind that are not handed out. An
// epoch is thinned out only while nobody has read any of it.
Sequence Log::Impl::BeginScan(const std::string& name, Sequence from) {
  MutexLock lock(mu_);
  const Sequence own_end = state_.book.EndOf(name);
  Sequence end = own_end == 0 ? state_.head : own_end;
  // No more than this epoch and the next one.
  const Sequence next = state_.epochs.StartAfter(from);
  const Sequence after = next == 0 ? 0 : state_.epochs.StartAfter(next);
  if (after != 0) end = std::min(end, after);
  if (from < being_thinned_.end) end = std::min(end, std::max(from, being_thinned_.from));
  Sequence& read_until = read_until_[name];
  read_until = std::max(read_until, end);
  return end;
}

bool Log::Impl::ThinsOut(const std::string& name) const {
  const auto branch = ParseBranchName(name);
  const auto budget = budgets_.find(branch ? std::string(branch->destination) : name);
  return budget != budgets_.end() && budget->second.when_full == WhenFull::kThinOut;
}

// Whether all that need it thin out, and have read nothing of it.
bool Log::Impl::MayThin(const Stretch& epoch) const {
  for (const std::string& name : state_.book.NamesNeeding(epoch, state_.head)) {
    const auto read_until = read_until_.find(name);
    if (!ThinsOut(name)) return false;
    if (read_until != read_until_.end() && read_until->second > epoch.from) return false;
  }
  return true;
}

// Of those that are kept for the destination; nothing when none can be thinned out (further).
std::optional<Stretch> Log::Impl::EpochToThin(const std::string& name) const {
  const std::vector<Stretch> needed = state_.book.StretchesOf(name, state_.head);
  const std::vector<Stretch> all = state_.book.Stretches(state_.head);
  std::vector<std::pair<Stretch, uint64_t>> candidates;  // and the bytes of their frames
  uint64_t most = 0;
  for (size_t i = 0; i + 1 < state_.epochs.size(); ++i) {
    const Epoch& epoch = state_.epochs.at(i);
    Stretch stretch{.from = epoch.start, .end = state_.epochs.at(i + 1).start};
    // A hole may follow.
    for (const Stretch& each : all) {
      if (each.end > epoch.start) stretch.end = std::min(stretch.end, each.end);
    }
    const bool is_needed = std::any_of(needed.begin(), needed.end(), [&](const Stretch& each) {
      return each.from < stretch.end && each.end > stretch.from;
    });
    if (!is_needed || thin_already_.count(epoch.start) > 0 || !MayThin(stretch) ||
        stretch.end - stretch.from > kThinnedSequencesMax) {
      continue;
    }
    candidates.emplace_back(stretch, epoch.totals.frame_bytes);
    most = std::max(most, epoch.totals.frame_bytes);
  }
  for (const auto& [stretch, bytes] : candidates) {
    if (bytes * kNearlyDen >= most * kNearlyNum) return stretch;
  }
  return std::nullopt;
}

// Every second frame of each target in the epoch, but for stale markers. Nothing when the disk does
// not give them now.
std::optional<std::vector<FrameTaken>> Log::Impl::ChooseFrames(const Stretch& epoch) const {
  std::vector<FrameTaken> taken;
  std::unordered_map<Sequence, bool> odd;  // by target
  const auto choose = [&taken, &odd](const FrameRecord& frame) {
    if (PeekFrameKind(frame.stored) == FrameKind::kStale) return true;
    bool& is_odd = odd[frame.target_at];
    if (std::exchange(is_odd, !is_odd)) {
      taken.push_back({.lane = frame.lane,
                       .sequence = frame.sequence,
                       .samples = frame.sample_count,
                       .bytes = frame.record_bytes});
    }
    return true;
  };
  Sequence from = epoch.from;
  while (from < epoch.end) {
    const Result<Sequence> next =
        ScanBefore(from, epoch.end, std::numeric_limits<uint32_t>::max(), choose);
    if (!next.ok()) return std::nullopt;
    if (*next <= from) break;
    from = *next;
  }
  return taken;
}

// Books the frames as dropped, and writes that down. On failure all is as before.
Status Log::Impl::TakeOut(const Stretch& epoch, const std::vector<FrameTaken>& taken) {
  MutexLock write_lock(write_mu_);
  if (holding_ || store_failed_) return Error{ErrorCode::kRetryable, "the disk takes nothing now"};
  const LogState before = CopyForThinning();
  {
    MutexLock lock(mu_);
    const Epoch* whole = state_.epochs.Find(epoch.from);
    if (whole == nullptr || !MayThin(epoch)) {
      return Error{ErrorCode::kCancelled, "the epoch is not to be thinned out any more"};
    }
    ThinnedEpoch thinned{.at = 0, .epoch = epoch, .totals = whole->totals, .gone = {}};
    if (const ThinnedEpoch* known = state_.thinned->Of(epoch.from)) thinned.gone = known->gone;
    thinned.gone.resize(epoch.end - epoch.from);
    for (const FrameTaken& frame : taken) {
      thinned.gone[frame.sequence - epoch.from] = true;
      thinned.totals.RemoveFrame(frame.lane, frame.samples, frame.bytes);
    }
    state_.book.TakeOut(taken);
    state_.epochs.SetTotals(epoch.from, thinned.totals);
    writer_.Begin(state_, batch_);
    writer_.AddThinned(thinned, batch_);
    writer_.AddProgress(state_, batch_);
    auto all = std::make_shared<ThinnedEpochs>(*state_.thinned);
    all->Put(std::move(thinned));
    state_.thinned = std::move(all);
  }
  Status written = WriteBatch(true);
  if (written.ok()) return written;
  MutexLock lock(mu_);
  state_.book = before.book;
  state_.epochs.SetTotals(epoch.from, before.epochs.Find(epoch.from)->totals);
  state_.thinned = before.thinned;
  return written;
}

LogState Log::Impl::CopyForThinning() const {
  MutexLock lock(mu_);
  return state_;
}

// Whether it is worth trying again.
bool Log::Impl::ThinOne(const std::string& name) {
  std::optional<Stretch> epoch;
  {
    MutexLock lock(mu_);
    epoch = EpochToThin(name);
    if (!epoch) return false;
    being_thinned_ = *epoch;
  }
  const std::optional<std::vector<FrameTaken>> taken = ChooseFrames(*epoch);
  Status done;
  if (taken && !taken->empty()) done = TakeOut(*epoch, *taken);
  MutexLock lock(mu_);
  being_thinned_ = {};
  if (!taken || !done.ok()) {
    thinning_failed_ = true;
    return false;
  }
  if (taken->empty()) {
    thin_already_.insert(epoch->from);
    return true;
  }
  for (const FrameTaken& frame : *taken) thinned_unreported_ += frame.samples;
  to_rewrite_.push_back(*epoch);
  return true;
}

bool Log::Impl::IsToThin(const std::string& name) const {
  const auto budget = budgets_.find(name);
  if (budget == budgets_.end() || budget->second.when_full != WhenFull::kThinOut) return false;
  if (state_.epochs.empty()) return false;
  if (budget->second.bytes_max > 0 && KeptBytes(name) > budget->second.bytes_max) return true;
  return state_.epochs.bytes() > options.bytes_max && IsOldestFor(name);
}

// Those that could be thinned out no further are to lose their oldest instead.
std::set<std::string> Log::Impl::ThinOverBudgets() {
  std::vector<std::string> names;
  {
    MutexLock lock(mu_);
    thinning_failed_ = false;
    for (auto each = thin_already_.begin(); each != thin_already_.end();) {
      each = state_.epochs.Find(*each) == nullptr ? thin_already_.erase(each) : std::next(each);
    }
    names = state_.book.Names();
  }
  std::set<std::string> thin;
  for (const std::string& name : names) {
    for (;;) {
      {
        MutexLock lock(mu_);
        if (!IsToThin(name)) break;
      }
      if (ThinOne(name)) continue;
      MutexLock lock(mu_);
      if (!thinning_failed_) thin.insert(name);
      break;
    }
  }
  return thin;
}

// What was taken out is on disk until its file is written anew: one file in each round.
void Log::Impl::RewriteThinned() {
  if (to_rewrite_.empty()) return;
  Stretch& left = to_rewrite_.front();
  const Result<Sequence> next = records->RewriteFile(left.from, left.end);
  left.from = next.ok() ? *next : left.end;
  if (left.from >= left.end) to_rewrite_.pop_front();
  if (!to_rewrite_.empty()) Wake();
}

}  // namespace sluice::buffer
