#include "scrape/job_pool.h"

#include <algorithm>
#include <utility>

namespace sluice::scrape {
namespace {

// More are only counted.
constexpr size_t kDroppedShownMax = 10'000;

}  // namespace

JobPool::JobPool(JobConfig config, Telemetry& telemetry, const Logger& logger)
    : config_(std::make_shared<const JobConfig>(std::move(config))),
      logger_(logger.With({"job", config_->name})),
      state_(std::make_shared<PoolState>()) {
  const MetricLabels labels = {{"scrape_job", config_->name}};
  targets_ = telemetry.AddGauge("prometheus_target_scrape_pool_targets",
                                "Targets that are scraped.", labels);
  discovered_ = telemetry.AddGauge("sluice_discovered_targets",
                                   "Targets found by discovery, before relabeling.", labels);
  target_limit_ = telemetry.AddGauge("prometheus_target_scrape_pool_target_limit",
                                     "Targets that the job may have; 0 when not limited.", labels);
  target_limit_exceeded_ =
      telemetry.AddCounter("prometheus_target_scrape_pool_exceeded_target_limit_total",
                           "Updates of targets that left a job with more than its limit.");
  sync_failed_ =
      telemetry.AddCounter("prometheus_target_sync_failed_total",
                           "Targets that could not be made out of what was discovered.", labels);
  syncs_ = telemetry.AddCounter("prometheus_target_scrape_pool_sync_total",
                                "Comparisons of what is discovered with what is scraped.", labels);
  groups_.resize(config_->file_sd.size());
  reported_.assign(config_->file_sd.size(), false);
}

std::vector<std::unique_ptr<FileDiscovery>> JobPool::Configure(JobConfig config,
                                                               uint64_t generation) {
  std::vector<std::unique_ptr<FileDiscovery>> old;
  if (config.file_sd != config_->file_sd) {
    old = TakeDiscoveries();
    for (auto& groups : groups_) {
      std::move(groups.begin(), groups.end(), std::back_inserter(carried_));
    }
    groups_.assign(config.file_sd.size(), {});
    reported_.assign(config.file_sd.size(), false);
    if (config.file_sd.empty()) carried_.clear();
    generation_ = generation;
  }
  config_ = std::make_shared<const JobConfig>(std::move(config));
  return old;
}

void JobPool::SetDiscoveries(std::vector<std::unique_ptr<FileDiscovery>> discoveries) {
  discoveries_ = std::move(discoveries);
}

std::vector<std::unique_ptr<FileDiscovery>> JobPool::TakeDiscoveries() {
  return std::exchange(discoveries_, {});
}

void JobPool::SetGroups(size_t index, std::vector<TargetGroup> groups) {
  groups_[index] = std::move(groups);
  reported_[index] = true;
  if (std::find(reported_.begin(), reported_.end(), false) == reported_.end()) carried_.clear();
}

std::vector<TargetGroup> JobPool::AllGroups() const {
  std::vector<TargetGroup> all = config_->static_groups;
  for (const auto& groups : groups_) all.insert(all.end(), groups.begin(), groups.end());
  all.insert(all.end(), carried_.begin(), carried_.end());
  return all;
}

PoolDiff JobPool::Sync(Shared& shared) {
  PoolDiff diff;
  const std::vector<TargetGroup> groups = AllGroups();
  TargetSet set = BuildTargets(*config_, groups);
  if (config_->fingerprint != active_fingerprint_) {
    // Other settings make other targets; the workers see to it that no markers disturb them.
    diff.removed = Clear();
    active_fingerprint_ = config_->fingerprint;
  }
  std::unordered_map<uint64_t, uint64_t> next;
  for (Target& target : set.active) {
    const auto known = active_.find(target.identity);
    if (known != active_.end()) {
      next.emplace(known->first, known->second);
      active_.erase(known);
      continue;
    }
    const uint64_t id = shared.next_id++;
    next.emplace(target.identity, id);
    diff.added.push_back({.id = id,
                          .target = std::move(target),
                          .job = config_,
                          .phase_seed = shared.phase_seed,
                          .report = shared.report,
                          .extra_report = shared.extra_report,
                          .pool = state_,
                          .since = {},
                          .since_ms = 0});
  }
  for (const auto& [identity, id] : active_) diff.removed.push_back(id);
  active_ = std::move(next);
  CheckTargetLimit();
  Report(std::move(set));
  return diff;
}

void JobPool::CheckTargetLimit() {
  const uint64_t limit = config_->target_limit;
  target_limit_.Set(static_cast<double>(limit));
  const bool exceeded = limit != 0 && active_.size() > limit;
  if (exceeded) target_limit_exceeded_.Increment();
  state_->targets_above_limit = exceeded ? active_.size() : 0;
}

void JobPool::Report(TargetSet set) {
  dropped_count_ = set.dropped.size();
  discovered_.Set(static_cast<double>(active_.size() + dropped_count_ + set.errors.size()));
  const uint64_t keep = config_->keep_dropped_targets;
  const uint64_t kept = keep == 0 ? kDroppedShownMax : std::min<uint64_t>(keep, kDroppedShownMax);
  if (set.dropped.size() > kept) set.dropped.resize(kept);
  set.dropped.shrink_to_fit();
  dropped_ = std::move(set.dropped);
  syncs_.Increment();
  sync_failed_.Increment(static_cast<double>(set.errors.size()));
  targets_.Set(static_cast<double>(active_.size()));
  if (set.errors != errors_ && !set.errors.empty()) {
    logger_.Error("targets cannot be scraped",
                  {{"count", set.errors.size()}, {"first", set.errors.front()}});
  }
  errors_ = std::move(set.errors);
}

std::vector<uint64_t> JobPool::Clear() {
  std::vector<uint64_t> ids;
  for (const auto& [identity, id] : active_) ids.push_back(id);
  active_.clear();
  return ids;
}

void JobPool::CollectDropped(ScraperStatus& status) const {
  status.dropped_counts[config_->name] = dropped_count_;
  for (const relabel::Labels& labels : dropped_) status.dropped.push_back({config_->name, labels});
}

}  // namespace sluice::scrape
