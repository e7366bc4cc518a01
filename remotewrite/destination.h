// A destination at work: its thread, its connections, its metrics.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <unordered_map>

#include "base/http_loop.h"
#include "base/mutex.h"
#include "base/pulse.h"
#include "remotewrite/catch_up.h"
#include "remotewrite/delivery.h"
#include "remotewrite/destination_config.h"
#include "remotewrite/destination_metrics.h"
#include "remotewrite/destinations.h"
#include "remotewrite/endpoints.h"
#include "remotewrite/family_book.h"
#include "remotewrite/log_source.h"
#include "remotewrite/metadata_sender.h"
#include "remotewrite/projection_cache.h"

namespace sluice::remotewrite {

// Sends from construction on, until it is stopped. The log must know the destination (Attach).
// Tenants that hold up others get a branch: a destination of the same kind, owned by this one.
// Thread-safe.
class Destination {
 public:
  Destination(DestinationConfig config, const DestinationsOptions& options,
              const Destinations::Deps& deps);
  ~Destination();  // RequestStop(0), Join()
  Destination(const Destination&) = delete;
  Destination& operator=(const Destination&) = delete;

  const DestinationConfig& config() const { return config_; }

  // Begins to end: sends what is pending, for at most `drain`. An earlier end is not put off.
  void RequestStop(std::chrono::milliseconds drain);
  // It is no longer configured: sends what is pending, whatever time that takes, then forgets
  // itself in the log and ends. The log must have closed it.
  void Leave();

  // It has left.
  bool is_gone() const { return gone_; }

  // Blocks until the thread has ended; bounded by the drain time, as it never waits for a peer.
  void Join();

  // After Join(): removes its metrics, so that another destination of this name can add them.
  void Retire() { metrics_.reset(); }

  DestinationStatus Snapshot() const;
  // The same without the progress.
  DestinationStatus LatestStatus() const;

  // When its thread last came around; those of branches are not looked at.
  MonotonicTime last_pulse() const { return pulse_.last(); }

 private:
  class Exchange;
  class Question;
  class MetadataExchange;

  // Delivers a tenant's samples by itself.
  struct BranchState {
    std::string tenant;
    std::string last_error;  // what it was branched off for
    std::unique_ptr<Destination> destination;
    MonotonicTime calm_since{};  // it has had no trouble
  };

  void Run();
  void ResumeBranches();
  void TendBranches(const DeliveryTime& time);
  void BeginBranch(TenantId tenant, const DeliveryTime& time);
  void StartBranch(const std::string& part, const std::string& tenant, MonotonicTime now);
  bool HasCaughtUp(const std::string& part) const;
  void JoinBranch(const std::string& part, const DeliveryTime& time);
  void EndJoining();
  bool IsTimeToEnd(const DeliveryTime& time);
  void EndLeaving();
  void Acknowledge();
  void StartExchange(const Transfer& transfer);
  void OnExchangeDone(const Exchange& exchange, Answer answer);
  void LogFailure(const Transfer& sent, const Answer& answer);
  HttpRequest MakeRequest(const Transfer& transfer, size_t endpoint) const;
  std::string UrlFor(const std::string& tenant, size_t endpoint) const;
  bool HasPredecessor();
  bool IsOfOurReceiver(const buffer::DestinationProgress& other) const;
  void AskForZstd();
  bool SendsMetadata() const;
  void SendMetadata();
  void OnMetadataAnswered(const Answer& answer);
  void Report(const DeliveryTime& time);
  void UpdateMetrics(const DeliveryView& view, DestinationState state, const DeliveryTime& time);
  void AddBranches(DeliveryView& view) const;
  void TakeRejections(const DeliveryTime& time);
  void KeepInQuarantine(const Rejection& rejection, TimestampMs now);
  void ReportState(const DeliveryView& view, DestinationState state);
  void ReportProtocol();
  DeliveryTime Now() const;

  // Set once.
  const DestinationConfig config_;
  const DestinationsOptions options_;
  const Destinations::Deps deps_;
  const bool is_branch_;
  const std::string name_;  // to be shown
  const std::string public_url_;
  const Clock& clock_;
  buffer::Log& log_;
  Logger logger_;

  // Owned by the thread.
  LogSource source_;
  std::optional<Tenants> tenants_;
  FamilyBook families_;
  ProjectionCache cache_;
  Delivery delivery_;
  Endpoints endpoints_;
  bool waits_ = false;  // for those that had its series before
  MonotonicTime waits_until_{};
  Quarantine quarantine_;
  MetadataSender metadata_;
  CatchUp catch_up_;
  std::optional<DestinationMetrics> metrics_;
  std::unordered_map<uint64_t, std::unique_ptr<Exchange>> exchanges_;  // by job
  std::map<std::string, BranchState> branches_;                        // by tenant
  std::optional<std::string> joining_;                                 // which one is about to
  MonotonicTime join_by_{};
  std::unique_ptr<Question> question_;
  std::string latest_tenant_;  // of the latest request
  std::unique_ptr<HttpHandler> metadata_exchange_;
  HttpLoop::TransferId metadata_transfer_ = 0;
  bool metadata_failed_ = false;
  uint64_t fallbacks_logged_ = 0;
  std::string fallback_logged_;
  uint64_t rejected_unlogged_ = 0;
  uint64_t quarantined_samples_ = 0;
  bool quarantine_failed_ = false;
  MonotonicTime rejection_logged_at_{};
  MonotonicTime ledger_read_at_{};
  bool acknowledge_failed_ = false;
  DestinationState logged_state_ = DestinationState::kIdle;
  std::string logged_problem_;

  HttpLoop http_;  // of the thread, but for Wakeup()

  Pulse pulse_;
  std::atomic<bool> leaving_ = false;
  std::atomic<bool> gone_ = false;

  mutable Mutex mu_;
  DestinationStatus status_ SLUICE_GUARDED_BY(mu_);
  std::optional<MonotonicTime> end_at_ SLUICE_GUARDED_BY(mu_);

  std::jthread thread_;  // last: it uses all of the above
};

}  // namespace sluice::remotewrite
