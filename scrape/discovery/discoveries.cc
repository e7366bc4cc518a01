#include "scrape/discovery/discoveries.h"

#include <algorithm>
#include <utility>

#include "base/hash.h"
#include "scrape/discovery/kubernetes/object_watch.h"

namespace sluice::scrape {

Discoveries::Discoveries(DiscoveryDeps deps, Sink sink)
    : deps_(std::move(deps)), sink_(std::move(sink)) {
  deps_.kubernetes = std::make_shared<ObjectWatches>(deps_.logger, deps_.telemetry, deps_.loop);
}

RetiredDiscoveries::~RetiredDiscoveries() {
  discoveries_.clear();
  for (const MetricLabels& series : series_) telemetry_->RemoveSeriesWith(series);
}

RetiredDiscoveries Discoveries::Apply(const std::vector<Wanted>& wanted, uint64_t seed) {
  for (auto& [identity, running] : running_) running.jobs.clear();
  for (const Wanted& one : wanted) {
    Running& running = running_[one.config->identity];
    if (running.discovery == nullptr) Start(running, one, seed);
    running.jobs.insert(one.job);
  }
  RetiredDiscoveries retired;
  retired.telemetry_ = &deps_.telemetry;
  for (auto it = running_.begin(); it != running_.end();) {
    if (!it->second.jobs.empty()) {
      ++it;
      continue;
    }
    identities_.erase(it->second.run);
    retired.discoveries_.push_back(std::move(it->second.discovery));
    retired.series_.push_back(std::move(it->second.series));
    it = running_.erase(it);
  }
  std::erase_if(retired.series_, [this](const MetricLabels& series) { return HasSeries(series); });
  return retired;
}

void Discoveries::Start(Running& running, const Wanted& wanted, uint64_t seed) {
  const uint64_t run = running.run = ++last_run_;
  identities_[run] = wanted.config->identity;
  running.series = {{"mechanism", MechanismName(*wanted.config)}, {"config", wanted.job}};
  DiscoveryDeps deps = deps_;
  deps.logger = deps.logger.With({"job", wanted.job});
  deps.config = wanted.job;
  deps.seed = seed ^ XxHash64(wanted.config->identity);
  running.discovery = MakeDiscovery(
      *wanted.config, [this, run](DiscoveryUpdate update) { sink_(run, std::move(update)); },
      std::move(deps));
}

bool Discoveries::HasSeries(const MetricLabels& series) const {
  return std::any_of(running_.begin(), running_.end(),
                     [&](const auto& entry) { return entry.second.series == series; });
}

std::optional<Discoveries::Noted> Discoveries::Note(uint64_t run, const DiscoveryUpdate& update) {
  const auto identity = identities_.find(run);
  if (identity == identities_.end()) return std::nullopt;
  Running& running = running_.at(identity->second);
  running.told = true;
  if (update.whole) running.groups.clear();
  for (const TargetGroupPtr& group : update.groups) {
    if (group->targets.empty()) {
      running.groups.erase(group->source);
    } else {
      running.groups[group->source] = group;
    }
  }
  return Noted{identity->second, &running.jobs};
}

std::optional<DiscoveryUpdate> Discoveries::Whole(const std::string& identity) const {
  const auto found = running_.find(identity);
  if (found == running_.end() || !found->second.told) return std::nullopt;
  DiscoveryUpdate update;
  update.whole = true;
  for (const auto& [source, group] : found->second.groups) update.groups.push_back(group);
  return update;
}

}  // namespace sluice::scrape
