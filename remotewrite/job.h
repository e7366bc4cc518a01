// A job: what a tenant gets of frames that were planned together, and the parts in which it is
// delivered. Without tenants it is all of the frames.
//
// Most jobs have one part and end with one 2xx. When a receiver refuses a part, the part is split,
// and so on, until the samples that it does not want are alone. Parts of a job are delivered one
// after the other, in an order that keeps the samples of each series ascending. Everything here is
// pure.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "buffer/progress.h"
#include "remotewrite/lanes.h"
#include "remotewrite/projection_cache.h"
#include "remotewrite/protocol.h"

namespace sluice::remotewrite {

struct JobFrame {
  QueuedFrame frame;
  uint32_t open_parts = 0;  // parts, of any job, that hold samples of it and did not end yet
  buffer::DropCounts dropped{};
  uint64_t branched = 0;
  bool damaged = false;
  std::optional<buffer::DropReason> left_out;  // it is not sent
  bool reported = false;                       // its outcome was handed out
};

// Frames that were planned together, shared by the jobs that deliver them. Their lanes are held
// until all of these are done.
struct FrameSet {
  std::vector<JobFrame> frames;  // in log order
  uint32_t jobs = 0;             // made for it
  uint32_t open_jobs = 0;        // ... and not done
  uint32_t closed = 0;  // frames without open parts that came to be so since TakeOutcomes()
};

// Consecutive frames of one target with one layout: each series goes out once, with its samples of
// all of them.
struct FrameGroup {
  std::shared_ptr<const LayoutProjection> layout;
  std::vector<uint32_t> frames;    // indexes into FrameSet::frames, ascending
  std::vector<uint32_t> suspects;  // series that were refused alone before, ascending
};

// Samples of one group: a range of its frames, and all its series or some.
struct Slice {
  uint32_t group = 0;
  uint32_t frame_begin = 0;  // in FrameGroup::frames
  uint32_t frame_end = 0;
  bool all_series = true;
  // When not all: these, ascending; when there are none here, a run of them.
  std::vector<uint32_t> series;
  uint32_t run_begin = 0;
  uint32_t run_count = 0;

  // How many there are, when not all.
  size_t some_count() const { return series.empty() ? run_count : series.size(); }

  uint32_t SomeAt(size_t i) const {
    return series.empty() ? run_begin + static_cast<uint32_t>(i) : series[i];
  }
};

// What an encoded part holds of one frame, and what of its slice of the frame is not sent.
struct FrameShare {
  uint32_t frame = 0;  // in FrameSet::frames
  uint64_t samples = 0;
  buffer::DropCounts dropped{};
};

// What a request holds. Exemplars are no samples.
struct SendCounts {
  uint64_t samples = 0;
  uint64_t histograms = 0;  // those of the samples that are native histograms
  uint64_t exemplars = 0;

  SendCounts& operator+=(const SendCounts& other) {
    samples += other.samples;
    histograms += other.histograms;
    exemplars += other.exemplars;
    return *this;
  }
};

struct Part {
  std::vector<Slice> slices;
  // Filled by PartEncoder; the body is kept for retries.
  bool encoded = false;
  Encoding encoding;
  std::shared_ptr<const std::string> body;
  SendCounts counts;
  SendCounts relabeled;          // what belongs to series that a rule drops
  uint64_t unfit_exemplars = 0;  // their sample is not sent, or their labels are no text
  std::vector<FrameShare> shares;
  bool refused_before = false;
};

struct Job {
  uint64_t id = 0;
  TenantId tenant = kNoTenant;
  std::shared_ptr<FrameSet> set = std::make_shared<FrameSet>();
  std::vector<FrameGroup> groups;
  std::deque<Part> todo;       // the first one is on its way or next
  std::vector<Part> deferred;  // refused and not divisible; dropped once the verdict is believed
  bool full = false;           // there was more to send than fitted
  bool backlog = false;        // its lanes are those of the backlog
  bool witness = false;        // belongs to no lane and acknowledges nothing
  bool active = false;         // a transfer is running
  bool probe = false;          // ... which was started to find out whether the receiver is back
  bool aside = false;          // ... of a tenant in trouble, beside those of the others
  bool any_accepted = false;
  bool any_refused = false;
  uint32_t splits_left = 0;
  uint32_t attempts = 0;  // failed ones of the first part
  MonotonicTime retry_at{};
  MonotonicTime started_at{};

  // No other job delivers of its frames.
  bool is_alone() const { return set->jobs == 1; }
};

// One planned frame and its projection; null: its dictionary is damaged.
struct PlannedFrame {
  QueuedFrame frame;
  std::shared_ptr<const LayoutProjection> layout;
  std::optional<buffer::DropReason> left_out{};  // it is not to be sent
};

// A job for each tenant, at least one. Its parts hold about `samples_max` at most: a single frame
// is cut, by its series, when it holds far more.
std::vector<Job> MakeJobs(std::vector<PlannedFrame> planned, uint64_t samples_max);

// The two halves of a part, in the order in which they are to be delivered; nothing when it is one
// series of one frame. First suspects are parted from the rest, then older frames from newer ones,
// then series from each other.
std::optional<std::pair<Part, Part>> Split(const Job& job, const Part& part);

// Replaces the first part by its halves.
void SplitFirst(Job& job, std::pair<Part, Part> halves);

enum class PartEnd {
  kAccepted,
  kRejected,
  kTooOld,
  kGone,       // the log has dropped it, and booked that
  kOfNobody,   // of kUnfitTenant
  kElsewhere,  // of kOtherTenant
  kBranched,   // a branch delivers it
};

// Takes what is of frames that `goes` says so of out of the parts that are still to be sent;
// nothing when there is nothing of the kind. With a frame go those of its lane before it. To be
// ended as any other part. Not while the job is active.
std::optional<Part> TakeOut(Job& job, const std::function<bool(const QueuedFrame&)>& goes);

// Books the samples of a part that is done with, and that is no longer in the job's lists.
void EndPart(Job& job, const Part& part, PartEnd end);

// The outcomes of the frames that are done with, and come, within their lane, right after those
// handed out before; in log order.
std::vector<buffer::FrameOutcome> TakeOutcomes(FrameSet& set);

// Two jobs for the two halves of the lanes of a job that is alone and was not split yet; the second
// has no lane when there was only one.
std::pair<std::vector<PlannedFrame>, std::vector<PlannedFrame>> DivideByLanes(Job job);

// The series of encoded labels as {__name__="x", ...}, for log lines.
std::string SeriesText(std::string_view encoded_labels);

// The series of a part that has only one of one group.
std::optional<uint32_t> OnlySeriesOf(const Part& part);

// The first series of a part.
std::string FirstSeriesText(const Job& job, const Part& part);

}  // namespace sluice::remotewrite
