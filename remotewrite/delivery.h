// One destination's delivery as a state machine: what to send next, what an answer means, what to
// acknowledge. It has no clock, thread or socket of its own.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "remotewrite/backoff.h"
#include "remotewrite/concurrency.h"
#include "remotewrite/destination_config.h"
#include "remotewrite/frame_source.h"
#include "remotewrite/health.h"
#include "remotewrite/job.h"
#include "remotewrite/lanes.h"
#include "remotewrite/part_encoder.h"
#include "remotewrite/planner.h"
#include "remotewrite/projection_cache.h"
#include "remotewrite/protocol.h"
#include "remotewrite/rate_limit.h"
#include "remotewrite/refusals.h"
#include "remotewrite/thinning.h"

namespace sluice::remotewrite {

struct DeliveryTime {
  MonotonicTime now{};
  TimestampMs wall_ms = 0;
};

// A request to send now. Answered exactly once, through OnAnswer().
struct Transfer {
  uint64_t job = 0;
  uint32_t attempt = 0;  // failed ones before
  uint64_t samples = 0;
  std::string tenant;  // whose they are; empty: nobody's
  Encoding encoding;
  std::shared_ptr<const std::string> body;
};

// Samples that were given up because the receiver refused them.
struct Rejection {
  std::string tenant;  // empty: nobody's
  uint64_t samples = 0;
  std::string series;  // one of them
  int http_status = 0;
  std::string words;
  std::shared_ptr<const std::string> body;
  Encoding encoding;  // of the body
};

// Since the start, in samples but where said.
struct DeliveryCounters {
  SendCounts accepted;
  SendCounts retried;
  SendCounts rejected;
  SendCounts relabeled;
  uint64_t custom_buckets = 0;   // histograms that remote write 1.0 has no place for
  uint64_t unfit_exemplars = 0;  // not sent, see PartEncoder
  SendCounts unwritten;          // of those accepted: less, as the receiver said itself
  uint64_t damaged = 0;
  uint64_t accepted_bytes = 0;  // compressed
  uint64_t requests = 0;
};

struct DeliveryView {
  bool paused = false;
  bool retrying = false;
  std::string last_error;
  uint32_t requests_in_flight = 0;
  uint64_t samples_in_flight = 0;
  TimestampMs highest_sent_ms = 0;
  TimestampMs highest_read_ms = 0;
  std::optional<TimestampMs> oldest_pending_ms;  // of the frames that were read
  bool replaying = false;                        // fresh frames pass a backlog
  size_t tenants = 0;                            // seen so far
  size_t tenants_in_trouble = 0;
  std::vector<TenantTrouble> troubles;  // of some of them
};

struct DeliveryOptions {
  std::string name;
  QueueConfig queue;
  SendOptions send;
  ReplayConfig replay;
  RateLimitConfig rate_limit;
  ThinningConfig thinning;
  ProtocolConfig protocol;
  relabel::Labels external_labels;
  // Those of the cache's rules, to outlive the delivery; null: there are none.
  Tenants* tenants = nullptr;
  bool is_branch = false;
  std::chrono::milliseconds branch_after{2'000};  // see BranchTiming
  uint64_t seed = 0;                              // of the jitter
};

// Bound to one thread.
class Delivery {
 public:
  // How often the log is asked for news when there was none. Scrapes come in gusts: asked more
  // often, a destination mostly wakes for a part of one, or for nothing.
  static constexpr std::chrono::milliseconds kPollInterval{250};
  // How often a receiver that refuses everything is asked again.
  static constexpr std::chrono::milliseconds kProbeInterval{5'000};

  // `source` and `cache` must outlive this.
  Delivery(const DeliveryOptions& options, FrameSource& source, ProjectionCache& cache);

  // Follows the durable progress and reads ahead. To be called before NextTransfer(), at least
  // every kPollInterval.
  void Tick(const DeliveryTime& time);

  // The next request to start, while there is one.
  std::optional<Transfer> NextTransfer(const DeliveryTime& time);

  void OnAnswer(uint64_t job, Answer answer, const DeliveryTime& time);

  // Makes everything that is done with durable, or waits a moment for requests that are on their
  // way. On failure it is tried again at a later call.
  Status Acknowledge(const DeliveryTime& time);

  // Nothing waits to be made durable.
  bool AllAcknowledged() const { return outcomes_.empty(); }

  // Sends what there is without waiting for full requests, and makes durable at once.
  void Hurry() { hurry_ = true; }

  // True when every frame in the log is done with, durably.
  bool IsDrained();

  // How long there will be nothing to do, unless an answer comes.
  std::chrono::milliseconds IdleFor(MonotonicTime now) const;

  DeliveryView View() const;

  const Concurrency& concurrency() const { return concurrency_; }

  const DeliveryCounters& counters() const { return counters_; }

  ProtocolChoice& protocol() { return protocol_; }

  // Tenants that hold up others by their failures, and should have a branch; see
  // buffer::BranchName. None that has a request on its way.
  std::vector<TenantId> WantBranch(MonotonicTime now) const;

  // What it was answered; empty when it is not in trouble.
  std::string TroubleText(TenantId tenant) const;

  // From now on a branch delivers what is a tenant's, beginning with all that is not durably done
  // with; or it has joined again.
  void LeaveToBranch(TenantId tenant, const DeliveryTime& time);

  void TakeBack(TenantId tenant) { branched_.erase(tenant); }

  // Whether to plan no further requests: what is planned is brought to its end.
  void Hold(bool hold) { hold_ = hold; }

  // Nothing is planned that is not durably done with.
  bool IsAtRest() const { return jobs_.empty() && outcomes_.empty(); }

  // The latest answers to the point were 2xx.
  bool IsAccepted() const { return accepts_ && !health_.is_probing(); }

  // Rejections since the last call; the latest kRejectionsMax of them. What they speak of is not
  // acknowledged before the next Acknowledge().
  std::vector<Rejection> TakeRejections();

  // Reading from the log failed for a reason that may pass; empty when it did not.
  const std::string& read_error() const { return read_error_; }

 private:
  using Jobs = std::list<Job>;

  // Frames that are read and sent in order: the fresh ones, or those of the backlog.
  struct Track {
    Lanes lanes{Lanes::Limits{}};
    Lanes::ReadEnd read_end = Lanes::ReadEnd::kMore;
    MonotonicTime read_next_at{};
  };

  void Follow(const DeliveryTime& time);
  bool TakeOverBacklog(const buffer::DestinationProgress& progress);
  void PartBacklog(const DeliveryTime& time);
  bool MayPartBacklog(const DeliveryTime& time) const;
  bool MaySendFresh() const;
  bool MayReplay() const;

  Track& TrackOf(const Job& job) { return job.backlog ? backlog_ : fresh_; }

  void ReadAhead(Track& track, const DeliveryTime& time);
  bool HasDamage(const Track& track,
                 const std::array<buffer::LaneProgress, buffer::kLaneCount>& progress) const;
  std::vector<buffer::LaneAdvance> IdlePositions() const;
  std::optional<TimestampMs> OldestPendingMs() const;
  bool MayStart(const DeliveryTime& time) const;
  bool IsBeingProbed(std::optional<TenantId> tenant, MonotonicTime now) const;
  bool IsHeldBack(const Job& job, MonotonicTime now) const;
  const Health* TroubleOf(const Job& job) const;
  Job* NextWaiting(MonotonicTime now);
  Job* NextWitness(const DeliveryTime& time);
  bool PlanMore(const DeliveryTime& time);
  bool Plan(Track& track, const DeliveryTime& time);
  Job& PlanWitness(TenantId tenant, const DeliveryTime& time);
  uint64_t TenantsPlanned() const;
  Result<std::vector<PlannedFrame>> WithLayouts(std::vector<QueuedFrame>& frames,
                                                MonotonicTime now);
  std::optional<buffer::DropReason> WhyLeftOut(const QueuedFrame& frame, TimestampMs wall_ms);
  std::vector<Job*> AddJobs(std::vector<PlannedFrame> planned);
  void EncodeShared(const std::vector<Job*>& jobs, const DeliveryTime& time);
  std::optional<PartEnd> WhyNotDelivered(TenantId tenant) const;
  void EndUnsent(Job& job, PartEnd end, const DeliveryTime& time);
  void ViewTenants(DeliveryView& view) const;
  std::optional<Transfer> Start(Job& job, const DeliveryTime& time);
  bool SplitByLimit(Job& job) const;
  void GiveUpOld(Job& job, const DeliveryTime& time);
  void GiveUpGone(Job& job, const DeliveryTime& time);
  void GiveUp(Job& job, const std::function<bool(const QueuedFrame&)>& goes, PartEnd end,
              const DeliveryTime& time);

  bool IsMisunderstood(Job& job, const Answer& answer, const DeliveryTime& time);
  void NoteUnwritten(const Part& part, const WrittenCounts& written);
  void OnAccepted(Job& job, const DeliveryTime& time);
  void OnFailed(Job& job, const Answer& answer, const DeliveryTime& time);
  void OnPaused(Job& job, const Answer& answer, const DeliveryTime& time);
  void OnRefused(Job& job, const Answer& answer, const DeliveryTime& time);
  void OnWitness(TenantId tenant, bool accepted, MonotonicTime now);

  bool has_tenants() const { return options_.tenants != nullptr; }

  Health& HealthOf(TenantId tenant) { return has_tenants() ? tenant_health_[tenant] : health_; }

  // Whether `job` is of the one whose health that is.
  bool Concerns(TenantId tenant, const Job& job) const {
    return !has_tenants() || job.tenant == tenant;
  }

  bool IsOfTenantAlone(const Health& own) const;
  static void NoteTrouble(Health& own, const Answer& answer, MonotonicTime now);
  void NoteAccepted(const Job& job, MonotonicTime now);
  void HoldAll(TenantId tenant, MonotonicTime now);
  void WaitForProbe(TenantId tenant, MonotonicTime now);
  void NoteSizeLimit(uint64_t samples, MonotonicTime now);

  void GiveUpFirst(Job& job, MonotonicTime now);
  void BookRejected(Job& job, const Part& part);
  void End(Job& job, const Part& part, PartEnd end);
  void BelieveDeferred(TenantId tenant, MonotonicTime now);
  void Acquit(const Job& job, const Part& part);
  void DivideStuck(Job& job, MonotonicTime now);
  void FinishIfDone(Job& job, MonotonicTime now);
  void CollectOutcomes(const Job& job);
  Concurrency::Backlog BacklogNow() const;
  Jobs::iterator Find(uint64_t id);
  void EraseJob(Jobs::iterator job);
  void ForgetIfWell(TenantId tenant);

  // Set once.
  const DeliveryOptions options_;
  const QueueConfig& queue_;  // in options_
  FrameSource& source_;
  ProjectionCache& cache_;
  BackoffLimits backoff_;

  Rng rng_;
  ProtocolChoice protocol_;
  PartEncoder encoder_;
  Concurrency concurrency_;
  Suspects suspects_;
  RateLimit rate_;
  Thinning thinning_;

  Jobs jobs_;
  uint64_t next_job_ = 1;
  uint32_t next_shard_ = 0;
  uint64_t samples_max_;  // lowered by 413

  Health health_;  // of the receiver
  // Where there are tenants: of each that has a request on its way, or is in trouble. What an
  // answer says of requests in general, it says of its tenant.
  std::unordered_map<TenantId, Health> tenant_health_;
  uint32_t active_ = 0;
  uint32_t active_aside_ = 0;   // of those, see Job::aside
  size_t tenants_planned_ = 1;  // jobs of the latest plan
  MonotonicTime size_limit_until_{};

  // Reading.
  Track fresh_;
  Track backlog_;
  bool has_backlog_ = false;
  buffer::Sequence backlog_end_ = 0;  // of the latest one
  bool accepts_ = false;              // the latest answer to the point was a 2xx
  MonotonicTime part_next_at_{};
  MonotonicTime followed_at_{};
  MonotonicTime acknowledge_next_at_{};
  std::optional<MonotonicTime> book_at_;  // while something waits to be made durable
  std::optional<buffer::DestinationProgress> progress_;
  bool sweep_ = false;
  bool more_to_plan_ = false;
  std::string read_error_;
  bool hurry_ = false;
  bool hold_ = false;
  std::set<TenantId> branched_;

  // Done with, not yet durable.
  std::vector<buffer::FrameOutcome> outcomes_;

  DeliveryCounters counters_;
  std::vector<Rejection> rejections_;
  TimestampMs highest_sent_ms_ = 0;
};

}  // namespace sluice::remotewrite
