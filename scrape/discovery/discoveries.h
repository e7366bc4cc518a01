// All discoveries that run: one for each different configuration, shared by the jobs that have it.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "scrape/discovery/discovery.h"
#include "scrape/discovery/grace/grace_store.h"

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

  // `grace` may be null: then nothing is kept over a restart.
  Discoveries(DiscoveryDeps deps, Sink sink, GraceStore* grace = nullptr);

  struct Wanted {
    std::string job;
    const DiscoveryConfig* config = nullptr;
    // For how long its last targets are kept; of several jobs with the same discovery, the longest.
    std::chrono::milliseconds grace{0};
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

  // What a discovery had found before the process was started anew; nothing once it has told
  // something itself.
  std::optional<DiscoveryUpdate> Restored(const std::string& identity) const;

  // As Whole(), by the key that the store of the last targets has for it.
  std::optional<std::vector<TargetGroupPtr>> GroupsOf(const std::string& grace_key) const;

 private:
  struct Running {
    uint64_t run = 0;
    std::unique_ptr<Discovery> discovery;
    MetricLabels series;  // its labels, which others may have, too
    std::set<std::string> jobs;
    bool told = false;
    bool restored = false;                         // the groups are those of before the start
    std::map<std::string, TargetGroupPtr> groups;  // by source
    std::string grace_key;
  };

  void Start(Running& running, const Wanted& wanted, std::chrono::milliseconds grace,
             uint64_t seed);
  // Those of all that run, with a grace.
  void KeepLastTargets(const std::map<std::string, std::chrono::milliseconds>& graces);
  void Restore(Running& running, std::chrono::milliseconds grace, DiscoveryDeps& deps);
  static DiscoveryUpdate AllOf(const Running& running);
  bool HasSeries(const MetricLabels& series) const;

  DiscoveryDeps deps_;
  const Sink sink_;
  GraceStore* const grace_;
  uint64_t last_run_ = 0;
  std::map<std::string, Running> running_;  // by identity
  std::map<uint64_t, std::string> identities_;
};

}  // namespace sluice::scrape
