// A Delivery between a log in memory and a receiver, in simulated time.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "memory_log.h"
#include "receiver.h"
#include "remotewrite/delivery.h"

namespace sluice::remotewrite::test {

// How a request ends; `stores` says whether the receiver took it nevertheless.
struct Reply {
  Answer answer = {.http_status = 200, .words = "", .retry_after = {}};
  std::chrono::milliseconds after{5};
  bool stores = true;
};

Reply Ok();
Reply Fails(int http_status);  // stores nothing

class Simulation {
 public:
  using Script = std::function<Reply(const std::string& body)>;

  explicit Simulation(uint64_t seed, QueueConfig queue = {}, relabel::Labels external = {},
                      relabel::Program write_relabel = {}, SendOptions send = {},
                      ReplayConfig replay = {}, ProtocolConfig protocol = {});

  // From the next Restart() on.
  RateLimitConfig rate_limit;
  ThinningConfig thinning;
  TenantConfig tenant;

  MemoryLog log;
  Receiver receiver;
  Script script = [](const std::string&) { return Ok(); };
  // In place of it, where it says anything.
  std::function<Reply(const std::string& tenant, const std::string& body)> tenant_script;

  // Lets time pass, in steps as short as the delivery asks for.
  void Run(std::chrono::milliseconds duration);
  // Until everything is done with; false when it takes longer than `most`.
  bool Drain(std::chrono::milliseconds most);

  Delivery& delivery() { return *delivery_; }

  ProjectionCache& cache() { return *cache_; }

  uint64_t requests() const { return requests_; }

  size_t in_flight() const { return flights_.size(); }

  size_t most_in_flight() const { return most_in_flight_; }

  TimestampMs wall_ms() const { return time_.wall_ms; }

  DeliveryTime time() const { return time_; }

  // As after a crash: what is not durable is forgotten.
  void Restart();

 private:
  struct Flight {
    uint64_t job = 0;
    Reply reply;
    std::string body;
    std::set<std::string> lanes;
  };

  void Step();
  void Begin(const Transfer& transfer);
  void Land();

  QueueConfig queue_;
  relabel::Labels external_;
  relabel::Program write_relabel_;
  SendOptions send_;
  ReplayConfig replay_;
  ProtocolConfig protocol_;
  std::optional<Tenants> tenants_;
  std::optional<ProjectionCache> cache_;
  std::unique_ptr<Delivery> delivery_;
  uint64_t seed_;
  DeliveryTime time_{MonotonicTime(std::chrono::hours(1)), 1'700'000'000'000};
  std::multimap<MonotonicTime, Flight> flights_;
  uint64_t requests_ = 0;
  size_t most_in_flight_ = 0;
};

}  // namespace sluice::remotewrite::test
