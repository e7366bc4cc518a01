// The metrics of one destination (docs/telemetry.md, Delivery).
#pragma once

#include <array>
#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "base/telemetry.h"
#include "buffer/progress.h"
#include "remotewrite/delivery.h"
#include "remotewrite/destinations.h"
#include "remotewrite/metadata_sender.h"

namespace sluice::remotewrite {

// Adds the series, and removes them when it dies. Bound to one thread.
class DestinationMetrics {
 public:
  // `telemetry` must outlive this.
  DestinationMetrics(Telemetry& telemetry, const std::string& name, const std::string& public_url,
                     const QueueConfig& queue);
  ~DestinationMetrics();
  DestinationMetrics(const DestinationMetrics&) = delete;
  DestinationMetrics& operator=(const DestinationMetrics&) = delete;

  void OnAnswer(int http_status, std::chrono::duration<double> took);

  void OnQuarantined(uint64_t samples) { quarantined_.Increment(static_cast<double>(samples)); }

  struct KindNames;

  struct Reading {
    const DeliveryCounters& counters;
    const DeliveryView& view;
    const Concurrency& concurrency;
    const ProtocolChoice& protocol;
    const MetadataSender& metadata;
    DestinationState state;
    TimestampMs wall_ms;
  };

  void Update(const Reading& reading);
  void UpdateLedger(const buffer::DestinationProgress& progress);

  void SetDiskBudget(const buffer::DiskBudget& budget) {
    disk_max_.Set(static_cast<double>(budget.bytes_max));
  }

  void UpdateCatchUp(std::optional<std::chrono::seconds> left);

 private:
  // A counter that follows a number which only grows.
  struct Follower {
    Counter counter;
    uint64_t seen = 0;

    void Follow(uint64_t value);
  };

  static constexpr size_t kStates = 4;
  static constexpr size_t kClasses = 5;
  static constexpr size_t kEncodings = 3;

  void AddRemoteStorage(const MetricLabels& labels, const QueueConfig& queue);
  void AddOwn(const MetricLabels& labels);
  void AddProtocol(const MetricLabels& labels);

  Telemetry& telemetry_;
  MetricLabels labels_;

  // Of one kind of what is sent.
  struct Kind {
    Follower accepted, failed, retried, relabeled;

    void Follow(const DeliveryCounters& counters, uint64_t (*of)(const SendCounts&));
  };

  void AddKind(Kind& kind, const KindNames& names, const MetricLabels& labels);
  Counter AddDropped(const KindNames& names, const MetricLabels& labels, const std::string& reason);

  Kind samples_, histograms_, exemplars_;
  Follower metadata_accepted_, metadata_failed_;
  Follower custom_buckets_, unfit_exemplars_, bytes_;
  Gauge pending_, shards_, shards_min_, shards_max_, shards_desired_, samples_per_send_;
  Gauge highest_read_, highest_sent_;
  Histogram duration_;

  Follower appended_, acknowledged_;
  std::array<Follower, buffer::kDropReasonCount> dropped_;
  Gauge pending_samples_, pending_bytes_, pending_seconds_, requests_in_flight_, samples_in_flight_;
  std::array<Gauge, kStates> states_;
  std::array<Counter, kClasses> answers_;
  Counter quarantined_;
  Gauge catch_up_, tenants_, tenants_in_trouble_, disk_, disk_max_, accepts_;
  std::array<Gauge, kEncodings> encodings_;
  Follower fallbacks_;
  Follower unwritten_samples_, unwritten_histograms_, unwritten_exemplars_;
};

// "idle", "sending", "retrying", "paused".
std::string_view StateName(DestinationState state);

}  // namespace sluice::remotewrite
