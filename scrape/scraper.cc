#include "scrape/scraper.h"

#include <algorithm>
#include <array>
#include <set>
#include <tuple>
#include <unistd.h>
#include <unordered_map>
#include <utility>

#include "base/mutex.h"
#include "scrape/cluster_view.h"
#include "scrape/discovery/discoveries.h"
#include "scrape/discovery/discovery_loop.h"
#include "scrape/discovery/grace/grace_store.h"
#include "scrape/job_pool.h"
#include "scrape/page_view.h"
#include "scrape/pool_view.h"
#include "scrape/schedule.h"
#include "scrape/scrape_metrics.h"
#include "scrape/worker.h"

namespace sluice::scrape {
namespace {

constexpr size_t kIdleDiscoveryConnections = 64;

DiscoveryLoop::Options LoopOptions(const ScraperOptions& options) {
  DiscoveryLoop::Options loop;
  loop.http.max_idle_connections = kIdleDiscoveryConnections;
  loop.http.user_agent = options.user_agent;
  loop.poll_max = options.poll_max;
  return loop;
}

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
        failure_logs(deps.clock, deps.logger, deps.telemetry),
        discovery_loop(LoopOptions(options), deps.clock),
        grace({.directory = options.discovery_directory, .poll_max = options.poll_max},
              {.clock = deps.clock, .logger = deps.logger, .telemetry = deps.telemetry},
              [this](const std::string& key) { return GroupsOf(key); }),
        discoveries(
            {.logger = deps.logger, .telemetry = deps.telemetry, .loop = discovery_loop},
            [this](uint64_t run, const DiscoveryUpdate& update) { OnUpdate(run, update); }, &grace),
        updates(deps.telemetry.AddCounter("prometheus_sd_received_updates_total",
                                          "Updates that discoveries told.", {{"name", "scrape"}})) {
    shared.report = MakeReportChunk();
    shared.extra_report = MakeExtraReportChunk();
    for (size_t i = 0; i < std::max<size_t>(options.workers, 1); ++i) {
      workers.push_back(std::make_unique<Worker>(options, deps, metrics, failure_logs, like_pages));
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
  void OnUpdate(uint64_t run, const DiscoveryUpdate& update) {
    updates.Increment();
    const MutexLock lock(mu);
    if (stopped) return;
    const auto noted = discoveries.Note(run, update);
    if (!noted) return;
    for (const std::string& job : *noted->jobs) {
      JobPool& pool = *pools.at(job);
      pool.Update(noted->identity, update);
      Carry(pool.Sync(shared), Worker::Ending::kMarkers);
    }
  }

  // Called by the thread of the store.
  std::optional<GraceStore::Groups> GroupsOf(const std::string& grace_key) {
    const MutexLock lock(mu);
    return discoveries.GroupsOf(grace_key);
  }

  void ApplyJob(JobConfig config) SLUICE_REQUIRES(mu) {
    auto& pool = pools[config.name];
    if (pool == nullptr) {
      pool = std::make_unique<JobPool>(std::move(config), deps.telemetry, deps.logger,
                                       options.cluster);
    } else {
      pool->Configure(std::move(config));
    }
    // Another job may have had the same discovery before.
    for (const DiscoveryConfig& discovery : pool->config().discoveries) {
      const auto known = discoveries.Whole(discovery.identity);
      if (known) pool->Update(discovery.identity, *known);
    }
    Carry(pool->Sync(shared), Worker::Ending::kMarkers);
  }

  RetiredDiscoveries ApplyDiscoveries() SLUICE_REQUIRES(mu) {
    std::vector<Discoveries::Wanted> wanted;
    for (const auto& [name, pool] : pools) {
      for (const DiscoveryConfig& discovery : pool->config().discoveries) {
        wanted.push_back({name, &discovery, pool->config().discovery_grace});
      }
    }
    return discoveries.Apply(wanted, shared.phase_seed);
  }

  std::vector<PoolView> Views() const SLUICE_REQUIRES(mu) {
    std::vector<PoolView> views;
    for (const auto& [name, pool] : pools) views.push_back(pool->View());
    return views;
  }

  // What discoveries found before the start stands in until they answer.
  void RestoreTargets() SLUICE_REQUIRES(mu) {
    for (const auto& [name, pool] : pools) {
      for (const DiscoveryConfig& discovery : pool->config().discoveries) {
        const auto restored = discoveries.Restored(discovery.identity);
        if (restored) pool->Restore(discovery.identity, *restored);
      }
      Carry(pool->Sync(shared), Worker::Ending::kMarkers);
    }
  }

  void RemoveJobsBut(const std::set<std::string>& names) SLUICE_REQUIRES(mu) {
    for (auto it = pools.begin(); it != pools.end();) {
      if (names.contains(it->first)) {
        ++it;
        continue;
      }
      Carry({.removed = it->second->Clear(), .added = {}}, Worker::Ending::kSilent);
      deps.telemetry.RemoveSeriesWith({{"scrape_job", it->first}});
      deps.telemetry.RemoveSeriesWith({{"name", "scrape"}, {"config", it->first}});
      it = pools.erase(it);
    }
  }

  const ScraperOptions options;
  const Deps deps;
  const ScrapeMetrics metrics;
  FailureLogs failure_logs;
  LikePages like_pages;
  std::vector<std::unique_ptr<Worker>> workers;

  DiscoveryLoop discovery_loop;
  GraceStore grace;

  // Taken before a worker's own.
  Mutex mu;
  bool stopped SLUICE_GUARDED_BY(mu) = false;
  JobPool::Shared shared;
  Discoveries discoveries SLUICE_GUARDED_BY(mu);
  const Counter updates;
  std::map<std::string, std::unique_ptr<JobPool>> pools SLUICE_GUARDED_BY(mu);
  std::unordered_map<uint64_t, size_t> worker_of SLUICE_GUARDED_BY(mu);
};

Scraper::Scraper(ScraperOptions options, Deps deps)
    : impl_(std::make_unique<Impl>(std::move(options), std::move(deps))) {}

Scraper::~Scraper() { Stop(); }

void Scraper::Apply(std::vector<JobConfig> jobs, const relabel::Labels& external_labels) {
  // Destroyed without the lock, because their threads may be waiting for it.
  RetiredDiscoveries retired;
  const MutexLock lock(impl_->mu);
  if (impl_->stopped) return;
  impl_->shared.phase_seed = PhaseSeed(HostName() + impl_->options.cluster.name, external_labels);
  std::set<std::string> names;
  std::set<std::string> failure_logs;
  for (const JobConfig& job : jobs) {
    names.insert(job.name);
    if (!job.scrape_failure_log_file.empty()) failure_logs.insert(job.scrape_failure_log_file);
  }
  impl_->failure_logs.Apply(failure_logs);
  impl_->RemoveJobsBut(names);
  for (JobConfig& job : jobs) impl_->ApplyJob(std::move(job));
  retired = impl_->ApplyDiscoveries();
  impl_->RestoreTargets();
}

void Scraper::Stop() {
  impl_->grace.Stop();
  {
    RetiredDiscoveries retired;
    const MutexLock lock(impl_->mu);
    impl_->stopped = true;
    retired = impl_->discoveries.Apply({}, 0);
  }
  for (const auto& worker : impl_->workers) worker->Stop();
}

ClusterStatus Scraper::Cluster(std::string_view job, std::optional<uint32_t> member) const {
  ClusterView view(impl_->options.cluster, job, member);
  std::vector<PoolView> pools;
  {
    const MutexLock lock(impl_->mu);
    pools = impl_->Views();
  }
  // Relabeling takes its time: without the lock.
  for (const PoolView& pool : pools) view.Add(*pool.job, pool.groups);
  return view.Take();
}

std::shared_ptr<const JobConfig> Scraper::Job(const std::string& name) const {
  const MutexLock lock(impl_->mu);
  const auto found = impl_->pools.find(name);
  return found == impl_->pools.end() ? nullptr : found->second->shared_config();
}

MonotonicTime Scraper::OldestPulse() const {
  MonotonicTime oldest = MonotonicTime::max();
  for (const auto& worker : impl_->workers) oldest = std::min(oldest, worker->last_pulse());
  return oldest;
}

ScraperView Scraper::View() const {
  ScraperView view;
  const MutexLock lock(impl_->mu);
  view.pools = impl_->Views();
  for (const auto& worker : impl_->workers) worker->CollectStatuses(view.scraped);
  return view;
}

Result<PageView> Scraper::PageOf(uint64_t id, MonotonicTime deadline) const {
  std::shared_ptr<PageInquiry> inquiry;
  {
    const MutexLock lock(impl_->mu);
    const auto found = impl_->worker_of.find(id);
    if (found == impl_->worker_of.end()) return Error{ErrorCode::kNotFound, "no such target"};
    inquiry = impl_->workers[found->second]->AskForPage(id);
  }
  return inquiry->Wait(impl_->deps.clock, deadline);
}

ScraperStatus Scraper::Snapshot() const {
  ScraperView view = View();
  ScraperStatus status;
  status.active = std::move(view.scraped);
  std::unordered_map<uint64_t, TargetStatus*> scraped;
  for (TargetStatus& target : status.active) scraped.emplace(target.id, &target);
  // Relabeling takes its time: without the lock.
  for (const PoolView& pool : view.pools) DescribePool(pool, scraped, status);
  std::sort(status.active.begin(), status.active.end(),
            [](const TargetStatus& a, const TargetStatus& b) {
              return std::tie(a.job, a.url, a.labels) < std::tie(b.job, b.url, b.labels);
            });
  return status;
}

}  // namespace sluice::scrape
