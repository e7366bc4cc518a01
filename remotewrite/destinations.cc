#include "remotewrite/destinations.h"

#include <algorithm>
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

  mutable Mutex mu;
  std::vector<std::shared_ptr<Destination>> running SLUICE_GUARDED_BY(mu);

  std::vector<std::shared_ptr<Destination>> Running() const {
    const MutexLock lock(mu);
    return running;
  }

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

Destinations::Destinations(DestinationsOptions options, Deps deps)
    : impl_(std::make_unique<Impl>(std::move(options), deps)) {}

Destinations::~Destinations() { Stop(std::chrono::milliseconds(0)); }

Status Destinations::Apply(std::vector<DestinationConfig> configs) {
  if (Status status = CheckNames(configs); !status.ok()) return status;
  const MutexLock change(impl_->change_mu);
  if (impl_->stopped) return Error{ErrorCode::kCancelled, "destinations are stopped"};
  const std::vector<std::shared_ptr<Destination>> old = impl_->Running();
  if (Status status = impl_->AttachNew(configs, old); !status.ok()) return status;

  const auto config_of = [&](const Destination& each) {
    return std::find_if(configs.begin(), configs.end(), [&](const DestinationConfig& config) {
      return config.name == each.config().name;
    });
  };
  std::vector<std::shared_ptr<Destination>> next;
  std::vector<std::shared_ptr<Destination>> ending;
  std::vector<std::string> removed;
  for (const auto& each : old) {
    const auto config = config_of(*each);
    if (config != configs.end() && config->fingerprint == each->config().fingerprint) {
      next.push_back(each);
      configs.erase(config);
      continue;
    }
    if (config == configs.end()) removed.push_back(each->config().name);
    ending.push_back(each);
  }
  {
    const MutexLock lock(impl_->mu);
    impl_->running = next;
  }
  StopAll(ending, std::chrono::milliseconds(0));
  for (const auto& each : ending) each->Retire();

  Status result;
  for (const std::string& name : removed) {
    Status detached = impl_->deps.log.Detach(name);
    if (!detached.ok()) result = detached.error().WithContext("destination " + name);
  }
  for (DestinationConfig& config : configs) {
    next.push_back(std::make_shared<Destination>(std::move(config), impl_->options, impl_->deps));
  }
  const MutexLock lock(impl_->mu);
  impl_->running = std::move(next);
  return result;
}

void Destinations::Stop(std::chrono::milliseconds drain) {
  // Running() is enough to hasten a Stop() that drains in another thread.
  const std::vector<std::shared_ptr<Destination>> running = impl_->Running();
  for (const auto& each : running) each->RequestStop(drain);
  const MutexLock change(impl_->change_mu);
  impl_->stopped = true;
  StopAll(impl_->Running(), drain);
}

std::vector<DestinationStatus> Destinations::Snapshot() const {
  std::vector<DestinationStatus> all;
  for (const auto& each : impl_->Running()) all.push_back(each->Snapshot());
  return all;
}

}  // namespace sluice::remotewrite
