#include "scrape/scraper.h"

#include <algorithm>
#include <array>
#include <set>
#include <tuple>
#include <unistd.h>
#include <utility>

#include "base/mutex.h"
#include "scrape/job_pool.h"
#include "scrape/schedule.h"
#include "scrape/scrape_metrics.h"
#include "scrape/worker.h"

namespace sluice::scrape {
namespace {

using Discoveries = std::vector<std::unique_ptr<FileDiscovery>>;

std::string HostName() {
  std::array<char, 256> name{};
  if (gethostname(name.data(), name.size() - 1) != 0) return "localhost";
  return name.data();
}

}  // namespace

struct Scraper::Impl {
  Impl(ScraperOptions scraper_options, Deps scraper_deps)
      : options(std::move(scraper_options)),
        deps(scraper_deps),
        metrics(deps.telemetry),
        failure_logs(deps.clock, deps.logger, deps.telemetry) {
    shared.report = MakeReportChunk();
    shared.extra_report = MakeExtraReportChunk();
    for (size_t i = 0; i < std::max<size_t>(options.workers, 1); ++i) {
      workers.push_back(std::make_unique<Worker>(options, deps, metrics, failure_logs));
    }
  }

  // Targets with the same labels share a worker, which then knows who goes on with whose series.
  size_t WorkerOf(const LoopSpec& spec) const { return spec.target.labels.Hash() % workers.size(); }

  void Carry(PoolDiff diff, Worker::Ending ending) SLUICE_REQUIRES(mu) {
    // Removed first, so that a worker can take a target up again that comes back.
    for (const uint64_t id : diff.removed) {
      const auto found = worker_of.find(id);
      if (found == worker_of.end()) continue;
      workers[found->second]->Remove(id, ending);
      worker_of.erase(found);
    }
    for (LoopSpec& spec : diff.added) {
      const size_t worker = WorkerOf(spec);
      worker_of[spec.id] = worker;
      workers[worker]->Add(std::move(spec));
    }
  }

  // Called by the threads of the discoveries.
  void OnGroups(const std::string& job, uint64_t generation, size_t index,
                std::vector<TargetGroup> groups) {
    const MutexLock lock(mu);
    const auto found = pools.find(job);
    if (stopped || found == pools.end() || found->second->generation() != generation) return;
    found->second->SetGroups(index, std::move(groups));
    Carry(found->second->Sync(shared), Worker::Ending::kMarkers);
  }

  void ApplyJob(JobConfig config, Discoveries& retired) SLUICE_REQUIRES(mu) {
    const uint64_t generation = ++last_generation;
    auto& pool = pools[config.name];
    if (pool == nullptr) {
      JobConfig empty;
      empty.name = config.name;
      pool = std::make_unique<JobPool>(std::move(empty), deps.telemetry, deps.logger);
    }
    Discoveries old = pool->Configure(std::move(config), generation);
    std::move(old.begin(), old.end(), std::back_inserter(retired));
    Carry(pool->Sync(shared), Worker::Ending::kMarkers);
    if (!pool->needs_discoveries()) return;
    Discoveries discoveries;
    const std::string& name = pool->config().name;
    for (size_t i = 0; i < pool->config().file_sd.size(); ++i) {
      discoveries.push_back(std::make_unique<FileDiscovery>(
          pool->config().file_sd[i],
          [this, name, generation, i](std::vector<TargetGroup> groups) {
            OnGroups(name, generation, i, std::move(groups));
          },
          deps.logger.With({"job", name}), deps.telemetry));
    }
    pool->SetDiscoveries(std::move(discoveries));
  }

  void RemoveJobsBut(const std::set<std::string>& names, Discoveries& retired) SLUICE_REQUIRES(mu) {
    for (auto it = pools.begin(); it != pools.end();) {
      if (names.contains(it->first)) {
        ++it;
        continue;
      }
      Carry({.removed = it->second->Clear(), .added = {}}, Worker::Ending::kSilent);
      Discoveries old = it->second->TakeDiscoveries();
      std::move(old.begin(), old.end(), std::back_inserter(retired));
      deps.telemetry.RemoveSeriesWith({{"scrape_job", it->first}});
      it = pools.erase(it);
    }
  }

  const ScraperOptions options;
  const Deps deps;
  const ScrapeMetrics metrics;
  FailureLogs failure_logs;
  std::vector<std::unique_ptr<Worker>> workers;

  // Taken before a worker's own.
  Mutex mu;
  bool stopped SLUICE_GUARDED_BY(mu) = false;
  JobPool::Shared shared;
  uint64_t last_generation SLUICE_GUARDED_BY(mu) = 0;
  std::map<std::string, std::unique_ptr<JobPool>> pools SLUICE_GUARDED_BY(mu);
  std::unordered_map<uint64_t, size_t> worker_of SLUICE_GUARDED_BY(mu);
};

Scraper::Scraper(ScraperOptions options, Deps deps)
    : impl_(std::make_unique<Impl>(std::move(options), std::move(deps))) {}

Scraper::~Scraper() { Stop(); }

void Scraper::Apply(std::vector<JobConfig> jobs, const relabel::Labels& external_labels) {
  // Destroyed without the lock, because their threads may be waiting for it.
  Discoveries retired;
  const MutexLock lock(impl_->mu);
  if (impl_->stopped) return;
  impl_->shared.phase_seed = PhaseSeed(HostName(), external_labels);
  std::set<std::string> names;
  std::set<std::string> failure_logs;
  for (const JobConfig& job : jobs) {
    names.insert(job.name);
    if (!job.scrape_failure_log_file.empty()) failure_logs.insert(job.scrape_failure_log_file);
  }
  impl_->failure_logs.Apply(failure_logs);
  impl_->RemoveJobsBut(names, retired);
  for (JobConfig& job : jobs) impl_->ApplyJob(std::move(job), retired);
}

void Scraper::Stop() {
  Discoveries retired;
  {
    const MutexLock lock(impl_->mu);
    impl_->stopped = true;
    for (auto& [name, pool] : impl_->pools) {
      Discoveries old = pool->TakeDiscoveries();
      std::move(old.begin(), old.end(), std::back_inserter(retired));
    }
  }
  retired.clear();
  for (const auto& worker : impl_->workers) worker->Stop();
}

ScraperStatus Scraper::Snapshot() const {
  ScraperStatus status;
  {
    const MutexLock lock(impl_->mu);
    for (const auto& [name, pool] : impl_->pools) {
      status.jobs.push_back(name);
      pool->CollectDropped(status);
    }
    for (const auto& worker : impl_->workers) worker->CollectStatuses(status.active);
  }
  std::sort(status.active.begin(), status.active.end(),
            [](const TargetStatus& a, const TargetStatus& b) {
              return std::tie(a.job, a.url, a.labels) < std::tie(b.job, b.url, b.labels);
            });
  return status;
}

}  // namespace sluice::scrape
