// All discoveries that run: one for each different configuration, shared by the jobs that have it.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "scrape/discovery/discovery.h"

namespace sluice::scrape {

// Discoveries that are no longer wanted, to be destroyed without any lock.
class RetiredDiscoveries {
 public:
  RetiredDiscoveries() = default;
  ~RetiredDiscoveries();
  RetiredDiscoveries(RetiredDiscoveries&&) = default;
  RetiredDiscoveries& operator=(RetiredDiscoveries&&) = default;

 private:
  friend class Discoveries;

  Telemetry* telemetry_ = nullptr;
  std::vector<MetricLabels> series_;  // that go away with them
  std::vector<std::unique_ptr<Discovery>> discoveries_;
};

// Thread-compatible; the scraper guards it.
class Discoveries {
 public:
  // Called by the threads of the discoveries, to take the lock of the scraper and give the update
  // back to Note().
  using Sink = std::function<void(uint64_t run, DiscoveryUpdate)>;

  Discoveries(DiscoveryDeps deps, Sink sink);

  struct Wanted {
    std::string job;
    const DiscoveryConfig* config = nullptr;
  };

  // Makes these run, and no others. Those that ran before go on undisturbed. `seed` differs between
  // hosts.
  RetiredDiscoveries Apply(const std::vector<Wanted>& wanted, uint64_t seed);

  // Which discovery and jobs an update is for.
  struct Noted {
    std::string identity;
    const std::set<std::string>* jobs = nullptr;  // valid until Apply()
  };

  // Nothing when that run is over.
  std::optional<Noted> Note(uint64_t run, const DiscoveryUpdate& update);

  // All that a discovery has found so far; nothing before its first update.
  std::optional<DiscoveryUpdate> Whole(const std::string& identity) const;

 private:
  struct Running {
    uint64_t run = 0;
    std::unique_ptr<Discovery> discovery;
    MetricLabels series;  // its labels, which others may have, too
    std::set<std::string> jobs;
    bool told = false;
    std::map<std::string, TargetGroupPtr> groups;  // by source
  };

  void Start(Running& running, const Wanted& wanted, uint64_t seed);
  bool HasSeries(const MetricLabels& series) const;

  DiscoveryDeps deps_;
  const Sink sink_;
  uint64_t last_run_ = 0;
  std::map<std::string, Running> running_;  // by identity
  std::map<uint64_t, std::string> identities_;
};

}  // namespace sluice::scrape
