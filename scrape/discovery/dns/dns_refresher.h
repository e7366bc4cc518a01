// dns_sd_configs: targets that records of the DNS name (Prometheus, <dns_sd_config>).
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/telemetry.h"
#include "scrape/discovery/dns/dns_resolver.h"
#include "scrape/discovery/dns/dns_sd_config.h"
#include "scrape/discovery/dns/resolver_config.h"
#include "scrape/discovery/refresh.h"

namespace sluice::scrape {

// The group of one name, whose source it is. A name without records has no targets, nor do SRV
// records of the root, which say that there is no such service.
TargetGroup MakeDnsGroup(const DnsSdConfig& config, const std::string& name,
                         const std::vector<DnsRecord>& records);

// A round reads the resolver's configuration and asks for all names; of each, the candidates one
// after the other until one exists. If none does, the name has no targets; if one could not be
// asked for, its last targets stay. When that is so for all names, the round has failed.
class DnsRefresher final : public Refresher {
 public:
  static constexpr size_t kInFlightMax = 64;

  using ReadConfig = std::function<Result<ResolverConfig>()>;

  DnsRefresher(DnsSdConfig config, ReadConfig read_config, DiscoveryLoop& loop,
               Telemetry& telemetry);
  ~DnsRefresher() override;
  DnsRefresher(const DnsRefresher&) = delete;
  DnsRefresher& operator=(const DnsRefresher&) = delete;

  void Begin(Done done) override;

 private:
  // A name that is being asked for.
  struct Lookup {
    std::string name;
    std::vector<std::string> candidates;
    size_t next = 0;
    std::string error;  // of the first candidate that could not be asked for
  };

  void Start();
  void StartLookups();
  void AskNext(const std::shared_ptr<Lookup>& lookup);
  void OnAnswer(const std::shared_ptr<Lookup>& lookup, const DnsAnswer& answer);
  void EndLookup(const Lookup& lookup, const std::vector<DnsRecord>& records);
  void EndRound();
  void End(Result<Refreshed> result);

  const DnsSdConfig config_;
  const ReadConfig read_config_;
  DiscoveryLoop& loop_;
  const Counter lookups_;
  const Counter lookup_failures_;

  // Of this round.
  std::optional<DiscoveryLoop::TimerId> timer_;
  Done done_;
  ResolverConfig resolver_config_;
  std::unique_ptr<DnsResolver> resolver_;
  size_t started_ = 0;  // of the names
  size_t ended_ = 0;
  bool starting_ = false;
  Refreshed refreshed_;
};

}  // namespace sluice::scrape
