// The progress of all destinations: pure bookkeeping of what was appended, acknowledged, dropped.
//
// For each destination, at any time: appended = acknowledged + pending + dropped.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/varint.h"
#include "buffer/epochs.h"
#include "buffer/lost_ranges.h"
#include "buffer/progress.h"

namespace sluice::buffer {

// What of the log somebody needs.
struct Needs {
  std::array<Sequence, kLaneCount> lanes{};  // the least sequence; the head where nobody needs any
  std::array<Sequence, kLaneCount> open{};   // the same, of those alone whose frames do not end
  std::vector<Sequence> ends;                // where the frames of others do, ascending

  Sequence oldest() const { return *std::min_element(lanes.begin(), lanes.end()); }
};

// A frame that is taken out of the log.
struct FrameTaken {
  uint32_t lane = 0;
  Sequence sequence = 0;
  uint64_t samples = 0;
  uint64_t bytes = 0;
};

struct FrameSize {
  uint64_t samples = 0;
  uint64_t bytes = 0;
};

// Thread-compatible. Copies are cheap (a kilobyte per destination).
class ProgressBook {
 public:
  // These say whether anything changed. A new destination starts with nothing pending; a known one
  // goes on. Its branches follow it.
  bool Attach(const std::string& name);
  bool Detach(const std::string& name);
  // No frame from `at` on is for it; `at` is the head, and is to start an epoch.
  bool Close(const std::string& name, Sequence at);
  bool Forget(const std::string& name);

  // From `at` on, which is the head and is to start an epoch, frames are dropped as kNotAccepted.
  bool StopAccepting(const std::string& name, Sequence at);
  // From here on they are for it again; the head is to start an epoch. What is pending from before
  // the gap becomes the backlog.
  bool Accept(const std::string& name);
  // Not while there is a backlog from before, and more behind it: there is one gap at a time.
  bool MayAccept(const std::string& name) const;

  // A frame was appended: it is pending for everybody that accepts it.
  void AddFrame(uint32_t lane, Sequence sequence, const FrameSize& size, TimestampMs timestamp_ms);

  // See Log::Acknowledge. `head` is the next sequence to be written; `epochs` tell when it was what
  // was lost. Whether anything changed; nothing when the destination is unknown.
  std::optional<bool> Acknowledge(const std::string& name, std::span<const FrameOutcome> outcomes,
                                  std::span<const LaneAdvance> advances, Sequence head,
                                  const Epochs& epochs);

  // What is pending for the destination becomes its backlog; `at` is the head, and is to start an
  // epoch. False when it is unknown, nothing is pending, or there still is a backlog.
  bool PartBacklog(const std::string& name, Sequence at);

  // A branch for a part: it has the positions of the destination, and everything that is pending
  // is pending for it, too. False when the destination is unknown, or has it already.
  bool Branch(const std::string& name, std::string_view part);

  // Ends a branch: what it has done with is the destination's now. With the last branch, what is
  // left is booked as kBudget. False when there is no such branch.
  bool Join(const std::string& name, std::string_view part);

  // Everything before `start`, the start of one of the epochs, is given up by the destination and
  // its branches: lanes still inside it move there. Gives the samples dropped.
  uint64_t DropBefore(const std::string& name, Sequence start, const Epochs& epochs,
                      DropReason reason);

  // Where the frames of the destination end; 0 when it is unknown, or they do not.
  Sequence EndOf(const std::string& name) const;

  // Where frames of the destination, or of a branch of it, may be that it needs. `head` as its end
  // where there is none.
  std::vector<Stretch> StretchesOf(const std::string& name, Sequence head) const;
  // The same for all.
  std::vector<Stretch> Stretches(Sequence head) const;

  std::optional<DestinationProgress> Progress(const std::string& name, Sequence head) const;
  std::vector<DestinationProgress> AllProgress(Sequence head) const;

  // Destinations and branches that need frames of the stretch.
  std::vector<std::string> NamesNeeding(const Stretch& stretch, Sequence head) const;

  // The frames are not there any more: they are dropped by whoever still was to get them.
  void TakeOut(std::span<const FrameTaken> frames);

  Needs NeedsOf(Sequence head) const;

  // The least sequence that somebody needs.
  Sequence Oldest(Sequence head) const { return NeedsOf(head).oldest(); }

  bool empty() const { return destinations_.empty(); }

  // Without branches.
  std::vector<std::string> Names() const;

  // The snapshot in a progress record with this sequence.
  void Encode(std::string& out, Sequence sequence) const;
  // Malformed input shows in reader.ok().
  static ProgressBook Decode(ByteReader& reader, Sequence sequence);

 private:
  struct Lane {
    Sequence next = 0;
    uint64_t samples = 0;
    uint64_t bytes = 0;
    uint64_t frames = 0;  // 0: nothing pending, `next` is wherever the head is
  };

  using Lanes = std::array<Lane, kLaneCount>;

  struct Destination {
    bool attached = false;
    Sequence closed_at = 0;  // no frame from there on is for it; 0 = not closed
    Sequence full_at = 0;    // the same, and they are dropped
    Ledger ledger;
    LostRanges lost;
    Lanes lanes{};
    // Frames before it that were parted from the rest; 0 = no backlog, and its lanes are empty.
    Sequence backlog_end = 0;
    Lanes backlog{};
  };

  static Sequence EndOf(const Destination& destination) {
    return DestinationProgress::FirstEnd(destination.closed_at, destination.full_at);
  }

  // The destination, if it is known, and its branches.
  std::vector<Destination*> WithBranches(const std::string& name);
  std::vector<const Destination*> WithBranches(const std::string& name) const;
  bool HasBranches(const std::string& name) const;
  static bool HasFrames(const Lanes& lanes);
  static void AddStretches(const Destination& destination, Sequence head,
                           std::vector<Stretch>& stretches);
  static bool AttachOne(Destination& destination);
  static uint64_t DropBeforeIn(Destination& destination, Sequence start, const Epochs& epochs,
                               DropReason reason);
  static void DropUnaccepted(Destination& destination, uint64_t samples, TimestampMs timestamp_ms);

  static void Book(Destination& destination, Lane& lane, const FrameOutcome& outcome);
  static void NoteLost(Destination& destination, DropReason reason, uint64_t samples,
                       const std::optional<Epochs::Times>& times);
  static void GiveUpRest(Destination& destination, Lane& lane,
                         const std::optional<Epochs::Times>& times);
  static uint64_t DropLane(Destination& destination, Lane& lane, Sequence start,
                           const LaneTotals& rest, const Epochs& epochs, DropReason reason);
  bool IsLaneDone(const Destination& destination, uint32_t lane, Sequence head) const;
  static void FinishBacklog(Destination& destination, const Epochs& epochs);
  static DestinationProgress Describe(const std::string& name, const Destination& destination,
                                      Sequence head);
  static void EncodeDestination(std::string& out, const Destination& destination,
                                Sequence sequence);
  static Destination DecodeDestination(ByteReader& reader, Sequence sequence);
  static void EncodeLanes(std::string& out, const Lanes& lanes, Sequence sequence);
  static void DecodeLanes(ByteReader& reader, Sequence sequence, Lanes& lanes, Ledger& ledger);

  std::map<std::string, Destination> destinations_;
  // Sequence of the last frame of each lane: what lies after it is free of its frames. A bound from
  // above after a restart.
  std::array<Sequence, kLaneCount> lane_last_{};
};

}  // namespace sluice::buffer
