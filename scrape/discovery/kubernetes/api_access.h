// How to reach an API server at this moment: its URL, and what to send with requests.
#pragma once

#include <memory>
#include <string>

#include "base/http_client.h"
#include "base/result.h"
#include "scrape/discovery/kubernetes/kubernetes_sd_config.h"

namespace sluice::scrape {

struct ApiServer {
  std::string url;                           // without a slash at its end
  std::shared_ptr<const HttpClient> client;  // may be null

  // The settings as a text; equal ones are the same. It has secrets in it.
  std::string identity = {};
};

// Where a pod finds what it needs to reach the API server of its cluster.
struct PodSurroundings {
  std::string folder = "/var/run/secrets/kubernetes.io/serviceaccount";
  std::string host;  // KUBERNETES_SERVICE_HOST
  std::string port;  // KUBERNETES_SERVICE_PORT
  std::string node;  // NODE_NAME, which the DaemonSet has to set from spec.nodeName
};

PodSurroundings ReadPodSurroundings();

// The token and the authority are read from their files whenever those change.
Result<ApiServer> InClusterServer(const PodSurroundings& surroundings);

// The namespace that we run in.
Result<std::string> OwnNamespace(const PodSurroundings& surroundings);

// What a configuration says, read again after failures: files may have been replaced. Bound to one
// thread.
class ApiAccess {
 public:
  ApiAccess(KubernetesAccess access, PodSurroundings surroundings);

  // Keeps its answer until Renew().
  Result<ApiServer> Server();

  void Renew() { is_current_ = false; }

  const PodSurroundings& surroundings() const { return surroundings_; }

 private:
  Result<ApiServer> Resolve() const;

  const KubernetesAccess access_;
  const PodSurroundings surroundings_;
  bool is_current_ = false;
  ApiServer server_;
};

}  // namespace sluice::scrape
