#include "scrape/discovery/discoveries.h"

#include <utility>

namespace sluice::scrape {

Discoveries::Discoveries(DiscoveryDeps deps, Sink sink)
    : deps_(std::move(deps)), sink_(std::move(sink)) {}

RetiredDiscoveries Discoveries::Apply(const std::vector<Wanted>& wanted) {
  for (auto& [identity, running] : running_) running.jobs.clear();
  for (const auto& [job, config] : wanted) {
    Running& running = running_[config->identity];
    running.jobs.insert(job);
    if (running.discovery != nullptr) continue;
    const uint64_t run = running.run = ++last_run_;
    identities_[run] = config->identity;
    DiscoveryDeps deps = deps_;
    deps.logger = deps.logger.With({"job", job});
    running.discovery = MakeDiscovery(
        *config, [this, run](DiscoveryUpdate update) { sink_(run, std::move(update)); },
        std::move(deps));
  }
  RetiredDiscoveries retired;
  for (auto it = running_.begin(); it != running_.end();) {
    if (!it->second.jobs.empty()) {
      ++it;
      continue;
    }
    identities_.erase(it->second.run);
    retired.push_back(std::move(it->second.discovery));
    it = running_.erase(it);
  }
  return retired;
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
