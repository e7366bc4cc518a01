// An entry of kubernetes_sd_configs.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/http_client.h"
#include "scrape/discovery/kubernetes/api_resource.h"

namespace sluice::scrape {

enum class KubernetesRole { kNode, kPod, kService, kEndpoints, kEndpointSlice, kIngress };

// How the API server is reached: by its URL, by a kubeconfig file, or, without either, as a pod of
// the cluster.
struct KubernetesAccess {
  // Equal exactly when two mean the same. It has secrets in it.
  std::string identity;
  std::string api_server;
  std::string kubeconfig_file;
  std::shared_ptr<const HttpClient> client;  // with `api_server` only
};

struct KubernetesSelector {
  std::string label;
  std::string field;
};

struct KubernetesSdConfig {
  static constexpr std::string_view kMechanism = "kubernetes";

  KubernetesRole role = KubernetesRole::kPod;
  KubernetesAccess access;
  bool own_namespace = false;  // the one that we run in, beside `namespaces`
  std::vector<std::string> namespaces;
  std::map<ApiKind, KubernetesSelector> selectors;
  bool attach_node = false;
  bool attach_namespace = false;
  bool attach_deployment = false;
  bool attach_job = false;
  bool attach_cronjob = false;
  bool node_local = false;  // only what is on the node that we run on
  std::string node;         // the name of that, once it is known
};

}  // namespace sluice::scrape
