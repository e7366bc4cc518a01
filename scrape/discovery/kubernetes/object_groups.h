// From objects of the Kubernetes API to target groups. Pure.
//
// Labels are those of Prometheus: `__meta_kubernetes_` and what its documentation lists.
#pragma once

#include <string>
#include <string_view>

#include "base/json.h"
#include "scrape/discovery/kubernetes/api_resource.h"
#include "scrape/discovery/kubernetes/kubernetes_sd_config.h"
#include "scrape/target_group.h"

namespace sluice::scrape {

// Objects beside the one that a group is made of.
class ObjectLookup {
 public:
  virtual ~ObjectLookup() = default;

  // Nothing when there is none. Views are valid as long as the lookup.
  virtual JsonView Find(ApiKind kind, const std::string& key) = 0;
};

// The kind of the objects that groups are made of.
ApiKind KindOf(KubernetesRole role);

// "pod/namespace/name".
std::string GroupSource(KubernetesRole role, std::string_view key);

// The group of an object of the kind that the role is about; without targets when it has none.
TargetGroup BuildGroup(const KubernetesSdConfig& config, const std::string& key,
                       const JsonView& object, ObjectLookup& lookup);

}  // namespace sluice::scrape
