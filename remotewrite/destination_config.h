// What an entry of remote_write in the configuration file says.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/http_client.h"
#include "buffer/disk_budget.h"
#include "relabel/labels.h"
#include "relabel/program.h"
#include "remotewrite/metadata_sender.h"
#include "remotewrite/protocol.h"
#include "remotewrite/rate_limit.h"
#include "remotewrite/sharding.h"
#include "remotewrite/tenants.h"
#include "remotewrite/thinning.h"

namespace sluice::remotewrite {

// Prometheus's queue_config, and its defaults, but for the size of a request: a page of a thousand
// series is hardly ever half of one, and each request costs as much as many samples do.
struct QueueConfig {
  uint32_t capacity = 10'000;  // accepted; our queue is the log
  uint32_t min_shards = 1;     // requests in flight at once, least and most
  uint32_t max_shards = 50;
  uint32_t max_samples_per_send = 20'000;
  std::chrono::milliseconds batch_send_deadline{5'000};
  std::chrono::milliseconds min_backoff{30};
  std::chrono::milliseconds max_backoff{5'000};
  std::chrono::milliseconds sample_age_limit{0};  // older frames are not sent; 0 = all are
};

// What comes first after an outage.
enum class ReplayOrder {
  kInOrder,    // the oldest: safe for every receiver
  kLiveFirst,  // what is fresh, the backlog beside it: for receivers that take samples out of order
};

struct ReplayConfig {
  ReplayOrder order = ReplayOrder::kInOrder;
  // Of live_first: the most of the requests in flight that may be of the backlog; one in any case.
  double share = 0.5;
};

// What becomes of what is pending for a destination that is no longer configured.
enum class OnRemove {
  kDrain,  // it is delivered, then the destination is forgotten
  kKeep,   // it stays in the log, as does all that is new, until the destination is back
  kDrop,   // it is dropped at once
};

// What of the log goes to a destination besides float samples. Defaults are Prometheus's.
struct SendOptions {
  bool exemplars = false;
  bool native_histograms = false;
};

struct DestinationConfig {
  // From the file, else derived from the URL: progress belongs to it. Unique.
  std::string name;
  std::string url;  // may have kTenantPlace
  // Of a group that takes turns: one of them for each request. Empty: `url` alone.
  std::vector<std::string> urls;
  Sharding sharding;  // of a group that shares series: which are this one's
  std::chrono::milliseconds remote_timeout{30'000};
  std::vector<std::pair<std::string, std::string>> headers;
  relabel::Labels external_labels;
  relabel::Program write_relabel;
  QueueConfig queue;
  SendOptions send;
  ReplayConfig replay;
  OnRemove on_remove = OnRemove::kDrain;
  buffer::DiskBudget disk;
  RateLimitConfig rate_limit;
  ThinningConfig thinning;
  TenantConfig tenant;
  ProtocolConfig protocol;
  MetadataConfig metadata;
  // A connection that is older is not used again; 0 for no limit.
  std::chrono::milliseconds max_connection_age{300'000};
  bool round_robin_dns = false;  // connections go to any address of the host, not to the first
  bool failed_request_logging = false;
  // Credentials, TLS, proxy; null for none of them.
  std::shared_ptr<const HttpClient> http_client;

  // A text that is equal exactly when two configurations of a destination are. It has the secrets
  // in it: never to be shown.
  std::string fingerprint;
};

}  // namespace sluice::remotewrite
