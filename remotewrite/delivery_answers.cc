// What the answers of a receiver do to a delivery.

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

#include "remotewrite/delivery.h"
#include "remotewrite/response_policy.h"

namespace sluice::remotewrite {

namespace {

using std::chrono::milliseconds;

// How long a refused part waits for another request to be accepted before it is asked again.
constexpr milliseconds kUndecidedWait{10'000};

// After so many failures, and again after as many, a request is divided: so that what makes a
// receiver fail every time ends up with one lane.
constexpr uint32_t kDivideAfter = 6;

constexpr uint32_t kOutageFailures = 3;

// Frames of a set are looked through again when one in so many is done with.
constexpr size_t kCollectShare = 16;

constexpr milliseconds kSizeLimitFor{10 * 60'000};
constexpr size_t kRejectionsMax = 1'024;

std::string Describe(const Answer& answer) {
  if (answer.http_status == 0) return answer.words;
  return "HTTP " + std::to_string(answer.http_status) + (answer.words.empty() ? "" : ": ") +
         answer.words;
}

}  // namespace

void Delivery::OnAnswer(uint64_t id, Answer answer, const DeliveryTime& time) {
  const Jobs::iterator found = Find(id);
  if (found == jobs_.end() || !found->active) return;
  Job& job = *found;
  job.active = false;
  --active_;
  if (std::exchange(job.aside, false)) --active_aside_;
  if (IsMisunderstood(job, answer, time)) {
    if (job.witness) EraseJob(found);
    return;
  }
  const Verdict verdict = ClassifyResponse(answer.http_status);
  if (job.witness) {
    const TenantId tenant = job.tenant;
    EraseJob(found);
    OnWitness(tenant, verdict == Verdict::kAccepted, time.now);
    return;
  }
  switch (verdict) {
    case Verdict::kAccepted:
      OnAccepted(job, time);
      return;
    case Verdict::kRetry:
      OnFailed(job, answer, time);
      return;
    case Verdict::kRefused:
      OnRefused(job, answer, time);
      return;
    case Verdict::kPaused:
      OnPaused(job, answer, time);
      return;
  }
}

// Whether the receiver did not understand how the request is written: then it is written anew, in
// another way.
bool Delivery::IsMisunderstood(Job& job, const Answer& answer, const DeliveryTime& time) {
  Part& part = job.todo.front();
  const ProtocolChoice::Step step = protocol_.OnAnswer(
      part.encoding, {answer.http_status, answer.written, answer.words}, time.now);
  if (step == ProtocolChoice::Step::kNone) {
    if (ClassifyResponse(answer.http_status) == Verdict::kAccepted) {
      NoteUnwritten(part, answer.written);
    }
    return false;
  }
  // Whatever it says, it is there and answers.
  health_.failures = 0;
  health_.gate_until = time.now;
  if (job.witness) HealthOf(job.tenant).want_witness = true;
  part.encoded = false;
  job.retry_at = time.now;
  return true;
}

// Receivers may leave out what they have already, or cannot store.
void Delivery::NoteUnwritten(const Part& part, const WrittenCounts& written) {
  if (part.encoding.message != Message::kV2) return;
  const auto missing = [](uint64_t sent, const std::optional<uint64_t>& got) {
    return sent - std::min(sent, got.value_or(0));
  };
  const uint64_t floats = part.counts.samples - part.counts.histograms;
  const uint64_t histograms = missing(part.counts.histograms, written.histograms);
  counters_.unwritten.histograms += histograms;
  counters_.unwritten.samples += histograms + missing(floats, written.samples);
  counters_.unwritten.exemplars += missing(part.counts.exemplars, written.exemplars);
}

void Delivery::OnAccepted(Job& job, const DeliveryTime& time) {
  NoteAccepted(job, time.now);
  const Part part = std::move(job.todo.front());
  job.todo.pop_front();
  job.attempts = 0;
  job.any_accepted = true;
  job.retry_at = time.now;
  counters_.accepted += part.counts;
  counters_.accepted_bytes += part.body->size();
  Acquit(job, part);
  End(job, part, PartEnd::kAccepted);
  const bool full = job.full && !job.any_refused;
  concurrency_.OnSuccess(full ? Concurrency::Fill::kFull : Concurrency::Fill::kPartial,
                         BacklogNow(), time.now);
  const TenantId tenant = job.tenant;
  FinishIfDone(job, time.now);
  BelieveDeferred(tenant, time.now);
  ForgetIfWell(tenant);
}

void Delivery::NoteAccepted(const Job& job, MonotonicTime now) {
  Health& own = HealthOf(job.tenant);
  const bool was_out = own.paused || health_.paused ||
                       (job.probe && std::max(own.failures, health_.failures) >= kOutageFailures);
  if (was_out) {
    // The receiver is back: nobody needs to sit out a wait that was meant for its absence. (One
    // request that fails while others pass does not come here.)
    for (Job& each : jobs_) each.retry_at = std::min(each.retry_at, now);
  }
  // An answer to a request from before the failure does not end a wait that came with it.
  if (health_.failures == 0 || job.probe) accepts_ = true;
  for (Health* health : {&health_, &own}) {
    if (health->failures == 0 || job.probe) {
      health->failures = 0;
      health->gate_until = now;
      health->last_error.clear();
    }
    health->paused = false;
    health->want_witness = false;
  }
  own.guard.OnAccepted();
  for (auto& [tenant, health] : tenant_health_) {
    if (tenant != job.tenant) health.others_pass = true;
  }
}

// Limits and permissions are a tenant's. Anything else is the receiver's, until others pass while
// this one fails.
bool Delivery::IsOfTenantAlone(const Health& own) const {
  return has_tenants() && (own.speaks_of_tenant || (own.failures > 0 && own.others_pass));
}

// At the beginning of a trouble.
void Delivery::NoteTrouble(Health& own, const Answer& answer, MonotonicTime now) {
  if (!own.is_probing()) {
    own.others_pass = false;
    own.failing_since = now;
  }
  own.speaks_of_tenant = answer.http_status >= 400 && answer.http_status < 500;
  own.last_error = Describe(answer);
}

void Delivery::OnFailed(Job& job, const Answer& answer, const DeliveryTime& time) {
  Health& own = HealthOf(job.tenant);
  NoteTrouble(own, answer, time.now);
  const bool is_alone = IsOfTenantAlone(own);
  Health& judged = is_alone ? own : health_;
  if (&own != &judged) ++own.failures;
  ++judged.failures;
  ++job.attempts;
  judged.paused = false;
  own.paused = false;
  judged.last_error = own.last_error;
  counters_.retried += job.todo.front().counts;
  if (!is_alone) {
    accepts_ = false;
    concurrency_.OnFailure();
  }
  BackoffLimits limits = backoff_;
  if (answer.http_status == 0) limits.max = std::min(limits.max, kUnansweredBackoffMax);
  // The end of one that hung says how it was long ago; others were sent since.
  const bool hung = answer.http_status == 0 && time.now - job.started_at >= kProbeInterval;
  if (!hung) {
    const milliseconds wait = answer.retry_after ? RetryAfterDelay(*answer.retry_after, rng_)
                                                 : BackoffDelay(limits, judged.failures, rng_);
    judged.gate_until = std::max(judged.gate_until, time.now + wait);
  }
  // Behind the gate, and behind jobs that failed less often.
  job.retry_at = std::max(judged.gate_until, time.now + BackoffDelay(limits, job.attempts, rng_));
  if (job.attempts % kDivideAfter == 0) DivideStuck(job, time.now);
}

void Delivery::OnPaused(Job& job, const Answer& answer, const DeliveryTime& time) {
  Health& own = HealthOf(job.tenant);
  NoteTrouble(own, answer, time.now);
  ++job.attempts;
  own.paused = true;
  counters_.retried += job.todo.front().counts;
  if (!has_tenants()) {
    accepts_ = false;
    concurrency_.OnFailure();
  }
  WaitForProbe(job.tenant, time.now);
}

void Delivery::OnRefused(Job& job, const Answer& answer, const DeliveryTime& time) {
  Health& own = HealthOf(job.tenant);
  // Whatever it says, it is there and answers.
  for (Health* health : {&health_, &own}) {
    health->failures = 0;
    health->paused = false;
  }
  own.last_error = Describe(answer);
  own.last_refusal = answer;
  job.any_refused = true;
  job.retry_at = time.now;
  Part& part = job.todo.front();
  if (!part.refused_before) own.guard.OnRefused();
  part.refused_before = true;
  const uint64_t samples = part.counts.samples;
  if (answer.http_status == 413 && samples > 1) NoteSizeLimit(samples / 2, time.now);
  if (own.guard.IsSuspicious(time.now)) {
    ++job.attempts;
    HoldAll(job.tenant, time.now);
    return;
  }
  std::optional<std::pair<Part, Part>> halves;
  if (job.splits_left > 0) halves = Split(job, part);
  job.attempts = 0;
  if (halves) {
    --job.splits_left;
    SplitFirst(job, *std::move(halves));
    return;
  }
  GiveUpFirst(job, time.now);
}

void Delivery::OnWitness(TenantId tenant, bool accepted, MonotonicTime now) {
  Health& own = HealthOf(tenant);
  if (!accepted) {
    if (own.paused) WaitForProbe(tenant, now);
    return;
  }
  own.guard.OnWitnessAccepted(now);
  own.failures = 0;
  own.paused = false;
  own.gate_until = now;
  for (Job& job : jobs_) {
    if (Concerns(tenant, job)) job.retry_at = now;
  }
}

// The receiver refuses everything of the tenant: nothing is dropped on its word alone. What was
// given up comes back, and a witness is asked for.
void Delivery::HoldAll(TenantId tenant, MonotonicTime now) {
  Health& own = HealthOf(tenant);
  NoteTrouble(own, own.last_refusal, now);
  own.paused = true;
  own.want_witness = true;
  own.last_error = "refuses every request: " + Describe(own.last_refusal);
  for (Job& job : jobs_) {
    if (job.active || !Concerns(tenant, job)) continue;
    job.todo.insert(job.todo.begin(), std::make_move_iterator(job.deferred.begin()),
                    std::make_move_iterator(job.deferred.end()));
    job.deferred.clear();
  }
}

void Delivery::WaitForProbe(TenantId tenant, MonotonicTime now) {
  Health& own = HealthOf(tenant);
  // Spread by a fifth, so that many senders do not ask in step; sooner, so that nobody who is back
  // waits longer than the interval.
  const auto spread = static_cast<int64_t>(rng_() % (kProbeInterval.count() / 5));
  own.gate_until = now + kProbeInterval - milliseconds(spread);
  for (Job& job : jobs_) {
    if (Concerns(tenant, job)) job.retry_at = std::max(job.retry_at, own.gate_until);
  }
}

void Delivery::NoteSizeLimit(uint64_t samples, MonotonicTime now) {
  samples_max_ = std::max<uint64_t>(1, samples);
  size_limit_until_ = now + kSizeLimitFor;
}

// Ends the refused first part of a job; its samples are dropped when the verdict is believed.
void Delivery::GiveUpFirst(Job& job, MonotonicTime now) {
  Part part = std::move(job.todo.front());
  job.todo.pop_front();
  if (const std::optional<uint32_t> only = OnlySeriesOf(part)) {
    // The same series of the job's other frames is the first to look at.
    std::vector<uint32_t>& suspects = job.groups[part.slices.front().group].suspects;
    const auto at = std::lower_bound(suspects.begin(), suspects.end(), *only);
    if (at == suspects.end() || *at != *only) suspects.insert(at, *only);
  }
  // A receiver that took other samples of the same request means these. Should it have stopped to
  // mean it since, the streak of refusals ends that soon.
  if (HealthOf(job.tenant).guard.IsTrusted(now) || job.any_accepted) {
    BookRejected(job, part);
  } else {
    job.deferred.push_back(std::move(part));
  }
  FinishIfDone(job, now);
}

void Delivery::BookRejected(Job& job, const Part& part) {
  if (const std::optional<uint32_t> only = OnlySeriesOf(part)) {
    suspects_.Add(job.groups[part.slices.front().group].layout->key, *only);
  }
  const Answer& refusal = HealthOf(job.tenant).last_refusal;
  counters_.rejected += part.counts;
  if (rejections_.size() >= kRejectionsMax) rejections_.erase(rejections_.begin());
  rejections_.push_back({.tenant = has_tenants() ? options_.tenants->NameOf(job.tenant) : "",
                         .samples = part.counts.samples,
                         .series = FirstSeriesText(job, part),
                         .http_status = refusal.http_status,
                         .words = refusal.words,
                         .body = part.body,
                         .encoding = part.encoding});
  End(job, part, PartEnd::kRejected);
}

void Delivery::End(Job& job, const Part& part, PartEnd end) {
  counters_.relabeled += part.relabeled;
  counters_.unfit_exemplars += part.unfit_exemplars;
  EndPart(job, part, end);
}

void Delivery::BelieveDeferred(TenantId tenant, MonotonicTime now) {
  for (auto job = jobs_.begin(); job != jobs_.end();) {
    Job& each = *job++;  // it may go away
    if (each.deferred.empty() || !Concerns(tenant, each)) continue;
    for (const Part& part : each.deferred) BookRejected(each, part);
    each.deferred.clear();
    FinishIfDone(each, now);
  }
}

void Delivery::Acquit(const Job& job, const Part& part) {
  for (const Slice& slice : part.slices) {
    const ContentPair& layout = job.groups[slice.group].layout->key;
    const std::span<const uint32_t> suspects = suspects_.Of(layout);
    if (suspects.empty()) continue;
    const std::vector<uint32_t> all(suspects.begin(), suspects.end());
    suspects_.Remove(layout, slice.all_series ? all : slice.series);
  }
}

// Something in this request may make the receiver fail every time: it is to hold up one lane, not
// all of those that are in the request.
void Delivery::DivideStuck(Job& job, MonotonicTime now) {
  if (!job.is_alone()) return;
  const std::vector<JobFrame>& frames = job.set->frames;
  const bool untouched =
      job.todo.size() == 1 && job.deferred.empty() && !job.any_refused && !job.any_accepted &&
      std::none_of(frames.begin(), frames.end(), [](const JobFrame& f) { return f.reported; });
  const uint32_t first_lane = frames.front().frame.lane;
  const bool one_lane = std::all_of(frames.begin(), frames.end(),
                                    [&](const JobFrame& f) { return f.frame.lane == first_lane; });
  if (!untouched || one_lane) return;
  const uint32_t attempts = job.attempts;
  const bool backlog = job.backlog;
  const MonotonicTime retry_at = std::max(job.retry_at, now);
  const Jobs::iterator place = Find(job.id);
  auto halves = DivideByLanes(std::move(job));
  jobs_.erase(place);
  for (auto* half : {&halves.first, &halves.second}) {
    for (Job* made : AddJobs(std::move(*half))) {
      made->backlog = backlog;
      made->attempts = attempts;
      made->retry_at = retry_at;
    }
  }
}

// `job` is gone afterwards when it was done.
void Delivery::FinishIfDone(Job& job, MonotonicTime now) {
  const FrameSet& set = *job.set;
  // In a set of many jobs, not after each part of them.
  if (set.open_jobs == 1 || set.closed * kCollectShare >= set.frames.size()) CollectOutcomes(job);
  if (job.active || !job.todo.empty()) return;
  if (!job.deferred.empty()) {
    job.retry_at = now + kUndecidedWait;
    return;
  }
  if (job.any_refused) {
    HealthOf(job.tenant)
        .guard.OnJobEnd(job.any_accepted ? RefusalGuard::JobEnd::kSomeRefused
                                         : RefusalGuard::JobEnd::kAllRefused);
  }
  EraseJob(Find(job.id));
}

void Delivery::CollectOutcomes(const Job& job) {
  for (const buffer::FrameOutcome& outcome : TakeOutcomes(*job.set)) {
    counters_.custom_buckets +=
        outcome.dropped[static_cast<size_t>(buffer::DropReason::kCustomBuckets)];
    counters_.damaged += outcome.dropped[static_cast<size_t>(buffer::DropReason::kDamaged)];
    outcomes_.push_back(outcome);
  }
  for (const JobFrame& frame : job.set->frames) {
    if (frame.reported) highest_sent_ms_ = std::max(highest_sent_ms_, frame.frame.timestamp_ms);
  }
}

Delivery::Jobs::iterator Delivery::Find(uint64_t id) {
  return std::find_if(jobs_.begin(), jobs_.end(), [id](const Job& job) { return job.id == id; });
}

void Delivery::EraseJob(Jobs::iterator job) {
  if (!job->witness && --job->set->open_jobs == 0) {
    for (const JobFrame& frame : job->set->frames) TrackOf(*job).lanes.Release(frame.frame.lane);
    encoder_.ForgetFrames(*job->set);
  }
  jobs_.erase(job);
}

}  // namespace sluice::remotewrite
