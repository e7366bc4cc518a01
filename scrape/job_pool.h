// One scrape job at run time: what was discovered, and which targets follow from it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/logger.h"
#include "base/telemetry.h"
#include "scrape/discovery/file/file_discovery.h"
#include "scrape/job_config.h"
#include "scrape/scraper.h"
#include "scrape/target.h"
#include "scrape/target_loop.h"

namespace sluice::scrape {

// What has to happen so that the right targets are scraped.
struct PoolDiff {
  std::vector<uint64_t> removed;  // ids of LoopSpec
  std::vector<LoopSpec> added;
};

// Thread-compatible; the scraper guards it.
class JobPool {
 public:
  // What all pools share when they make loops.
  struct Shared {
    uint64_t phase_seed = 0;
    std::shared_ptr<const buffer::Chunk> report;
    std::shared_ptr<const buffer::Chunk> extra_report;
    uint64_t next_id = 1;
  };

  JobPool(JobConfig config, Telemetry& telemetry, const Logger& logger);

  const JobConfig& config() const { return *config_; }

  // Tells the sinks of this pool's discoveries from those of earlier ones.
  uint64_t generation() const { return generation_; }

  // Takes over new settings. When the discoveries differ, the old ones are handed out to be
  // destroyed without the scraper's lock, and `generation` becomes the new one; what they found
  // stays until each new one has reported.
  std::vector<std::unique_ptr<FileDiscovery>> Configure(JobConfig config, uint64_t generation);

  bool needs_discoveries() const { return discoveries_.empty() && !config_->file_sd.empty(); }

  void SetDiscoveries(std::vector<std::unique_ptr<FileDiscovery>> discoveries);
  std::vector<std::unique_ptr<FileDiscovery>> TakeDiscoveries();

  // From the discovery number `index`.
  void SetGroups(size_t index, std::vector<TargetGroup> groups);

  // Compares what should be scraped with what is.
  PoolDiff Sync(Shared& shared);
  // The ids of all targets, which are forgotten.
  std::vector<uint64_t> Clear();

  void CollectDropped(ScraperStatus& status) const;

 private:
  std::vector<TargetGroup> AllGroups() const;
  void CheckTargetLimit();
  void Report(TargetSet set);

  std::shared_ptr<const JobConfig> config_;
  const Logger logger_;
  const std::shared_ptr<PoolState> state_;
  uint64_t generation_ = 0;
  std::vector<std::unique_ptr<FileDiscovery>> discoveries_;
  std::vector<std::vector<TargetGroup>> groups_;   // by discovery
  std::vector<bool> reported_;                     // by discovery
  std::vector<TargetGroup> carried_;               // from discoveries before, until all reported
  std::unordered_map<uint64_t, uint64_t> active_;  // identity -> id
  std::string active_fingerprint_;                 // of the settings that they were made with
  std::vector<relabel::Labels> dropped_;           // those to be shown
  size_t dropped_count_ = 0;
  std::vector<std::string> errors_;

  Gauge targets_;
  Gauge discovered_;
  Gauge target_limit_;
  Counter target_limit_exceeded_;
  Counter sync_failed_;
  Counter syncs_;
};

}  // namespace sluice::scrape
