// The scraping half of the agent: discovery, targets, scrapes, frames appended to the log.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/logger.h"
#include "base/result.h"
#include "base/telemetry.h"
#include "buffer/layout.h"
#include "buffer/log.h"
#include "relabel/labels.h"
#include "scrape/cluster.h"
#include "scrape/job_config.h"

namespace sluice::scrape {

struct PageView;
struct ScraperView;

enum class TargetHealth { kUnknown, kUp, kDown };

// For /api/v1/targets.
struct TargetStatus {
  uint64_t id = 0;  // of this life of the target in this process
  std::string job;
  relabel::Labels discovered_labels;  // before relabeling
  relabel::Labels labels;             // public ones only
  std::string url;
  std::string last_error;          // empty when the last scrape went well
  TimestampMs last_scrape_ms = 0;  // 0 = never
  double last_scrape_duration_seconds = 0;
  TargetHealth health = TargetHealth::kUnknown;
  std::chrono::milliseconds scrape_interval{0};
  std::chrono::milliseconds scrape_timeout{0};
  bool restored = false;  // known from before the start; its discovery has not answered yet
  // Of its last page; null before the first success.
  std::shared_ptr<const buffer::Layout> layout = nullptr;
};

struct DroppedTarget {
  std::string job;
  relabel::Labels discovered_labels;
  std::string reason = {};  // empty: relabeling
};

struct ScraperStatus {
  std::vector<std::string> jobs;     // sorted
  std::vector<TargetStatus> active;  // sorted by job, then URL, then labels
  std::vector<DroppedTarget> dropped;
  std::map<std::string, uint64_t> dropped_counts;  // by job
};

struct ScraperOptions {
  std::string user_agent = "sluice";
  // Bound of any uncompressed body, whatever body_size_limit says.
  uint64_t body_bytes_max = 1ULL << 30;
  size_t workers = 1;
  // Kept by each worker for the next scrapes of its targets.
  size_t idle_connections_max = 4096;
  // Where the last targets of discoveries are kept; empty: nowhere.
  std::string discovery_directory;
  // No wait of a worker is longer than this, whatever is due; a bound on lost wake-ups.
  std::chrono::milliseconds poll_max{1000};
  ClusterConfig cluster;
};

// Who scrapes what. Every member finds the same, as far as it discovers the same.
struct ClusterStatus {
  // More targets are only counted.
  static constexpr size_t kTargetsShownMax = 10'000;

  struct Target {
    std::string job;
    std::string url;
    relabel::Labels labels;
    std::vector<uint32_t> members;  // who scrape it
  };

  ClusterConfig cluster;
  std::vector<uint64_t> counts;  // targets of each member
  std::vector<Target> targets;   // by job
  uint64_t left_out = 0;         // of those that were asked for, that are not shown
};

// Thread-safe. Threads: one for discovery, one for each worker.
class Scraper {
 public:
  // All must outlive the scraper.
  struct Deps {
    const Clock& clock;
    Logger logger;
    Telemetry& telemetry;
    buffer::Log& log;
  };

  Scraper(ScraperOptions options, Deps deps);
  ~Scraper();  // stops
  Scraper(const Scraper&) = delete;
  Scraper& operator=(const Scraper&) = delete;

  // Makes these the jobs. A target whose identity and job fingerprint are unchanged keeps its
  // phase, connection, layout and health; a scrape in flight is finished. One whose job only asks
  // otherwise, as with another interval, sample limit or client, begins anew with the page that it
  // has, unless it is being scraped. Targets that went away get their stale markers, but for those
  // of jobs that were removed. `external_labels` only enter the seed of the phases.
  void Apply(std::vector<JobConfig> jobs, const relabel::Labels& external_labels);

  // Ends scrapes in flight and stops the threads; no stale markers, as Prometheus. Idempotent.
  void Stop();

  ScraperStatus Snapshot() const;

  // The settings of the job of that name; null when there is none.
  std::shared_ptr<const JobConfig> Job(const std::string& name) const;

  // When the thread that is most behind last came around; they do at least every `poll_max`.
  MonotonicTime OldestPulse() const;

  // The same before anything is made of it; cheap.
  ScraperView View() const;

  // What the last page of a scraped target was: as its thread tells it, which may be busy until
  // then. kNotFound when there is no such target.
  Result<PageView> PageOf(uint64_t id, MonotonicTime deadline) const;

  // Counts all targets, and shows those of one job and of one member only, if these are given.
  ClusterStatus Cluster(std::string_view job, std::optional<uint32_t> member) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sluice::scrape
