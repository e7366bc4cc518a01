// consul_sd_configs: the instances of services in a Consul catalog (Prometheus,
// <consul_sd_config>).
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "scrape/discovery/consul/consul_sd_config.h"
#include "scrape/discovery/consul/consul_watch.h"
#include "scrape/discovery/discovery.h"
#include "scrape/discovery/group_book.h"
#include "scrape/discovery/refresh_metrics.h"

namespace sluice::scrape {

// Asks the agent for its datacenter, unless that is configured; then watches the catalog, unless
// the services are listed and need no filter; and each service. The first update comes when each of
// them has answered or failed once. More than kServicesMax services are a failure of the catalog.
class ConsulDiscovery final : public Discovery {
 public:
  static constexpr size_t kServicesMax = 10'000;

  ConsulDiscovery(ConsulSdConfig config, DiscoverySink sink, DiscoveryDeps deps);
  ~ConsulDiscovery() override;
  ConsulDiscovery(const ConsulDiscovery&) = delete;
  ConsulDiscovery& operator=(const ConsulDiscovery&) = delete;

 private:
  struct Service {
    std::unique_ptr<ConsulWatch> watch;
    std::optional<TargetGroup> first;  // until all have answered
  };

  ConsulWatch::Options WatchOptions(const Histogram& duration) const;
  void AskForDatacenter();
  void Start();
  void WatchCatalog();
  Status OnCatalog(const std::string& body);
  void WatchServices(const std::vector<std::string>& names);
  void WatchService(const std::string& name);
  Status OnService(const std::string& name, const std::string& body);
  void OnEnd(const Status& status);
  void TellFirst();
  void Tell(std::optional<DiscoveryUpdate> update);

  // Set once.
  const ConsulSdConfig config_;
  const DiscoverySink sink_;
  DiscoveryDeps deps_;
  const Logger logger_;
  const RefreshMetrics metrics_;
  const Counter rpc_failures_;
  const Histogram catalog_duration_;
  const Histogram service_duration_;

  // Of the loop's thread.
  std::unique_ptr<ConsulWatch> agent_;
  std::optional<DiscoveryLoop::TimerId> start_;
  std::unique_ptr<ConsulWatch> catalog_;
  std::string datacenter_;
  std::map<std::string, Service> services_;
  std::set<std::string> silent_;  // services that neither answered nor failed yet
  bool any_answered_ = false;
  GroupBook book_;
  std::string last_error_;
  std::string last_bad_entry_;
};

}  // namespace sluice::scrape
