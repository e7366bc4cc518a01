#include "remotewrite/destinations.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <set>
#include <utility>

#include "base/mutex.h"
#include "remotewrite/destination.h"

namespace sluice::remotewrite {

struct Destinations::Impl {
  Impl(DestinationsOptions o, const Deps& d) : options(std::move(o)), deps(d) {}

  const DestinationsOptions options;
  const Deps deps;

  // Serialises Apply() and Stop(), which block; taken before `mu`.
  Mutex change_mu;
  bool stopped SLUICE_GUARDED_BY(change_mu) = false;
  bool applied SLUICE_GUARDED_BY(change_mu) = false;

  mutable Mutex mu;
  std::vector<std::shared_ptr<Destination>> running SLUICE_GUARDED_BY(mu);
  std::vector<std::shared_ptr<Destination>> leaving SLUICE_GUARDED_BY(mu);

  std::vector<std::shared_ptr<Destination>> Running() const {
    const MutexLock lock(mu);
    return running;
  }

  // Those that still have something to get.
  std::vector<std::shared_ptr<Destination>> Leaving() const {
    const MutexLock lock(mu);
    std::vector<std::shared_ptr<Destination>> still;
    for (const auto& each : leaving) {
      if (!each->is_gone()) still.push_back(each);
    }
    return still;
  }

  // Those that run, then those that leave: each once, also while one begins to leave.
  std::vector<std::shared_ptr<Destination>> All() const {
    const MutexLock lock(mu);
    std::vector<std::shared_ptr<Destination>> all = running;
    std::copy_if(leaving.begin(), leaving.end(), std::back_inserter(all),
                 [](const auto& each) { return !each->is_gone(); });
    return all;
  }

  void StopRunning(const std::shared_ptr<Destination>& destination) SLUICE_REQUIRES(change_mu);
  void StopReturning(const std::vector<DestinationConfig>& configs) SLUICE_REQUIRES(change_mu);
  Status Remove(const std::shared_ptr<Destination>& destination,
                const std::vector<DestinationConfig>& configs) SLUICE_REQUIRES(change_mu);
  void CloseOthers(const std::vector<DestinationConfig>& configs) SLUICE_REQUIRES(change_mu);
  bool HandOn(const std::string& name, const std::vector<DestinationConfig>& configs)
      SLUICE_REQUIRES(change_mu);

  Status AttachNew(const std::vector<DestinationConfig>& configs,
                   const std::vector<std::shared_ptr<Destination>>& old);
};

namespace {

Status CheckNames(const std::vector<DestinationConfig>& configs) {
  std::set<std::string_view> names;
  for (const DestinationConfig& config : configs) {
    if (!names.insert(config.name).second) {
      return InvalidInput("found multiple remote write configs with job name \"" + config.name +
                          "\"");
    }
  }
  return Status::Ok();
}

void StopAll(const std::vector<std::shared_ptr<Destination>>& destinations,
             std::chrono::milliseconds drain) {
  for (const auto& each : destinations) each->RequestStop(drain);
  for (const auto& each : destinations) each->Join();
}

// Whether there are destinations of the group that a shard was of.
bool GroupGoesOn(const std::string& name, const std::vector<DestinationConfig>& configs) {
  const auto shard = ParseShardName(name);
  if (!shard) return false;
  return std::any_of(configs.begin(), configs.end(), [&](const DestinationConfig& config) {
    const auto other = ParseShardName(config.name);
    return config.name == shard->group || (other && other->group == shard->group);
  });
}

bool IsConfigured(const Destination& destination, const std::vector<DestinationConfig>& configs) {
  return std::any_of(configs.begin(), configs.end(),
                     [&](const auto& config) { return config.name == destination.config().name; });
}

}  // namespace

// All or nothing: what was attached before one fails is detached again.
Status Destinations::Impl::AttachNew(const std::vector<DestinationConfig>& configs,
                                     const std::vector<std::shared_ptr<Destination>>& old) {
  std::vector<std::string> attached;
  for (const DestinationConfig& config : configs) {
    const bool known = std::any_of(old.begin(), old.end(), [&](const auto& each) {
      return each->config().name == config.name;
    });
    if (known) continue;
    const Result<buffer::DestinationProgress> progress = deps.log.Attach(config.name);
    if (progress.ok()) {
      attached.push_back(config.name);
      continue;
    }
    for (const std::string& name : attached) {
      const Status detached = deps.log.Detach(name);
      if (!detached.ok()) {
        deps.logger.Warn("detach failed",
                         {{"remote_name", name}, {"error", detached.error().message}});
      }
    }
    return progress.error().WithContext("destination " + config.name);
  }
  return Status::Ok();
}

// A name that is back while its predecessor is leaving: the log goes on for the new one. The
// predecessor is listed until that is there.
void Destinations::Impl::StopReturning(const std::vector<DestinationConfig>& configs) {
  for (const auto& each : Leaving()) {
    if (!IsConfigured(*each, configs)) continue;
    StopAll({each}, std::chrono::milliseconds(0));
    each->Retire();
    deps.logger.Warn("destination is back: what was scraped since it was removed is not for it",
                     {{"remote_name", each->config().name}});
  }
}

// And has it listed no more.
void Destinations::Impl::StopRunning(const std::shared_ptr<Destination>& destination) {
  StopAll({destination}, std::chrono::milliseconds(0));
  destination->Retire();
  const MutexLock lock(mu);
  std::erase(running, destination);
}

Status Destinations::Impl::Remove(const std::shared_ptr<Destination>& destination,
                                  const std::vector<DestinationConfig>& configs) {
  const std::string& name = destination->config().name;
  const OnRemove on_remove = destination->config().on_remove;
  if (GroupGoesOn(name, configs)) {
    StopRunning(destination);
    HandOn(name, configs);
    return Status::Ok();
  }
  if (on_remove == OnRemove::kDrain) {
    if (Status closed = deps.log.Close(name); !closed.ok()) return closed;
    destination->Leave();
    const MutexLock lock(mu);
    std::erase(running, destination);
    leaving.push_back(destination);
    return Status::Ok();
  }
  StopRunning(destination);
  if (on_remove == OnRemove::kKeep) return deps.log.Detach(name);
  const auto progress = deps.log.Progress(name);
  deps.logger.Warn("destination removed, its backlog dropped",
                   {{"remote_name", name}, {"samples", progress ? progress->ledger.pending : 0}});
  return deps.log.Forget(name);
}

// A shard of a group whose members are others now: what it has left goes to one of them, for the
// series that were its own. False when `name` is none, or its group is gone.
bool Destinations::Impl::HandOn(const std::string& name,
                                const std::vector<DestinationConfig>& configs) {
  const auto shard = ParseShardName(name);
  if (!shard || buffer::ParseBranchName(name)) return false;
  const DestinationConfig* heir = nullptr;
  for (const DestinationConfig& config : configs) {
    const auto other = ParseShardName(config.name);
    if (config.name == shard->group) heir = &config;
    if (!other || other->group != shard->group) continue;
    const std::vector<std::string>& members = other->sharding.members();
    if (SuccessorOf(shard->sharding.self(), members) == other->sharding.self()) heir = &config;
  }
  if (heir == nullptr) return false;
  if (Status closed = deps.log.Close(name); !closed.ok()) {
    deps.logger.Warn("shard not closed", {{"error", closed.error().message}});
    return true;
  }
  DestinationConfig config = *heir;
  config.name = name;
  config.sharding = shard->sharding;
  const auto destination = std::make_shared<Destination>(std::move(config), options, deps);
  destination->Leave();
  const MutexLock lock(mu);
  leaving.push_back(destination);
  return true;
}

// Names of an earlier run that nobody knows how to reach: the log is not to fill up for them.
void Destinations::Impl::CloseOthers(const std::vector<DestinationConfig>& configs) {
  for (const buffer::DestinationProgress& progress : deps.log.AllProgress()) {
    if (buffer::ParseBranchName(progress.name)) continue;  // follows its destination
    const bool configured = std::any_of(configs.begin(), configs.end(), [&](const auto& config) {
      return config.name == progress.name;
    });
    // Not attached, and open: on_remove was keep.
    if (configured || (!progress.attached && progress.closed_at == 0)) continue;
    const bool empty = progress.ledger.pending + progress.ledger.branched == 0;
    if (!empty && HandOn(progress.name, configs)) continue;
    const Status done = empty ? deps.log.Forget(progress.name) : deps.log.Close(progress.name);
    if (empty && done.ok()) continue;
    deps.logger.Warn(
        "destination is not configured any more, its backlog stays: configure it again to have it "
        "delivered, or drop it with sluice buffer forget",
        {{"remote_name", buffer::PrintableName(progress.name)},
         {"samples", progress.ledger.pending}});
  }
}

Destinations::Destinations(DestinationsOptions options, Deps deps)
    : impl_(std::make_unique<Impl>(std::move(options), deps)) {}

Destinations::~Destinations() { Stop(std::chrono::milliseconds(0)); }

Status Destinations::Apply(std::vector<DestinationConfig> configs) {
  if (Status status = CheckNames(configs); !status.ok()) return status;
  const MutexLock change(impl_->change_mu);
  if (impl_->stopped) return Error{ErrorCode::kCancelled, "destinations are stopped"};
  const std::vector<DestinationConfig> all = configs;
  const std::vector<std::shared_ptr<Destination>> old = impl_->Running();
  impl_->StopReturning(configs);
  if (Status status = impl_->AttachNew(configs, old); !status.ok()) return status;
  std::map<std::string, buffer::DiskBudget> budgets;
  for (const DestinationConfig& config : configs) budgets[config.name] = config.disk;
  impl_->deps.log.SetBudgets(budgets);
  if (!std::exchange(impl_->applied, true)) impl_->CloseOthers(configs);

  const auto config_of = [&](const Destination& each) {
    return std::find_if(configs.begin(), configs.end(), [&](const DestinationConfig& config) {
      return config.name == each.config().name;
    });
  };
  std::vector<std::shared_ptr<Destination>> next;
  std::vector<std::shared_ptr<Destination>> changed;
  std::vector<std::shared_ptr<Destination>> removed;
  for (const auto& each : old) {
    const auto config = config_of(*each);
    if (config == configs.end()) {
      removed.push_back(each);
    } else if (config->fingerprint == each->config().fingerprint) {
      next.push_back(each);
      configs.erase(config);
    } else {
      changed.push_back(each);
    }
  }
  Status result;
  for (const auto& each : removed) {
    Status done = impl_->Remove(each, all);
    if (!done.ok()) result = done.error().WithContext("destination " + each->config().name);
  }
  StopAll(changed, std::chrono::milliseconds(0));
  for (const auto& each : changed) each->Retire();
  for (DestinationConfig& config : configs) {
    next.push_back(std::make_shared<Destination>(std::move(config), impl_->options, impl_->deps));
  }
  const MutexLock lock(impl_->mu);
  impl_->running = std::move(next);
  std::erase_if(impl_->leaving,
                [&](const auto& each) { return each->is_gone() || IsConfigured(*each, all); });
  return result;
}

void Destinations::Stop(std::chrono::milliseconds drain) {
  // Running() is enough to hasten a Stop() that drains in another thread.
  const std::vector<std::shared_ptr<Destination>> running = impl_->Running();
  for (const auto& each : running) each->RequestStop(drain);
  for (const auto& each : impl_->Leaving()) each->RequestStop(drain);
  const MutexLock change(impl_->change_mu);
  impl_->stopped = true;
  StopAll(impl_->Running(), drain);
  StopAll(impl_->Leaving(), drain);
}

std::optional<Destinations::LastPulse> Destinations::OldestPulse() const {
  std::optional<LastPulse> oldest;
  for (const auto& each : impl_->Running()) {
    const MonotonicTime at = each->last_pulse();
    if (!oldest || at < oldest->at) {
      oldest = LastPulse{.name = buffer::PrintableName(each->config().name), .at = at};
    }
  }
  return oldest;
}

std::vector<DestinationStatus> Destinations::Snapshot() const {
  std::vector<DestinationStatus> all;
  for (const auto& each : impl_->All()) all.push_back(each->Snapshot());
  return all;
}

}  // namespace sluice::remotewrite
