#include "remotewrite/job.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <map>
#include <numeric>
#include <unordered_map>

#include "base/varint.h"
#include "relabel/labels.h"

namespace sluice::remotewrite {

namespace {

uint64_t SeriesCount(const Job& job, const Slice& slice) {
  return slice.all_series ? job.groups[slice.group].layout->series_count : slice.some_count();
}

uint64_t Weight(const Job& job, const Slice& slice) {
  return SeriesCount(job, slice) * (slice.frame_end - slice.frame_begin);
}

std::vector<uint32_t> SeriesList(const Job& job, const Slice& slice) {
  if (!slice.series.empty()) return slice.series;
  std::vector<uint32_t> run(SeriesCount(job, slice));
  std::iota(run.begin(), run.end(), slice.all_series ? 0U : slice.run_begin);
  return run;
}

Slice WithSeries(const Slice& slice, std::vector<uint32_t> series) {
  Slice result;
  result.group = slice.group;
  result.frame_begin = slice.frame_begin;
  result.frame_end = slice.frame_end;
  result.all_series = false;
  result.series = std::move(series);
  return result;
}

// One more or less open part for each frame that `part` has samples of.
void CountOpen(Job& job, const Part& part, int by) {
  for (const Slice& slice : part.slices) {
    const FrameGroup& group = job.groups[slice.group];
    for (uint32_t i = slice.frame_begin; i < slice.frame_end; ++i) {
      JobFrame& frame = job.set->frames[group.frames[i]];
      frame.open_parts += static_cast<uint32_t>(by);
      if (frame.open_parts == 0) ++job.set->closed;
    }
  }
}

std::optional<std::pair<Part, Part>> SplitOffSuspects(const Job& job, const Part& part) {
  std::pair<Part, Part> halves;
  for (const Slice& slice : part.slices) {
    const std::vector<uint32_t>& suspects = job.groups[slice.group].suspects;
    if (suspects.empty()) {
      halves.first.slices.push_back(slice);
      continue;
    }
    const std::vector<uint32_t> all = SeriesList(job, slice);
    std::vector<uint32_t> clean;
    std::vector<uint32_t> suspect;
    std::set_difference(all.begin(), all.end(), suspects.begin(), suspects.end(),
                        std::back_inserter(clean));
    std::set_intersection(all.begin(), all.end(), suspects.begin(), suspects.end(),
                          std::back_inserter(suspect));
    if (!clean.empty()) halves.first.slices.push_back(WithSeries(slice, std::move(clean)));
    if (!suspect.empty()) halves.second.slices.push_back(WithSeries(slice, std::move(suspect)));
  }
  if (halves.first.slices.empty() || halves.second.slices.empty()) return std::nullopt;
  return halves;
}

// The frame, in log order, at which a part falls into two halves of about the same size; 0 when
// there is only one frame.
uint32_t MiddleFrame(const Job& job, const Part& part) {
  std::map<uint32_t, uint64_t> weights;  // of the frames
  uint64_t total = 0;
  for (const Slice& slice : part.slices) {
    for (uint32_t i = slice.frame_begin; i < slice.frame_end; ++i) {
      weights[job.groups[slice.group].frames[i]] += SeriesCount(job, slice);
      total += SeriesCount(job, slice);
    }
  }
  uint64_t before = 0;
  for (const auto& [frame, weight] : weights) {
    if (before > 0 && (before + weight / 2 >= total / 2 || frame == weights.rbegin()->first)) {
      return frame;
    }
    before += weight;
  }
  return 0;
}

// Older frames come first, of whatever group: a backlog of which the beginning is too old for the
// receiver is cut where it begins to be accepted.
std::optional<std::pair<Part, Part>> SplitByFrames(const Job& job, const Part& part) {
  const uint32_t middle = MiddleFrame(job, part);
  if (middle == 0) return std::nullopt;
  std::pair<Part, Part> halves;
  for (const Slice& slice : part.slices) {
    const std::vector<uint32_t>& frames = job.groups[slice.group].frames;
    const auto cut =
        static_cast<uint32_t>(std::lower_bound(frames.begin() + slice.frame_begin,
                                               frames.begin() + slice.frame_end, middle) -
                              frames.begin());
    if (cut > slice.frame_begin) {
      halves.first.slices.push_back(slice);
      halves.first.slices.back().frame_end = cut;
    }
    if (cut < slice.frame_end) {
      halves.second.slices.push_back(slice);
      halves.second.slices.back().frame_begin = cut;
    }
  }
  return halves;
}

std::pair<Part, Part> SplitBySeries(const Job& job, const Slice& slice) {
  const std::vector<uint32_t> all = SeriesList(job, slice);
  const auto middle = all.begin() + static_cast<std::ptrdiff_t>(all.size() / 2);
  std::pair<Part, Part> halves;
  halves.first.slices = {WithSeries(slice, {all.begin(), middle})};
  halves.second.slices = {WithSeries(slice, {middle, all.end()})};
  return halves;
}

// A frame is sent whole, unless it holds this many times what a request should.
constexpr uint64_t kOversize = 2;

// A slice of one frame with far too many series, in several parts.
void AddBySeries(Job& job, const Slice& slice, uint64_t samples_max) {
  const uint64_t count = SeriesCount(job, slice);
  for (uint64_t begin = 0; begin < count; begin += samples_max) {
    const uint64_t some = std::min(samples_max, count - begin);
    Slice& of_part = job.todo.emplace_back().slices.emplace_back(WithSeries(slice, {}));
    if (slice.series.empty()) {
      of_part.run_begin = static_cast<uint32_t>(slice.all_series ? begin : slice.run_begin + begin);
      of_part.run_count = static_cast<uint32_t>(some);
    } else {
      const auto first = slice.series.begin() + static_cast<std::ptrdiff_t>(begin);
      of_part.series.assign(first, first + static_cast<std::ptrdiff_t>(some));
    }
  }
}

// Puts slices into parts, in their order.
class Packer {
 public:
  Packer(Job& job, uint64_t samples_max) : job_(job), samples_max_(samples_max) {}

  // `slice` is of all frames of its group.
  void Add(Slice slice) {
    const uint64_t series = std::max<uint64_t>(1, SeriesCount(job_, slice));
    if (series > kOversize * samples_max_) return AddFrameByFrame(slice);
    const uint32_t end = slice.frame_end;
    while (slice.frame_begin < end) {
      const uint64_t room = samples_ < samples_max_ ? samples_max_ - samples_ : 0;
      const auto fit = static_cast<uint32_t>(std::min<uint64_t>(room / series, end));
      if (fit == 0 && samples_ > 0) {
        samples_ = 0;  // the next part
        continue;
      }
      if (samples_ == 0) job_.todo.emplace_back();
      slice.frame_end = std::min(end, slice.frame_begin + std::max(1U, fit));
      samples_ += series * (slice.frame_end - slice.frame_begin);
      job_.todo.back().slices.push_back(slice);
      slice.frame_begin = slice.frame_end;
    }
  }

 private:
  void AddFrameByFrame(Slice slice) {
    const uint32_t end = slice.frame_end;
    for (uint32_t i = slice.frame_begin; i < end; ++i) {
      slice.frame_begin = i;
      slice.frame_end = i + 1;
      AddBySeries(job_, slice, samples_max_);
    }
    samples_ = 0;
  }

  Job& job_;
  const uint64_t samples_max_;
  uint64_t samples_ = 0;  // of the last part; 0: a new one is begun
};

// Without tenants nearly everything is one part: what was planned together is about a request.
void PackWhole(Job& job, uint64_t samples_max) {
  Part whole;
  for (uint32_t i = 0; i < job.groups.size(); ++i) {
    Slice slice;
    slice.group = i;
    slice.frame_end = static_cast<uint32_t>(job.groups[i].frames.size());
    whole.slices.push_back(std::move(slice));
  }
  if (whole.slices.empty()) return;
  if (job.set->frames.size() > 1 || Weight(job, whole.slices[0]) <= kOversize * samples_max) {
    job.todo.push_back(std::move(whole));
    return;
  }
  AddBySeries(job, whole.slices[0], samples_max);
}

// The frames, and which of them go together.
std::vector<FrameGroup> Group(std::vector<PlannedFrame> planned, FrameSet& set) {
  std::vector<FrameGroup> groups;
  // The group that is open for each target: a frame with another layout closes it, because the
  // frames after it must not overtake it.
  std::unordered_map<ContentId, uint32_t> open;
  for (PlannedFrame& each : planned) {
    const auto index = static_cast<uint32_t>(set.frames.size());
    JobFrame& frame = set.frames.emplace_back();
    frame.frame = std::move(each.frame);
    frame.left_out = each.left_out;
    frame.damaged = each.layout == nullptr && !each.left_out;
    if (each.left_out) {
      frame.dropped[static_cast<size_t>(*each.left_out)] = frame.frame.sample_count;
    }
    if (each.layout == nullptr || each.left_out) continue;
    const ContentId target = each.layout->key.target;
    const auto found = open.find(target);
    if (found == open.end() || groups[found->second].layout->key != each.layout->key) {
      open[target] = static_cast<uint32_t>(groups.size());
      groups.push_back({.layout = std::move(each.layout), .frames = {index}, .suspects = {}});
    } else {
      groups[found->second].frames.push_back(index);
    }
  }
  return groups;
}

bool HasTenants(const std::vector<FrameGroup>& groups) {
  return std::any_of(groups.begin(), groups.end(), [](const FrameGroup& group) {
    const std::vector<TenantShare>& shares = group.layout->shares;
    return shares.size() > 1 || shares.front().tenant != kNoTenant;
  });
}

std::vector<Job> ShareOut(const std::vector<FrameGroup>& groups, uint64_t samples_max) {
  std::vector<Job> jobs;
  std::deque<Packer> packers;
  std::unordered_map<TenantId, size_t> places;
  for (const FrameGroup& group : groups) {
    for (const TenantShare& share : group.layout->shares) {
      places.try_emplace(share.tenant, places.size());
    }
  }
  jobs.resize(places.size());  // packers hold on to them
  for (Job& job : jobs) packers.emplace_back(job, samples_max);
  for (const FrameGroup& group : groups) {
    for (const TenantShare& share : group.layout->shares) {
      const size_t place = places.at(share.tenant);
      Job& job = jobs[place];
      job.tenant = share.tenant;
      Slice slice;
      slice.group = static_cast<uint32_t>(job.groups.size());
      slice.frame_end = static_cast<uint32_t>(group.frames.size());
      slice.all_series = share.series.empty();
      slice.series = share.series;
      job.groups.push_back(group);
      packers[place].Add(std::move(slice));
    }
  }
  return jobs;
}

buffer::FrameOutcome OutcomeOf(const JobFrame& done) {
  buffer::FrameOutcome outcome;
  outcome.lane = done.frame.lane;
  outcome.sequence = done.frame.sequence;
  outcome.record_bytes = done.frame.record_bytes;
  outcome.timestamp_ms = done.frame.timestamp_ms;
  uint64_t left = done.frame.sample_count;
  // Clamped, so that the ledger adds up even when a record lies about its number of samples.
  const auto book = [&](buffer::DropReason reason, uint64_t samples) {
    const uint64_t booked = std::min(left, samples);
    outcome.dropped[static_cast<size_t>(reason)] = booked;
    left -= booked;
  };
  if (done.damaged) {
    book(buffer::DropReason::kDamaged, left);
    return outcome;
  }
  for (size_t i = 0; i < done.dropped.size(); ++i) {
    book(static_cast<buffer::DropReason>(i), done.dropped[i]);
  }
  outcome.branched = std::min(left, done.branched);
  outcome.acknowledged = left - outcome.branched;
  return outcome;
}

// The share without what is nobody's: what a rule drops goes with any part.
uint64_t TakeDropped(JobFrame& frame, const FrameShare& share) {
  uint64_t all = share.samples;
  for (size_t i = 0; i < share.dropped.size(); ++i) {
    if (i == static_cast<size_t>(buffer::DropReason::kRelabel)) continue;
    all += share.dropped[i];
    frame.dropped[i] -= share.dropped[i];
  }
  return all;
}

std::optional<buffer::DropReason> ReasonOf(PartEnd end) {
  switch (end) {
    case PartEnd::kElsewhere:
    case PartEnd::kBranched:
    case PartEnd::kAccepted:
      return std::nullopt;
    case PartEnd::kRejected:
      return buffer::DropReason::kRejected;
    case PartEnd::kTooOld:
      return buffer::DropReason::kTooOld;
    case PartEnd::kGone:
      return buffer::DropReason::kBudget;
    case PartEnd::kOfNobody:
      return buffer::DropReason::kNoTenant;
  }
  return std::nullopt;
}

}  // namespace

std::vector<Job> MakeJobs(std::vector<PlannedFrame> planned, uint64_t samples_max) {
  const auto set = std::make_shared<FrameSet>();
  std::vector<FrameGroup> groups = Group(std::move(planned), *set);
  std::vector<Job> jobs;
  if (HasTenants(groups)) {
    jobs = ShareOut(groups, samples_max);
    for (Job& job : jobs) job.set = set;
  } else {
    Job& job = jobs.emplace_back();
    job.set = set;
    job.groups = std::move(groups);
    PackWhole(job, samples_max);
  }
  set->jobs = static_cast<uint32_t>(jobs.size());
  set->open_jobs = set->jobs;
  for (Job& job : jobs) {
    for (const Part& part : job.todo) CountOpen(job, part, 1);
  }
  return jobs;
}

std::optional<std::pair<Part, Part>> Split(const Job& job, const Part& part) {
  if (auto halves = SplitOffSuspects(job, part)) return halves;
  if (auto halves = SplitByFrames(job, part)) return halves;
  const Slice& slice = part.slices[0];
  if (SeriesCount(job, slice) > 1) return SplitBySeries(job, slice);
  return std::nullopt;
}

void SplitFirst(Job& job, std::pair<Part, Part> halves) {
  CountOpen(job, halves.first, 1);
  CountOpen(job, halves.second, 1);
  CountOpen(job, job.todo.front(), -1);
  job.todo.front() = std::move(halves.second);
  job.todo.push_front(std::move(halves.first));
}

std::optional<Part> TakeOut(Job& job, const std::function<bool(const QueuedFrame&)>& goes) {
  const auto is_old = [&](const FrameGroup& group, uint32_t i) {
    return goes(job.set->frames[group.frames[i]].frame);
  };
  Part old;
  std::deque<Part> left;
  for (Part& part : job.todo) {
    bool is_cut = false;
    std::vector<Slice> kept;
    for (Slice& slice : part.slices) {
      const FrameGroup& group = job.groups[slice.group];
      uint32_t cut = slice.frame_begin;
      while (cut < slice.frame_end && is_old(group, cut)) ++cut;
      if (cut > slice.frame_begin) {
        is_cut = true;
        old.slices.push_back(slice);
        old.slices.back().frame_end = cut;
        slice.frame_begin = cut;
      }
      if (cut < slice.frame_end) kept.push_back(std::move(slice));
    }
    if (is_cut) part.encoded = false;
    part.slices = std::move(kept);
    if (!part.slices.empty()) left.push_back(std::move(part));
  }
  job.todo = std::move(left);
  if (old.slices.empty()) return std::nullopt;
  return old;
}

void EndPart(Job& job, const Part& part, PartEnd end) {
  for (const FrameShare& share : part.shares) {
    JobFrame& frame = job.set->frames[share.frame];
    for (size_t i = 0; i < frame.dropped.size(); ++i) frame.dropped[i] += share.dropped[i];
    if (end == PartEnd::kBranched) {
      frame.branched += TakeDropped(frame, share);
      continue;
    }
    if (end == PartEnd::kElsewhere) {
      const uint64_t all = TakeDropped(frame, share);
      frame.dropped[static_cast<size_t>(buffer::DropReason::kElsewhere)] += all;
      continue;
    }
    const std::optional<buffer::DropReason> reason = ReasonOf(end);
    if (reason) frame.dropped[static_cast<size_t>(*reason)] += share.samples;
  }
  CountOpen(job, part, -1);
}

std::vector<buffer::FrameOutcome> TakeOutcomes(FrameSet& set) {
  set.closed = 0;
  std::vector<buffer::FrameOutcome> outcomes;
  std::array<bool, buffer::kLaneCount> blocked{};
  for (JobFrame& frame : set.frames) {
    if (frame.reported || blocked[frame.frame.lane]) continue;
    if (frame.open_parts > 0) {
      blocked[frame.frame.lane] = true;
      continue;
    }
    frame.reported = true;
    outcomes.push_back(OutcomeOf(frame));
  }
  return outcomes;
}

std::pair<std::vector<PlannedFrame>, std::vector<PlannedFrame>> DivideByLanes(Job job) {
  std::vector<PlannedFrame> frames(job.set->frames.size());
  for (size_t i = 0; i < frames.size(); ++i) {
    frames[i].left_out = job.set->frames[i].left_out;
    frames[i].frame = std::move(job.set->frames[i].frame);
  }
  for (const FrameGroup& group : job.groups) {
    for (const uint32_t i : group.frames) frames[i].layout = group.layout;
  }
  std::vector<uint32_t> lanes;
  for (const PlannedFrame& each : frames) lanes.push_back(each.frame.lane);
  std::sort(lanes.begin(), lanes.end());
  lanes.erase(std::unique(lanes.begin(), lanes.end()), lanes.end());
  const uint32_t last_of_first = lanes.empty() ? 0 : lanes[(lanes.size() - 1) / 2];
  std::pair<std::vector<PlannedFrame>, std::vector<PlannedFrame>> halves;
  for (PlannedFrame& each : frames) {
    (each.frame.lane <= last_of_first ? halves.first : halves.second).push_back(std::move(each));
  }
  return halves;
}

std::string SeriesText(std::string_view encoded_labels) {
  std::vector<relabel::Label> labels;
  ByteReader reader(encoded_labels);
  while (reader.ok() && !reader.empty()) {
    reader.Byte();
    ByteReader label(reader.String());
    label.Byte();
    const std::string_view name = label.String();
    label.Byte();
    labels.push_back({std::string(name), std::string(label.String())});
  }
  return relabel::Labels::From(std::move(labels)).ToString();
}

std::optional<uint32_t> OnlySeriesOf(const Part& part) {
  const Slice& slice = part.slices.front();
  const bool is_alone = part.slices.size() == 1 && !slice.all_series && slice.some_count() == 1;
  return is_alone ? std::optional(slice.SomeAt(0)) : std::nullopt;
}

std::string FirstSeriesText(const Job& job, const Part& part) {
  const Slice& slice = part.slices[0];
  size_t series = slice.all_series ? 0 : slice.SomeAt(0);
  for (const auto& projection : job.groups[slice.group].layout->parts) {
    if (series < projection->series_count()) {
      std::string scratch;
      return SeriesText(projection->EncodedLabels(series, scratch));
    }
    series -= projection->series_count();
  }
  return {};
}

}  // namespace sluice::remotewrite
