// A copy of the objects of a resource that is kept up to date, for all discoveries that need it.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/logger.h"
#include "base/telemetry.h"
#include "scrape/discovery/discovery_loop.h"
#include "scrape/discovery/kubernetes/api_access.h"
#include "scrape/discovery/kubernetes/list_watch.h"
#include "scrape/discovery/kubernetes/object_store.h"

namespace sluice::scrape {

// What a discovery hears of a watch. Never from within Subscribe().
class ObjectWatcher {
 public:
  virtual ~ObjectWatcher() = default;

  // These objects are new, changed, or gone. Also called without any when the copy is complete for
  // the first time.
  virtual void OnObjects(ApiKind kind, const std::vector<std::string>& keys) = 0;

  // Why, for each object that was left out.
  virtual void OnBadEntries(const std::vector<std::string>& bad_entries) = 0;

  // After each answer: why it was of no use.
  virtual void OnAnswer(const Status& status) = 0;
};

// Bound to the thread of the loop. Asks from construction to destruction.
class ObjectWatch {
 public:
  ObjectWatch(ApiResource resource, std::shared_ptr<ApiAccess> access, const Logger& logger,
              Telemetry& telemetry, DiscoveryLoop& loop, uint64_t seed);
  ~ObjectWatch();
  ObjectWatch(const ObjectWatch&) = delete;
  ObjectWatch& operator=(const ObjectWatch&) = delete;

  void Subscribe(ObjectWatcher& watcher) { watchers_.push_back(&watcher); }

  void Unsubscribe(ObjectWatcher& watcher) { std::erase(watchers_, &watcher); }

  const ApiResource& resource() const { return resource_; }

  const ObjectStore& store() const { return store_; }

 private:
  void Ask();
  void AskIn(std::chrono::milliseconds pause);
  bool OnBytes(std::string_view bytes);
  void OnEnd(const HttpAnswer& answer);
  void Apply();
  void Tell(const Status& status);
  void CountEffect(ObjectStore::Effect effect) const;

  const ApiResource resource_;
  const std::shared_ptr<ApiAccess> access_;
  const Logger logger_;
  DiscoveryLoop& loop_;
  ListWatch machine_;
  RefreshSchedule access_retries_;
  ObjectStore store_;
  std::vector<ObjectWatcher*> watchers_;
  MonotonicTime asked_at_;
  std::optional<DiscoveryLoop::RequestId> request_;
  std::optional<DiscoveryLoop::TimerId> timer_;
  std::string last_error_;

  Counter added_;
  Counter updated_;
  Counter deleted_;
  Counter failures_;
};

// All that are there, each shared by those that want the same. Bound to the thread of the loop, but
// for construction and destruction.
class ObjectWatches {
 public:
  ObjectWatches(Logger logger, Telemetry& telemetry, DiscoveryLoop& loop);

  std::shared_ptr<ObjectWatch> Get(const KubernetesAccess& access, const ApiResource& resource,
                                   uint64_t seed);

  std::shared_ptr<ApiAccess> Access(const KubernetesAccess& access);

 private:
  const Logger logger_;
  Telemetry& telemetry_;
  DiscoveryLoop& loop_;
  std::map<std::string, std::weak_ptr<ApiAccess>> accesses_;
  std::map<std::string, std::weak_ptr<ObjectWatch>> watches_;
};

}  // namespace sluice::scrape
