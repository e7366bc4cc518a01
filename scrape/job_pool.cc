#include "scrape/job_pool.h"

#include <algorithm>
#include <utility>

namespace sluice::scrape {
namespace {

DiscoveryUpdate StaticUpdate(const TargetGroups& groups) {
  DiscoveryUpdate update;
  update.whole = true;
  for (const TargetGroup& group : groups) {
    update.groups.push_back(std::make_shared<const TargetGroup>(group));
  }
  return update;
}

}  // namespace

JobPool::JobPool(JobConfig config, Telemetry& telemetry, const Logger& logger,
                 ClusterConfig cluster)
    : config_(std::make_shared<const JobConfig>()),
      cluster_(std::move(cluster)),
      logger_(logger.With({"job", config.name})),
      state_(std::make_shared<PoolState>()) {
  const MetricLabels labels = {{"scrape_job", config.name}};
  targets_ = telemetry.AddGauge("prometheus_target_scrape_pool_targets",
                                "Targets that are scraped.", labels);
  discovered_ = telemetry.AddGauge("sluice_discovered_targets",
                                   "Targets found by discovery, before relabeling.", labels);
  sd_discovered_ = telemetry.AddGauge("prometheus_sd_discovered_targets",
                                      "Targets found by discovery, before relabeling.",
                                      {{"name", "scrape"}, {"config", config.name}});
  restored_ = telemetry.AddGauge("sluice_discovery_restored_targets",
                                 "Targets known from before the start, whose discovery has not "
                                 "answered yet.",
                                 labels);
  elsewhere_ = telemetry.AddGauge("sluice_cluster_targets_elsewhere",
                                  "Targets that other members of the cluster scrape.", labels);
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
  Configure(std::move(config));
}

void JobPool::Configure(JobConfig config) {
  std::unordered_map<std::string, Source> next;
  for (const DiscoveryConfig& discovery : config.discoveries) {
    const auto known = sources_.find(discovery.identity);
    Source& source = next[discovery.identity];
    if (known == sources_.end()) continue;
    source = std::move(known->second);
    sources_.erase(known);
  }
  for (auto& [identity, source] : sources_) carried_.push_back(std::move(source.groups));
  sources_ = std::move(next);
  config_ = std::make_shared<const JobConfig>(std::move(config));
  Apply(static_, StaticUpdate(config_->static_groups));
  ForgetCarriedWhenAllTold();
}

void JobPool::Update(const std::string& identity, const DiscoveryUpdate& update) {
  const auto source = sources_.find(identity);
  if (source == sources_.end()) return;
  Apply(source->second, update);
  source->second.told = true;
  source->second.restored = false;
  ForgetCarriedWhenAllTold();
}

void JobPool::Restore(const std::string& identity, const DiscoveryUpdate& update) {
  const auto source = sources_.find(identity);
  if (source == sources_.end() || source->second.told || source->second.restored) return;
  Apply(source->second, update);
  source->second.restored = true;
}

void JobPool::Apply(Source& source, const DiscoveryUpdate& update) {
  Groups before;
  if (update.whole) before = std::exchange(source.groups, {});
  for (const TargetGroupPtr& found : update.groups) {
    // A group keeps its targets until it is built again: those that stay are never let go of.
    if (auto node = before.extract(found->source); node) source.groups.insert(std::move(node));
    Group& group = source.groups[found->source];
    if (found->targets.empty()) {
      Retire(group);
      source.groups.erase(found->source);
    } else if (group.found == nullptr || *group.found != *found) {
      group.found = found;
      changed_.push_back(&group);
    }
  }
  Retire(before);
}

void JobPool::Retire(Group& group) {
  std::erase(changed_, &group);
  released_.insert(released_.end(), group.identities.begin(), group.identities.end());
  found_count_ -= group.found_count;
  dropped_count_ -= group.dropped_count;
  elsewhere_count_ -= group.elsewhere_count;
}

void JobPool::Retire(Groups& groups) {
  for (auto& [source, group] : groups) Retire(group);
  groups.clear();
}

void JobPool::ForgetCarriedWhenAllTold() {
  const bool all_told = std::all_of(sources_.begin(), sources_.end(),
                                    [](const auto& entry) { return entry.second.told; });
  if (!all_told) return;
  for (Groups& groups : carried_) Retire(groups);
  carried_.clear();
}

void JobPool::MarkAllChanged() {
  changed_.clear();
  const auto mark = [this](Groups& groups) {
    for (auto& [source, group] : groups) changed_.push_back(&group);
  };
  mark(static_.groups);
  for (auto& [identity, source] : sources_) mark(source.groups);
  for (Groups& groups : carried_) mark(groups);
}

PoolDiff JobPool::Sync(Shared& shared) {
  PoolDiff diff;
  if (config_->fingerprint != active_fingerprint_) {
    // Other settings make other targets; the workers see to it that no markers disturb them.
    diff.removed = Clear();
    active_fingerprint_ = config_->fingerprint;
    MarkAllChanged();
  }
  size_t errors = 0;
  std::string first_error;
  for (Group* group : std::exchange(changed_, {})) {
    const TargetSet set = BuildTargets(*config_, {*group->found}, cluster_);
    errors += set.errors.size();
    if (first_error.empty() && !set.errors.empty()) first_error = set.errors.front();
    Replace(*group, set, shared, diff);
  }
  Release(diff);
  CheckTargetLimit();
  Report(errors, first_error);
  return diff;
}

void JobPool::Replace(Group& group, TargetSet set, Shared& shared, PoolDiff& diff) {
  released_.insert(released_.end(), group.identities.begin(), group.identities.end());
  group.identities.clear();
  for (Target& target : set.active) {
    group.identities.push_back(target.identity);
    Hold(std::move(target), shared, diff);
  }
  const size_t found = group.found->targets.size();
  found_count_ += found - std::exchange(group.found_count, found);
  const size_t dropped = set.dropped.size();
  dropped_count_ += dropped - std::exchange(group.dropped_count, dropped);
  const size_t elsewhere = set.elsewhere.size();
  elsewhere_count_ += elsewhere - std::exchange(group.elsewhere_count, elsewhere);
}

void JobPool::Hold(Target target, Shared& shared, PoolDiff& diff) {
  Active& active = active_[target.identity];
  if (active.holders++ != 0) return;
  active.id = shared.next_id++;
  target.discovered_labels = {};  // many bytes, which View() finds again
  diff.added.push_back({.id = active.id,
                        .target = std::move(target),
                        .job = config_,
                        .phase_seed = shared.phase_seed,
                        .report = shared.report,
                        .extra_report = shared.extra_report,
                        .pool = state_,
                        .since = {},
                        .since_ms = 0});
}

void JobPool::Release(PoolDiff& diff) {
  for (const uint64_t identity : std::exchange(released_, {})) {
    const auto active = active_.find(identity);
    if (active == active_.end() || --active->second.holders != 0) continue;
    diff.removed.push_back(active->second.id);
    active_.erase(active);
  }
}

void JobPool::CheckTargetLimit() {
  const uint64_t limit = config_->target_limit;
  target_limit_.Set(static_cast<double>(limit));
  const bool exceeded = limit != 0 && active_.size() > limit;
  if (exceeded) target_limit_exceeded_.Increment();
  state_->targets_above_limit = exceeded ? active_.size() : 0;
}

void JobPool::Report(size_t errors, const std::string& first_error) {
  syncs_.Increment();
  discovered_.Set(static_cast<double>(found_count_));
  sd_discovered_.Set(static_cast<double>(found_count_));
  targets_.Set(static_cast<double>(active_.size()));
  elsewhere_.Set(static_cast<double>(elsewhere_count_));
  restored_.Set(static_cast<double>(RestoredCount()));
  sync_failed_.Increment(static_cast<double>(errors));
  if (errors == 0 || first_error == last_error_) return;
  logger_.Error(
      "targets cannot be scraped",
      {{"count", errors}, {"first", first_error}, {"advice", "sluice targets FILE shows all"}});
  last_error_ = first_error;
}

size_t JobPool::RestoredCount() const {
  size_t count = 0;
  for (const auto& [identity, source] : sources_) {
    if (!source.restored) continue;
    for (const auto& [name, group] : source.groups) count += group.found_count;
  }
  return count;
}

std::unordered_set<uint64_t> JobPool::RestoredIds() const {
  std::unordered_map<uint64_t, size_t> restored;  // by identity of the target, groups that have it
  for (const auto& [identity, source] : sources_) {
    if (!source.restored) continue;
    for (const auto& [name, group] : source.groups) {
      for (const uint64_t target : group.identities) ++restored[target];
    }
  }
  std::unordered_set<uint64_t> ids;
  for (const auto& [target, groups] : restored) {
    const auto active = active_.find(target);
    if (active != active_.end() && active->second.holders == groups) ids.insert(active->second.id);
  }
  return ids;
}

std::vector<uint64_t> JobPool::Clear() {
  std::vector<uint64_t> ids;
  for (const auto& [identity, active] : active_) ids.push_back(active.id);
  active_.clear();
  released_.clear();
  const auto forget = [](Groups& groups) {
    for (auto& [source, group] : groups) group.identities.clear();
  };
  forget(static_.groups);
  for (auto& [identity, source] : sources_) forget(source.groups);
  for (Groups& groups : carried_) forget(groups);
  return ids;
}

std::vector<TargetGroupPtr> JobPool::FoundGroups() const {
  std::vector<TargetGroupPtr> found;
  const auto collect = [&](const Groups& groups) {
    for (const auto& [source, group] : groups) found.push_back(group.found);
  };
  collect(static_.groups);
  for (const auto& [identity, source] : sources_) collect(source.groups);
  for (const Groups& groups : carried_) collect(groups);
  return found;
}

PoolView JobPool::View() const {
  PoolView view;
  view.job = config_;
  view.cluster = cluster_;
  view.groups = FoundGroups();
  for (const auto& [identity, active] : active_) view.ids.emplace(identity, active.id);
  view.restored = RestoredIds();
  view.dropped_count = dropped_count_ + elsewhere_count_;
  return view;
}

}  // namespace sluice::scrape
