#include "remotewrite/delivery.h"

#include <algorithm>
#include <utility>

namespace sluice::remotewrite {

namespace {

using std::chrono::milliseconds;

// Outcomes that may wait for a log that cannot be written to now, before sending stops.
constexpr size_t kOutcomesMax = 100'000;

// Jobs that are planned for nothing (every series dropped by a rule) in one go.
constexpr int kEmptyJobsMax = 64;

// A request of so many samples waits for no more, though it may take more of a gust: what a request
// costs by itself is then shared by more of them.
constexpr uint64_t kSamplesEnough = 10'000;

// A plan holds as many requests at most.
constexpr size_t kTenantsPlannedMax = 64;

// Requests of tenants in trouble that may be on their way beside the others, not to take their
// place.
constexpr uint32_t kAsideMax = 8;

constexpr milliseconds kReadErrorWait{1'000};
// Requests that began together end nearly together, and are booked together: a write costs more
// than what it says. What was not booked before a crash is sent again, so this is short.
constexpr milliseconds kBookTogether{20};

// Not more often than this; budget drops are rare.
constexpr milliseconds kFollowInterval{50};

constexpr uint32_t MostShards(const QueueConfig& queue) {
  return std::clamp<uint32_t>(queue.max_shards, 1, buffer::kLaneCount);
}

}  // namespace

Delivery::Delivery(const DeliveryOptions& options, FrameSource& source, ProjectionCache& cache)
    : options_(options),
      queue_(options_.queue),
      source_(source),
      cache_(cache),
      backoff_{.min = queue_.min_backoff, .max = queue_.max_backoff},
      rng_(options.seed),
      protocol_(options.protocol),
      encoder_(options.send, cache.symbols(),
               options.is_branch ? FrameTemplates::kBranchBytesMax : FrameTemplates::kBytesMax),
      concurrency_(std::clamp<uint32_t>(queue_.min_shards, 1, MostShards(queue_)),
                   MostShards(queue_)),
      rate_(options.rate_limit),
      thinning_(options.thinning),
      samples_max_(std::max<uint64_t>(1, queue_.max_samples_per_send)) {}

void Delivery::Tick(const DeliveryTime& time) {
  const bool due = !progress_ || time.now - followed_at_ >= kFollowInterval;
  if (due) Follow(time);
  if (!progress_) return;
  if (MayPartBacklog(time)) PartBacklog(time);
  ReadAhead(fresh_, time);
  if (has_backlog_) ReadAhead(backlog_, time);
  if (due && outcomes_.empty()) {
    sweep_ = sweep_ || HasDamage(fresh_, progress_->lanes) ||
             (has_backlog_ && HasDamage(backlog_, progress_->backlog));
  }
  if (samples_max_ < queue_.max_samples_per_send && time.now >= size_limit_until_) {
    NoteSizeLimit(std::min<uint64_t>(samples_max_ * 2, queue_.max_samples_per_send), time.now);
  }
  concurrency_.OnTick(BacklogNow(), time.now);
  cache_.Trim(time.now);
}

void Delivery::Follow(const DeliveryTime& time) {
  std::optional<buffer::DestinationProgress> progress = source_.Progress();
  followed_at_ = time.now;
  if (progress && !TakeOverBacklog(*progress)) return;
  progress_ = std::move(progress);
  if (!progress_) return;
  fresh_.lanes.Follow(progress_->lanes, source_.EndsFor(*progress_));
  has_backlog_ = progress_->backlog_end != 0;
  if (has_backlog_) backlog_.lanes.Follow(progress_->backlog, NoLaneEnds(progress_->backlog_end));
}

void Delivery::ReadAhead(Track& track, const DeliveryTime& time) {
  if (time.now < track.read_next_at && !(read_error_.empty() && track.lanes.IsBehind())) return;
  const Result<Lanes::ReadEnd> end = track.lanes.Read(source_, time.now);
  if (!end.ok()) {
    read_error_ = end.error().message;
    track.read_end = Lanes::ReadEnd::kMore;
    track.read_next_at = time.now + kReadErrorWait;
    return;
  }
  read_error_.clear();
  track.read_end = *end;
  track.read_next_at =
      track.read_end == Lanes::ReadEnd::kAtHead ? time.now + kPollInterval : time.now;
}

// A lane with pending samples of which none is queued or on its way, read to the end: its records
// are damaged. Moving it there lets the log book them.
bool Delivery::HasDamage(
    const Track& track,
    const std::array<buffer::LaneProgress, buffer::kLaneCount>& progress) const {
  if (track.read_end != Lanes::ReadEnd::kAtHead) return false;
  for (const buffer::LaneAdvance& idle : track.lanes.IdlePositions()) {
    const buffer::LaneProgress& lane = progress[idle.lane];
    if (lane.pending_samples > 0 && idle.next > lane.next) return true;
  }
  return false;
}

std::vector<buffer::LaneAdvance> Delivery::IdlePositions() const {
  std::vector<buffer::LaneAdvance> idle = fresh_.lanes.IdlePositions();
  if (!has_backlog_) return idle;
  for (buffer::LaneAdvance& each : backlog_.lanes.IdlePositions()) {
    each.backlog = true;
    idle.push_back(each);
  }
  return idle;
}

Concurrency::Backlog Delivery::BacklogNow() const {
  uint64_t ready = fresh_.lanes.ready_samples();
  if (has_backlog_) ready += backlog_.lanes.ready_samples();
  return ready >= samples_max_ ? Concurrency::Backlog::kWaiting : Concurrency::Backlog::kNone;
}

// While requests fail, one at a time finds out whether the receiver, or the tenant, is back. Those
// that were started before, and those that seem to hang, do not count: a timeout may be long.
bool Delivery::IsBeingProbed(std::optional<TenantId> tenant, MonotonicTime now) const {
  return std::any_of(jobs_.begin(), jobs_.end(), [&](const Job& job) {
    if (tenant && job.tenant != *tenant) return false;
    return job.active && job.probe && now - job.started_at < kProbeInterval;
  });
}

bool Delivery::MayStart(const DeliveryTime& time) const {
  if (time.now < rate_.ready_at()) return false;
  if (!progress_ || time.now < health_.gate_until || outcomes_.size() >= kOutcomesMax) return false;
  if (health_.is_probing()) return !IsBeingProbed(std::nullopt, time.now);
  return active_ - active_aside_ < concurrency_.active();
}

const Health* Delivery::TroubleOf(const Job& job) const {
  const auto found = tenant_health_.find(job.tenant);
  return found != tenant_health_.end() && found->second.is_probing() ? &found->second : nullptr;
}

// Whether the tenant of a job is in trouble, and it is not the time to ask again.
bool Delivery::IsHeldBack(const Job& job, MonotonicTime now) const {
  const Health* trouble = TroubleOf(job);
  if (trouble == nullptr) return false;
  if (now < trouble->gate_until) return true;
  if (trouble->others_pass && active_aside_ >= kAsideMax) return true;
  return IsBeingProbed(job.tenant, now);
}

Job* Delivery::NextWaiting(MonotonicTime now) {
  Job* next = nullptr;
  for (Job& job : jobs_) {
    if (job.active || job.retry_at > now) continue;
    if (next != nullptr && job.retry_at >= next->retry_at) continue;
    if (!IsHeldBack(job, now)) next = &job;
  }
  return next;
}

Job* Delivery::NextWitness(const DeliveryTime& time) {
  if (health_.want_witness) return &PlanWitness(kNoTenant, time);
  for (const auto& [tenant, health] : tenant_health_) {
    if (!health.want_witness || time.now < health.gate_until) continue;
    return &PlanWitness(tenant, time);
  }
  return nullptr;
}

std::optional<Transfer> Delivery::NextTransfer(const DeliveryTime& time) {
  more_to_plan_ = false;
  for (int i = 0; i < kEmptyJobsMax; ++i) {
    if (!MayStart(time)) return std::nullopt;
    Job* job = NextWitness(time);
    if (job == nullptr) job = NextWaiting(time.now);
    const bool undecided = job != nullptr && job->todo.empty() && !job->deferred.empty();
    if (undecided) {
      // Nothing else was accepted meanwhile, so it is time to ask whether anything is.
      HoldAll(job->tenant, time.now);
      continue;
    }
    // Also while requests fail: it may be something in them, and others would pass.
    if (job == nullptr) {
      if (!PlanMore(time)) return std::nullopt;
      continue;
    }
    if (std::optional<Transfer> transfer = Start(*job, time)) return transfer;
  }
  more_to_plan_ = true;
  return std::nullopt;
}

bool Delivery::PlanMore(const DeliveryTime& time) {
  if (health_.paused || hold_) return false;
  if (MaySendFresh() && Plan(fresh_, time)) return true;
  return MayReplay() && Plan(backlog_, time);
}

// Requests that a plan is for: where there are tenants, each is to get a whole one.
uint64_t Delivery::TenantsPlanned() const {
  return std::clamp<size_t>(tenants_planned_, 1, kTenantsPlannedMax);
}

// Whether there was anything to plan.
bool Delivery::Plan(Track& track, const DeliveryTime& time) {
  const PlanLimits limits{.shards = concurrency_.active(),
                          .samples_max = samples_max_ * TenantsPlanned(),
                          .samples_enough = kSamplesEnough * TenantsPlanned(),
                          .deadline = queue_.batch_send_deadline};
  remotewrite::Plan plan =
      TakeRequest(track.lanes, limits, {time.now, time.wall_ms, hurry_}, next_shard_++);
  if (plan.frames.empty()) return false;
  Result<std::vector<PlannedFrame>> planned = WithLayouts(plan.frames, time.now);
  if (!planned.ok()) {
    read_error_ = planned.error().message;
    health_.gate_until = time.now + kReadErrorWait;
    for (const QueuedFrame& frame : plan.frames) track.lanes.Release(frame.lane);
    while (!plan.frames.empty()) {
      track.lanes.PutBack(std::move(plan.frames.back()));
      plan.frames.pop_back();
    }
    return false;
  }
  for (PlannedFrame& each : *planned) {
    each.left_out = WhyLeftOut(each.frame, time.wall_ms);
  }
  const std::vector<Job*> jobs = AddJobs(std::move(*planned));
  tenants_planned_ = jobs.size();
  for (Job* job : jobs) {
    job->backlog = &track == &backlog_;
    job->full = plan.full;
    job->retry_at = time.now;
  }
  EncodeShared(jobs, time);
  for (Job* job : jobs) {
    if (const auto end = WhyNotDelivered(job->tenant)) EndUnsent(*job, *end, time);
  }
  return true;
}

std::optional<buffer::DropReason> Delivery::WhyLeftOut(const QueuedFrame& frame,
                                                       TimestampMs wall_ms) {
  // Of a branch only a part of the frame is to be dropped; and what it has is not thinned out.
  if (options_.is_branch) return std::nullopt;
  const TimestampMs age_limit = queue_.sample_age_limit.count();
  if (age_limit > 0 && wall_ms - frame.timestamp_ms > age_limit) {
    return buffer::DropReason::kTooOld;
  }
  if (!thinning_.Keeps(frame, wall_ms)) return buffer::DropReason::kThinned;
  return std::nullopt;
}

// Moves the frames only on success.
Result<std::vector<PlannedFrame>> Delivery::WithLayouts(std::vector<QueuedFrame>& frames,
                                                        MonotonicTime now) {
  std::vector<PlannedFrame> planned(frames.size());
  for (size_t i = 0; i < frames.size(); ++i) {
    Result<std::shared_ptr<const LayoutProjection>> layout =
        cache_.Get(frames[i].target_at, frames[i].layout_at, now);
    if (layout.ok()) {
      planned[i].layout = *std::move(layout);
      continue;
    }
    const ErrorCode code = layout.error().code;
    if (code != ErrorCode::kNotFound && code != ErrorCode::kCorruption) return layout.error();
  }
  for (size_t i = 0; i < frames.size(); ++i) planned[i].frame = std::move(frames[i]);
  return planned;
}

std::vector<Job*> Delivery::AddJobs(std::vector<PlannedFrame> planned) {
  std::vector<Job*> added;
  for (Job& made : MakeJobs(std::move(planned), samples_max_)) {
    Job& job = jobs_.emplace_back(std::move(made));
    job.id = next_job_++;
    const auto health = tenant_health_.find(job.tenant);
    const RefusalGuard& guard =
        health == tenant_health_.end() ? health_.guard : health->second.guard;
    job.splits_left = guard.splits_allowed();
    for (FrameGroup& group : job.groups) {
      const std::span<const uint32_t> suspects = suspects_.Of(group.layout->key);
      group.suspects.assign(suspects.begin(), suspects.end());
    }
    added.push_back(&job);
  }
  return added;
}

// A sample of a series of our own, so that no series of the user's gets ahead of its backlog: only
// fresh data shows whether a receiver that refuses what is old refuses everything.
Job& Delivery::PlanWitness(TenantId tenant, const DeliveryTime& time) {
  HealthOf(tenant).want_witness = false;
  relabel::LabelsBuilder labels(options_.external_labels);
  labels.Set(relabel::kMetricName, "sluice_destination_probe");
  labels.Set("remote_name", options_.name);
  Job& job = jobs_.emplace_back();
  job.id = next_job_++;
  job.tenant = tenant;
  job.witness = true;
  Part& part = job.todo.emplace_back();
  part.encoded = true;
  part.counts.samples = 1;
  part.encoding = protocol_.Next(time.now);
  part.body =
      encoder_.EncodeOne(labels.Build(), {.value = 1, .timestamp_ms = time.wall_ms}, part.encoding);
  return job;
}

// What has become too old while it waited to be tried again.
void Delivery::GiveUpOld(Job& job, const DeliveryTime& time) {
  const TimestampMs age_limit = queue_.sample_age_limit.count();
  if (age_limit == 0) return;
  const TimestampMs oldest_ms = time.wall_ms - age_limit;
  GiveUp(
      job, [oldest_ms](const QueuedFrame& frame) { return frame.timestamp_ms < oldest_ms; },
      PartEnd::kTooOld, time);
}

// What the log has dropped meanwhile, over a disk budget: it counts as lost, and is not to arrive.
void Delivery::GiveUpGone(Job& job, const DeliveryTime& time) {
  const auto& lanes = job.backlog ? progress_->backlog : progress_->lanes;
  const bool all = job.backlog && progress_->backlog_end == 0;
  GiveUp(
      job,
      [&lanes, all](const QueuedFrame& frame) {
        return all || frame.sequence < lanes[frame.lane].next;
      },
      PartEnd::kGone, time);
}

void Delivery::GiveUp(Job& job, const std::function<bool(const QueuedFrame&)>& goes, PartEnd end,
                      const DeliveryTime& time) {
  if (job.witness) return;
  std::optional<Part> part = TakeOut(job, goes);
  if (!part) return;
  encoder_.Count(job, *part, protocol_.Next(time.now));
  End(job, *part, end);
  CollectOutcomes(job);
}

std::optional<Transfer> Delivery::Start(Job& job, const DeliveryTime& time) {
  const MonotonicTime now = time.now;
  const Encoding encoding = protocol_.Next(now);
  GiveUpOld(job, time);
  GiveUpGone(job, time);
  while (!job.todo.empty()) {
    Part& part = job.todo.front();
    const bool is_ready = part.encoded && (job.witness || part.encoding == encoding);
    if (!is_ready) encoder_.Encode(job, part, encoding);
    if (SplitByLimit(job)) continue;
    if (part.counts.samples > 0) break;
    const Part nothing = std::move(part);
    job.todo.pop_front();
    End(job, nothing, PartEnd::kAccepted);
  }
  if (job.todo.empty()) {
    FinishIfDone(job, now);
    return std::nullopt;
  }
  job.active = true;
  job.started_at = now;
  ++active_;
  const Health* trouble = TroubleOf(job);
  job.probe = health_.is_probing() || trouble != nullptr;
  job.aside = trouble != nullptr && trouble->others_pass;
  if (job.aside) ++active_aside_;
  rate_.OnStart(job.todo.front().counts.samples, job.todo.front().body->size(), now);
  ++counters_.requests;
  const Part& part = job.todo.front();
  protocol_.OnSent(part.encoding);
  return Transfer{.job = job.id,
                  .attempt = job.attempts,
                  .samples = part.counts.samples,
                  .tenant = has_tenants() ? options_.tenants->NameOf(job.tenant) : "",
                  .encoding = part.encoding,
                  .body = part.body};
}

// A part that is larger than what the receiver was found to take would only be refused.
bool Delivery::SplitByLimit(Job& job) const {
  const Part& part = job.todo.front();
  const bool is_limited = samples_max_ < queue_.max_samples_per_send;
  if (!is_limited || job.witness || part.counts.samples <= samples_max_) return false;
  std::optional<std::pair<Part, Part>> halves = Split(job, part);
  if (!halves) return false;
  SplitFirst(job, *std::move(halves));
  return true;
}

Status Delivery::Acknowledge(const DeliveryTime& time) {
  if (outcomes_.empty() && !sweep_) return Status::Ok();
  if (time.now < acknowledge_next_at_) return Status::Ok();
  if (active_ > 0 && !hurry_) {
    if (!book_at_) book_at_ = time.now + kBookTogether;
    if (time.now < *book_at_) return Status::Ok();
  }
  book_at_.reset();
  Status status = source_.Acknowledge(outcomes_, IdlePositions());
  if (!status.ok()) {
    acknowledge_next_at_ = time.now + kReadErrorWait;
    return status;
  }
  outcomes_.clear();
  if (sweep_) acknowledge_next_at_ = time.now + kPollInterval;
  sweep_ = false;
  followed_at_ = MonotonicTime{};
  return Status::Ok();
}

bool Delivery::IsDrained() {
  if (!jobs_.empty() || !outcomes_.empty()) return false;
  const std::optional<buffer::DestinationProgress> progress = source_.Progress();
  return !progress || progress->ledger.pending == 0;
}

milliseconds Delivery::IdleFor(MonotonicTime now) const {
  MonotonicTime until = now + kPollInterval;
  for (const Track* track : {&fresh_, &backlog_}) {
    if (track == &backlog_ && !has_backlog_) continue;
    if (more_to_plan_ || (read_error_.empty() && track->lanes.IsBehind())) return milliseconds(0);
    if (track->read_end == Lanes::ReadEnd::kEnoughRead) continue;
    until = std::min(until, std::max(track->read_next_at, now));
  }
  for (const Job& job : jobs_) {
    if (!job.active && job.retry_at > now) until = std::min(until, job.retry_at);
  }
  if (health_.gate_until > now) until = std::min(until, health_.gate_until);
  if (book_at_) until = std::min(until, std::max(*book_at_, now));
  if (rate_.ready_at() > now) until = std::min(until, rate_.ready_at());
  return std::chrono::ceil<milliseconds>(until - now);
}

std::optional<TimestampMs> Delivery::OldestPendingMs() const {
  std::optional<TimestampMs> oldest = fresh_.lanes.oldest_queued_ms();
  const auto consider = [&oldest](TimestampMs at) { oldest = std::min(oldest.value_or(at), at); };
  if (has_backlog_) {
    if (const auto queued = backlog_.lanes.oldest_queued_ms()) consider(*queued);
  }
  for (const Job& job : jobs_) {
    if (job.witness) continue;
    for (const JobFrame& frame : job.set->frames) {
      if (!frame.reported) consider(frame.frame.timestamp_ms);
    }
  }
  return oldest;
}

DeliveryView Delivery::View() const {
  DeliveryView view;
  view.paused = health_.paused;
  view.retrying = health_.failures > 0;
  view.last_error = health_.last_error;
  view.requests_in_flight = active_;
  for (const Job& job : jobs_) {
    if (job.active) view.samples_in_flight += job.todo.front().counts.samples;
  }
  view.highest_sent_ms = highest_sent_ms_;
  view.oldest_pending_ms = OldestPendingMs();
  view.highest_read_ms = std::max(fresh_.lanes.highest_read_ms(), backlog_.lanes.highest_read_ms());
  view.replaying = has_backlog_;
  if (has_tenants()) ViewTenants(view);
  return view;
}

std::vector<Rejection> Delivery::TakeRejections() { return std::exchange(rejections_, {}); }

}  // namespace sluice::remotewrite
