#include "remotewrite/destination_metrics.h"

#include <algorithm>
#include <limits>

namespace sluice::remotewrite {

namespace {

constexpr std::array kAllStates = {DestinationState::kIdle, DestinationState::kSending,
                                   DestinationState::kRetrying, DestinationState::kPaused};
constexpr std::array kAllEncodings = {Encoding{}, Encoding{.compression = Compression::kZstd},
                                      Encoding{.message = Message::kV2}};
constexpr std::array<const char*, 5> kClassNames = {"none", "2xx", "3xx", "4xx", "5xx"};

MetricLabels With(MetricLabels labels, const std::string& name, std::string_view value) {
  labels[name] = std::string(value);
  return labels;
}

using std::string_literals::operator""s;

double Seconds(TimestampMs ms) { return static_cast<double>(ms) / 1000; }

}  // namespace

struct DestinationMetrics::KindNames {
  const char* what;
  const char* accepted;
  const char* failed;
  const char* retried;
  const char* dropped;
};

namespace {

constexpr DestinationMetrics::KindNames kSampleNames = {
    "Samples (but for native histograms)", "prometheus_remote_storage_samples_total",
    "prometheus_remote_storage_samples_failed_total",
    "prometheus_remote_storage_samples_retried_total",
    "prometheus_remote_storage_samples_dropped_total"};
constexpr DestinationMetrics::KindNames kHistogramNames = {
    "Native histograms", "prometheus_remote_storage_histograms_total",
    "prometheus_remote_storage_histograms_failed_total",
    "prometheus_remote_storage_histograms_retried_total",
    "prometheus_remote_storage_histograms_dropped_total"};
constexpr DestinationMetrics::KindNames kExemplarNames = {
    "Exemplars", "prometheus_remote_storage_exemplars_total",
    "prometheus_remote_storage_exemplars_failed_total",
    "prometheus_remote_storage_exemplars_retried_total",
    "prometheus_remote_storage_exemplars_dropped_total"};

}  // namespace

std::string_view StateName(DestinationState state) {
  switch (state) {
    case DestinationState::kIdle:
      return "idle";
    case DestinationState::kSending:
      return "sending";
    case DestinationState::kRetrying:
      return "retrying";
    case DestinationState::kPaused:
      return "paused";
  }
  return "";
}

void DestinationMetrics::Follower::Follow(uint64_t value) {
  if (value > seen) counter.Increment(static_cast<double>(value - seen));
  seen = std::max(seen, value);
}

DestinationMetrics::DestinationMetrics(Telemetry& telemetry, const std::string& name,
                                       const std::string& public_url, const QueueConfig& queue)
    : telemetry_(telemetry), labels_{{"remote_name", name}, {"url", public_url}} {
  AddRemoteStorage(labels_, queue);
  AddOwn(labels_);
  AddProtocol(labels_);
}

DestinationMetrics::~DestinationMetrics() { telemetry_.RemoveSeriesWith(labels_); }

Counter DestinationMetrics::AddDropped(const KindNames& names, const MetricLabels& labels,
                                       const std::string& reason) {
  return telemetry_.AddCounter(names.dropped, names.what + " that were not sent, by reason."s,
                               With(labels, "reason", reason));
}

void DestinationMetrics::AddKind(Kind& kind, const KindNames& names, const MetricLabels& labels) {
  Telemetry& t = telemetry_;
  kind.accepted.counter =
      t.AddCounter(names.accepted, names.what + " that the remote storage accepted."s, labels);
  kind.failed.counter = t.AddCounter(
      names.failed, names.what + " that the remote storage refused for good."s, labels);
  kind.retried.counter = t.AddCounter(
      names.retried, names.what + " in requests that failed and are sent again."s, labels);
  kind.relabeled.counter = AddDropped(names, labels, "dropped_series");
}

void DestinationMetrics::Kind::Follow(const DeliveryCounters& counters,
                                      uint64_t (*of)(const SendCounts&)) {
  accepted.Follow(of(counters.accepted));
  failed.Follow(of(counters.rejected));
  retried.Follow(of(counters.retried));
  relabeled.Follow(of(counters.relabeled));
}

void DestinationMetrics::AddRemoteStorage(const MetricLabels& labels, const QueueConfig& queue) {
  Telemetry& t = telemetry_;
  AddKind(samples_, kSampleNames, labels);
  AddKind(histograms_, kHistogramNames, labels);
  AddKind(exemplars_, kExemplarNames, labels);
  custom_buckets_.counter = AddDropped(kHistogramNames, labels, "nhcb_in_rw1_not_supported");
  unfit_exemplars_.counter = AddDropped(kExemplarNames, labels, "unfit");
  metadata_accepted_.counter =
      t.AddCounter("prometheus_remote_storage_metadata_total",
                   "Metadata of families that the remote storage accepted.", labels);
  metadata_failed_.counter =
      t.AddCounter("prometheus_remote_storage_metadata_failed_total",
                   "Metadata of families that was not accepted, until the next interval.", labels);
  bytes_.counter = t.AddCounter("prometheus_remote_storage_bytes_total",
                                "Bytes of compressed requests that were accepted.", labels);
  pending_ = t.AddGauge("prometheus_remote_storage_samples_pending",
                        "Samples in the buffer that are not acknowledged yet.", labels);
  shards_ =
      t.AddGauge("prometheus_remote_storage_shards", "Requests that may be in flight now.", labels);
  shards_min_ = t.AddGauge("prometheus_remote_storage_shards_min",
                           "Least number of requests that may be in flight.", labels);
  shards_max_ = t.AddGauge("prometheus_remote_storage_shards_max",
                           "Greatest number of requests that may be in flight.", labels);
  shards_desired_ = t.AddGauge("prometheus_remote_storage_shards_desired",
                               "Requests in flight that the load asks for.", labels);
  samples_per_send_ = t.AddGauge("prometheus_remote_storage_max_samples_per_send",
                                 "Samples that a request holds at most.", labels);
  samples_per_send_.Set(queue.max_samples_per_send);
  highest_read_ = t.AddGauge("prometheus_remote_storage_queue_highest_timestamp_seconds",
                             "Newest timestamp read for the destination.", labels);
  highest_sent_ = t.AddGauge("prometheus_remote_storage_queue_highest_sent_timestamp_seconds",
                             "Newest timestamp acknowledged.", labels);
  duration_ = t.AddHistogram("prometheus_remote_storage_sent_batch_duration_seconds",
                             "Duration of requests, whatever their answer.", labels,
                             {.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 25, 60, 120, 300});
}

void DestinationMetrics::AddOwn(const MetricLabels& labels) {
  Telemetry& t = telemetry_;
  appended_.counter = t.AddCounter("sluice_destination_appended_samples_total",
                                   "Samples that the destination is to get.", labels);
  acknowledged_.counter = t.AddCounter("sluice_destination_acknowledged_samples_total",
                                       "Samples that it has acknowledged.", labels);
  for (size_t i = 0; i < dropped_.size(); ++i) {
    const std::string_view reason = buffer::DropReasonName(static_cast<buffer::DropReason>(i));
    dropped_[i].counter =
        t.AddCounter("sluice_destination_dropped_samples_total",
                     "Samples that were given up, by reason.", With(labels, "reason", reason));
  }
  pending_samples_ = t.AddGauge("sluice_destination_pending_samples",
                                "Samples neither acknowledged nor dropped.", labels);
  pending_bytes_ =
      t.AddGauge("sluice_destination_pending_bytes", "Their size in the buffer.", labels);
  disk_ = t.AddGauge("sluice_destination_disk_bytes", "Bytes of the buffer that are kept for it.",
                     labels);
  disk_max_ = t.AddGauge("sluice_destination_disk_max_bytes",
                         "Its disk budget, max_bytes; 0 when it has none.", labels);
  accepts_ = t.AddGauge("sluice_destination_accepting",
                        "0 while it drops what is new, as its disk budget was full.", labels);
  pending_seconds_ = t.AddGauge("sluice_destination_pending_seconds",
                                "Age of the oldest of them; 0 when there is none.", labels);
  requests_in_flight_ = t.AddGauge("sluice_destination_requests_in_flight",
                                   "Requests that wait for their answer.", labels);
  samples_in_flight_ =
      t.AddGauge("sluice_destination_samples_in_flight", "Samples in them.", labels);
  for (size_t i = 0; i < states_.size(); ++i) {
    states_[i] = t.AddGauge("sluice_destination_state", "1 for the state it is in, else 0.",
                            With(labels, "state", StateName(kAllStates[i])));
  }
  catch_up_ = t.AddGauge(
      "sluice_destination_catch_up_seconds",
      "Time until nothing is pending, estimated; +Inf when it does not get less.", labels);
  tenants_ =
      t.AddGauge("sluice_destination_tenants",
                 "Tenants whose series were seen since the destination was started.", labels);
  tenants_in_trouble_ =
      t.AddGauge("sluice_destination_tenants_in_trouble",
                 "Of those, the ones whose requests are refused, limited or fail.", labels);
  quarantined_ = t.AddCounter("sluice_destination_quarantined_samples_total",
                              "Refused samples that were put into quarantine.", labels);
  for (size_t i = 0; i < answers_.size(); ++i) {
    answers_[i] = t.AddCounter("sluice_destination_answers_total",
                               "Answers to requests, by class of their status.",
                               With(labels, "class", kClassNames[i]));
  }
}

void DestinationMetrics::AddProtocol(const MetricLabels& labels) {
  Telemetry& t = telemetry_;
  for (size_t i = 0; i < encodings_.size(); ++i) {
    encodings_[i] =
        t.AddGauge("sluice_destination_protocol", "1 for the protocol that is spoken, else 0.",
                   With(labels, "protocol", EncodingName(kAllEncodings[i])));
  }
  fallbacks_.counter =
      t.AddCounter("sluice_destination_protocol_fallbacks_total",
                   "Times that the receiver turned out not to understand the protocol.", labels);
  const auto add = [&](Follower& follower, const char* kind) {
    follower.counter = t.AddCounter(
        "sluice_destination_unwritten_total",
        "What a 2xx to remote write 2.0 acknowledged without having written it, by kind.",
        With(labels, "kind", kind));
  };
  add(unwritten_samples_, "sample");
  add(unwritten_histograms_, "histogram");
  add(unwritten_exemplars_, "exemplar");
}

void DestinationMetrics::OnAnswer(int http_status, std::chrono::duration<double> took) {
  duration_.Observe(took.count());
  const int status_class = http_status / 100;
  answers_[status_class >= 2 && status_class <= 5 ? static_cast<size_t>(status_class - 1) : 0]
      .Increment();
}

void DestinationMetrics::Update(const Reading& reading) {
  samples_.Follow(reading.counters,
                  [](const SendCounts& counts) { return counts.samples - counts.histograms; });
  histograms_.Follow(reading.counters, [](const SendCounts& counts) { return counts.histograms; });
  exemplars_.Follow(reading.counters, [](const SendCounts& counts) { return counts.exemplars; });
  metadata_accepted_.Follow(reading.metadata.accepted());
  metadata_failed_.Follow(reading.metadata.failed());
  custom_buckets_.Follow(reading.counters.custom_buckets);
  unfit_exemplars_.Follow(reading.counters.unfit_exemplars);
  bytes_.Follow(reading.counters.accepted_bytes);
  tenants_.Set(static_cast<double>(reading.view.tenants));
  tenants_in_trouble_.Set(static_cast<double>(reading.view.tenants_in_trouble));
  shards_.Set(reading.concurrency.active());
  shards_min_.Set(reading.concurrency.least());
  shards_max_.Set(reading.concurrency.most());
  shards_desired_.Set(reading.concurrency.desired());
  highest_read_.Set(Seconds(reading.view.highest_read_ms));
  highest_sent_.Set(Seconds(reading.view.highest_sent_ms));
  requests_in_flight_.Set(reading.view.requests_in_flight);
  samples_in_flight_.Set(static_cast<double>(reading.view.samples_in_flight));
  const TimestampMs oldest = reading.view.oldest_pending_ms.value_or(reading.wall_ms);
  pending_seconds_.Set(Seconds(std::max<TimestampMs>(0, reading.wall_ms - oldest)));
  for (size_t i = 0; i < states_.size(); ++i) {
    states_[i].Set(kAllStates[i] == reading.state ? 1 : 0);
  }
  const Encoding encoding = reading.protocol.Current();
  for (size_t i = 0; i < encodings_.size(); ++i) {
    encodings_[i].Set(kAllEncodings[i] == encoding ? 1 : 0);
  }
  fallbacks_.Follow(reading.protocol.fallbacks());
  const SendCounts& unwritten = reading.counters.unwritten;
  unwritten_samples_.Follow(unwritten.samples - unwritten.histograms);
  unwritten_histograms_.Follow(unwritten.histograms);
  unwritten_exemplars_.Follow(unwritten.exemplars);
}

void DestinationMetrics::UpdateCatchUp(std::optional<std::chrono::seconds> left) {
  catch_up_.Set(left ? static_cast<double>(left->count())
                     : std::numeric_limits<double>::infinity());
}

void DestinationMetrics::UpdateLedger(const buffer::DestinationProgress& progress) {
  appended_.Follow(progress.ledger.appended);
  acknowledged_.Follow(progress.ledger.acknowledged);
  for (size_t i = 0; i < dropped_.size(); ++i) dropped_[i].Follow(progress.ledger.dropped[i]);
  pending_.Set(static_cast<double>(progress.ledger.pending));
  pending_samples_.Set(static_cast<double>(progress.ledger.pending));
  pending_bytes_.Set(static_cast<double>(progress.pending_bytes));
  disk_.Set(static_cast<double>(progress.kept_bytes));
  accepts_.Set(progress.full_at == 0 ? 1 : 0);
}

}  // namespace sluice::remotewrite
