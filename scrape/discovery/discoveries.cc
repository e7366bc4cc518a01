#include "scrape/discovery/discoveries.h"

#include <algorithm>
#include <utility>

#include "base/hash.h"
#include "scrape/discovery/grace/saved_targets.h"
#include "scrape/discovery/kubernetes/object_watch.h"

namespace sluice::scrape {

namespace {

using std::chrono::milliseconds;

// By identity, the longest of those who want it.
std::map<std::string, milliseconds> GracesOf(const std::vector<Discoveries::Wanted>& wanted) {
  std::map<std::string, milliseconds> graces;
  for (const Discoveries::Wanted& one : wanted) {
    milliseconds& grace = graces[one.config->identity];
    grace = std::max(grace, one.grace);
  }
  return graces;
}

}  // namespace

Discoveries::Discoveries(DiscoveryDeps deps, Sink sink, GraceStore* grace)
    : deps_(std::move(deps)), sink_(std::move(sink)), grace_(grace) {
  deps_.kubernetes = std::make_shared<ObjectWatches>(deps_.logger, deps_.telemetry, deps_.loop);
}

RetiredDiscoveries::~RetiredDiscoveries() {
  discoveries_.clear();
  for (const MetricLabels& series : series_) telemetry_->RemoveSeriesWith(series);
}

RetiredDiscoveries Discoveries::Apply(const std::vector<Wanted>& wanted, uint64_t seed) {
  const std::map<std::string, milliseconds> graces = GracesOf(wanted);
  for (auto& [identity, running] : running_) running.jobs.clear();
  for (const Wanted& one : wanted) {
    const std::string& identity = one.config->identity;
    Running& running = running_[identity];
    if (running.discovery == nullptr) Start(running, one, graces.at(identity), seed);
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
  KeepLastTargets(graces);
  std::erase_if(retired.series_, [this](const MetricLabels& series) { return HasSeries(series); });
  return retired;
}

void Discoveries::KeepLastTargets(const std::map<std::string, milliseconds>& graces) {
  if (grace_ == nullptr) return;
  std::map<std::string, milliseconds> by_key;
  std::set<std::string> ambiguous;
  for (const auto& [identity, running] : running_) {
    const milliseconds grace = graces.at(identity);
    if (grace.count() <= 0) continue;
    if (!by_key.emplace(running.grace_key, grace).second) ambiguous.insert(running.grace_key);
  }
  for (const std::string& key : ambiguous) by_key.erase(key);
  grace_->Keep(by_key);
}

void Discoveries::Restore(Running& running, milliseconds grace, DiscoveryDeps& deps) {
  if (grace_ == nullptr) return;
  auto groups = grace_->Load(running.grace_key, grace);
  if (!groups) return;
  size_t targets = 0;
  for (const TargetGroupPtr& group : *groups) {
    targets += group->targets.size();
    running.groups[group->source] = group;
  }
  running.restored = true;
  deps.logger.Info("scraping the last targets of a discovery until it answers",
                   {{"discovery", running.series.at("mechanism")}, {"targets", targets}});
  deps.last_groups = std::move(*groups);
}

void Discoveries::Start(Running& running, const Wanted& wanted, milliseconds grace, uint64_t seed) {
  const uint64_t run = running.run = ++last_run_;
  identities_[run] = wanted.config->identity;
  running.series = {{"mechanism", MechanismName(*wanted.config)}, {"config", wanted.job}};
  DiscoveryDeps deps = deps_;
  deps.logger = deps.logger.With({"job", wanted.job});
  deps.config = wanted.job;
  deps.seed = seed ^ XxHash64(wanted.config->identity);
  running.grace_key = GraceKey(wanted.config->identity, wanted.config->public_identity);
  Restore(running, grace, deps);
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
  running.restored = false;
  if (grace_ != nullptr) grace_->NoteChange(running.grace_key);
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
  return AllOf(found->second);
}

std::optional<DiscoveryUpdate> Discoveries::Restored(const std::string& identity) const {
  const auto found = running_.find(identity);
  if (found == running_.end() || !found->second.restored) return std::nullopt;
  return AllOf(found->second);
}

std::optional<std::vector<TargetGroupPtr>> Discoveries::GroupsOf(
    const std::string& grace_key) const {
  for (const auto& [identity, running] : running_) {
    if (running.told && running.grace_key == grace_key) return AllOf(running).groups;
  }
  return std::nullopt;
}

DiscoveryUpdate Discoveries::AllOf(const Running& running) {
  DiscoveryUpdate update;
  update.whole = true;
  for (const auto& [source, group] : running.groups) update.groups.push_back(group);
  return update;
}

}  // namespace sluice::scrape
