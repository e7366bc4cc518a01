// kubernetes_sd_configs: one group for each object of the role's kind, built again when one of the
// objects changes that it is made of.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "scrape/discovery/discovery.h"
#include "scrape/discovery/group_book.h"
#include "scrape/discovery/kubernetes/dependency_index.h"
#include "scrape/discovery/kubernetes/kubernetes_sd_config.h"
#include "scrape/discovery/kubernetes/object_groups.h"
#include "scrape/discovery/kubernetes/object_watch.h"
#include "scrape/discovery/refresh_metrics.h"
#include "scrape/discovery/refresh_schedule.h"

namespace sluice::scrape {

// The resources that a configuration needs: first the one that groups are made of, for each
// namespace. Pure.
std::vector<ApiResource> ResourcesOf(const KubernetesSdConfig& config);

// Bounds: those of ListWatch and ObjectStore, for each resource.
class KubernetesDiscovery final : public Discovery, private ObjectWatcher {
 public:
  KubernetesDiscovery(KubernetesSdConfig config, DiscoverySink sink, DiscoveryDeps deps);
  ~KubernetesDiscovery() override;

 private:
  class Lookup;

  void Start();
  // What only the place knows that we run in.
  Status ReadSurroundings();
  Status AddOwnNamespace(const PodSurroundings& surroundings);
  void OnObjects(ApiKind kind, const std::vector<std::string>& keys) override;
  void OnBadEntries(const std::vector<std::string>& bad_entries) override;
  void OnAnswer(const Status& status) override;

  bool AllComplete() const;
  void TellAll();
  const std::string* Find(ApiKind kind, const std::string& key) const;
  // Without targets when the object is gone.
  TargetGroup Build(const std::string& key);

  KubernetesSdConfig config_;
  const DiscoverySink sink_;
  const DiscoveryDeps deps_;
  const Logger logger_;
  const std::shared_ptr<ObjectWatches> shared_;
  RefreshMetrics metrics_;

  // Of the thread of the loop.
  RefreshSchedule retries_;
  std::optional<DiscoveryLoop::TimerId> timer_;
  std::map<ApiKind, std::vector<std::shared_ptr<ObjectWatch>>> watches_;
  DependencyIndex dependencies_;
  GroupBook book_;
  std::string last_bad_entry_;
  std::string last_error_;
};

}  // namespace sluice::scrape
