// One scrape job at run time: what was discovered, and which targets follow from it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/logger.h"
#include "base/telemetry.h"
#include "scrape/cluster.h"
#include "scrape/discovery/discovery.h"
#include "scrape/job_config.h"
#include "scrape/pool_view.h"
#include "scrape/scraper.h"
#include "scrape/target.h"
#include "scrape/target_loop.h"

namespace sluice::scrape {

// What has to happen so that the right targets are scraped.
struct PoolDiff {
  std::vector<uint64_t> removed;  // ids of LoopSpec
  std::vector<LoopSpec> added;
};

// An update of one group costs what that group costs, however many there are. Thread-compatible;
// the scraper guards it.
class JobPool {
 public:
  // What all pools share when they make loops.
  struct Shared {
    uint64_t phase_seed = 0;
    std::shared_ptr<const buffer::Chunk> report;
    std::shared_ptr<const buffer::Chunk> extra_report;
    uint64_t next_id = 1;
  };

  JobPool(JobConfig config, Telemetry& telemetry, const Logger& logger, ClusterConfig cluster = {});

  const JobConfig& config() const { return *config_; }

  const std::shared_ptr<const JobConfig>& shared_config() const { return config_; }

  // Takes over new settings. What the discoveries found that are no longer there stays until each
  // of the new ones has told what it finds.
  void Configure(JobConfig config);

  // From the discovery with that identity. Others than those of the configuration are ignored.
  void Update(const std::string& identity, const DiscoveryUpdate& update);

  // What that discovery had found before the process was started anew; it stands until the
  // discovery tells something. Ignored when it has, or when there is such a set already.
  void Restore(const std::string& identity, const DiscoveryUpdate& update);

  // Compares what should be scraped with what is.
  PoolDiff Sync(Shared& shared);
  // The ids of all targets, which are forgotten.
  std::vector<uint64_t> Clear();

  // What is known now, to be looked at without the pool.
  PoolView View() const;

 private:
  // What relabeling made of a group.
  struct Group {
    TargetGroupPtr found;
    std::vector<uint64_t> identities;  // of its targets
    size_t found_count = 0;            // as it was built, as is the next
    size_t dropped_count = 0;
    size_t elsewhere_count = 0;  // targets that other members of the cluster scrape
  };

  using Groups = std::unordered_map<std::string, Group>;  // by source

  // A discovery, or the static groups.
  struct Source {
    bool told = false;
    bool restored = false;  // the groups are those of before the start
    Groups groups;
  };

  struct Active {
    uint64_t id = 0;
    size_t holders = 0;  // groups that have the target
  };

  void Apply(Source& source, const DiscoveryUpdate& update);
  void Retire(Group& group);
  void Retire(Groups& groups);
  void ForgetCarriedWhenAllTold();
  void MarkAllChanged();
  // Makes `set` what the group stands for.
  void Replace(Group& group, TargetSet set, Shared& shared, PoolDiff& diff);
  void Hold(Target target, Shared& shared, PoolDiff& diff);
  void Release(PoolDiff& diff);
  void CheckTargetLimit();
  size_t RestoredCount() const;
  std::vector<TargetGroupPtr> FoundGroups() const;
  // Of the targets that only stand there because they were restored.
  std::unordered_set<uint64_t> RestoredIds() const;
  void Report(size_t errors, const std::string& first_error);

  std::shared_ptr<const JobConfig> config_;
  const ClusterConfig cluster_;
  const Logger logger_;
  const std::shared_ptr<PoolState> state_;
  Source static_;
  std::unordered_map<std::string, Source> sources_;  // by identity of the discovery
  std::vector<Groups> carried_;                      // of discoveries before, until all have told
  std::vector<Group*> changed_;                      // to be built
  std::vector<uint64_t> released_;                   // identities of targets that a group lost
  std::unordered_map<uint64_t, Active> active_;      // by identity of the target
  std::string active_fingerprint_;                   // of the settings that they were made with
  size_t found_count_ = 0;
  size_t dropped_count_ = 0;
  size_t elsewhere_count_ = 0;
  std::string last_error_;

  Gauge targets_;
  Gauge discovered_;
  Gauge sd_discovered_;  // the same, by Prometheus's name
  Gauge restored_;
  Gauge elsewhere_;
  Gauge target_limit_;
  Counter target_limit_exceeded_;
  Counter sync_failed_;
  Counter syncs_;
};

}  // namespace sluice::scrape
