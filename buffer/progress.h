// How far a destination has come, and its ledger.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"

namespace sluice::buffer {

// Position of a record in the log: strictly increasing, never reused, from 1.
using Sequence = uint64_t;

// Targets are spread over lanes by a hash; samples of one lane are delivered in log order, lanes
// are independent of each other. On disk: do not change.
inline constexpr uint32_t kLaneCount = 32;

// A lane from a destination's point of view: every frame of this lane before `next` is done with.
struct LaneProgress {
  Sequence next = 0;
  uint64_t pending_samples = 0;  // in frames of this lane at or after `next`
  uint64_t pending_bytes = 0;    // their stored size
};

// Why samples of a destination were given up. Values reach the disk: append, do not renumber.
enum class DropReason : uint8_t {
  kRelabel = 0,    // its write_relabel_configs dropped the series
  kRejected = 1,   // the receiver refused it for good
  kBudget = 2,     // the disk budget was full: the oldest went
  kDamaged = 3,    // the stored record, or what it needs, is damaged or gone
  kForgotten = 4,  // somebody asked for the backlog to be dropped
  // Native histograms that its configuration, or its protocol, does not send.
  kNativeHistogram = 5,
  kCustomBuckets = 6,
  kThinned = 7,           // its thin_out left out the frame, which was old
  kTooOld = 8,            // older than its sample_age_limit when it was to be sent
  kNoTenant = 9,          // of no tenant, where requests are a tenant's
  kElsewhere = 10,        // of a branch: of another tenant, whose samples others deliver
  kMaxBytes = 11,         // the destination's own disk budget was full: its oldest went
  kNotAccepted = 12,      // its disk budget was full, and it then accepts nothing
  kThinnedWhenFull = 13,  // its disk budget was full, and what waits is then thinned out
};
inline constexpr size_t kDropReasonCount = 14;

std::string_view DropReasonName(DropReason reason);

using DropCounts = std::array<uint64_t, kDropReasonCount>;

// Samples, since the destination was first seen; survives restarts.
// At any time: appended = acknowledged + pending + branched + the sum of dropped.
struct Ledger {
  uint64_t appended = 0;
  uint64_t acknowledged = 0;
  uint64_t pending = 0;
  uint64_t branched = 0;  // left to branches, which have not joined again
  DropCounts dropped{};
};

// A branch of a destination delivers a part of the samples by itself, from where it branched off
// until it joins again; the destination says which, in words of its own (`part`). It is a
// destination of its own, which all samples of the log are pending for; those of other parts it
// drops as kElsewhere.
std::string BranchName(std::string_view destination, std::string_view part);

struct BranchOf {
  std::string_view destination;  // of the name given
  std::string_view part;
};

// Nothing when it is the name of no branch.
std::optional<BranchOf> ParseBranchName(std::string_view name);

// The name as people see and write it: control characters, which set branches and shards off from
// the names of a configuration, are slashes.
std::string PrintableName(std::string_view name);

// Samples with timestamps in [from_ms, to_ms], or some of them, that the destination was to get and
// has not got.
struct LostRange {
  DropReason reason = DropReason::kBudget;
  TimestampMs from_ms = 0;
  TimestampMs to_ms = 0;
  uint64_t samples = 0;
};

inline constexpr size_t kLostRangesMax = 16;

struct DestinationProgress {
  std::string name;
  bool attached = false;   // false: known to the log, but not configured now
  Sequence closed_at = 0;  // no frame from there on is for it; 0 = not closed
  Sequence full_at = 0;    // as its disk budget is full, nor from there on; 0 = it accepts frames
  std::array<LaneProgress, kLaneCount> lanes;
  // What was parted from the rest by PartBacklog, to be delivered beside it: frames before
  // `backlog_end`, each lane at its own `next`. 0 = there is none.
  Sequence backlog_end = 0;
  std::array<LaneProgress, kLaneCount> backlog;
  Ledger ledger;
  std::vector<LostRange> lost;  // at most kLostRangesMax, see LostRanges
  uint64_t pending_bytes = 0;
  Sequence oldest = 0;      // least `next` of all lanes, backlog included
  uint64_t kept_bytes = 0;  // of the log, that are kept for it and its branches; see DiskBudget

  // Where its frames end; 0 = they do not.
  Sequence end() const { return FirstEnd(closed_at, full_at); }

  // The first of two ends that may be none, which is 0.
  static Sequence FirstEnd(Sequence left, Sequence right) {
    return left == 0 || (right != 0 && right < left) ? right : left;
  }
};

// Takes what a branch has acknowledged or dropped out of what is left to branches.
void JoinLedger(Ledger& ledger, const Ledger& branch);

// The ledger of a destination together with those of its branches: what is left to them is
// acknowledged, dropped or pending, and `branched` is 0. What the budget took of a branch counts as
// pending until it has joined, as only then it is known.
Ledger WithBranches(const Ledger& ledger, std::span<const Ledger> branches);

// How one frame ended for a destination: acknowledged + branched + all of dropped = its samples.
struct FrameOutcome {
  uint32_t lane = 0;
  Sequence sequence = 0;
  uint64_t record_bytes = 0;  // FrameRecord::record_bytes
  uint64_t acknowledged = 0;
  uint64_t branched = 0;
  DropCounts dropped{};
  TimestampMs timestamp_ms = 0;  // of the frame; 0 = not known
};

// "Every frame of `lane` before `next` is done with." Lets lanes without frames of their own keep
// up with the head.
struct LaneAdvance {
  uint32_t lane = 0;
  Sequence next = 0;
  bool backlog = false;  // the lane's position in the backlog
};

}  // namespace sluice::buffer
