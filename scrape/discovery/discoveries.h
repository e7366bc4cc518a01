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
using RetiredDiscoveries = std::vector<std::unique_ptr<Discovery>>;

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

  // Makes these run, and no others. Those that ran before go on undisturbed.
  RetiredDiscoveries Apply(const std::vector<Wanted>& wanted);

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
    std::set<std::string> jobs;
    bool told = false;
    std::map<std::string, TargetGroupPtr> groups;  // by source
  };

  const DiscoveryDeps deps_;
  const Sink sink_;
  uint64_t last_run_ = 0;
  std::map<std::string, Running> running_;  // by identity
  std::map<uint64_t, std::string> identities_;
};

}  // namespace sluice::scrape
