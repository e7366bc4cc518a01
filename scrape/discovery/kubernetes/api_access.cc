#include "scrape/discovery/kubernetes/api_access.h"

#include <cstdlib>
#include <utility>

#include "base/file.h"
#include "scrape/discovery/host_port.h"
#include "scrape/discovery/kubernetes/kubeconfig.h"

namespace sluice::scrape {
namespace {

constexpr size_t kNamespaceBytesMax = 4096;

std::string Variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

std::string WithoutSlash(std::string url) {
  while (url.ends_with('/')) url.pop_back();
  return url;
}

}  // namespace

PodSurroundings ReadPodSurroundings() {
  PodSurroundings surroundings;
  surroundings.host = Variable("KUBERNETES_SERVICE_HOST");
  surroundings.port = Variable("KUBERNETES_SERVICE_PORT");
  surroundings.node = Variable("NODE_NAME");
  return surroundings;
}

Result<ApiServer> InClusterServer(const PodSurroundings& surroundings) {
  if (surroundings.host.empty() || surroundings.port.empty()) {
    return Error{ErrorCode::kRetryable,
                 "not in a cluster: KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT must be "
                 "set, or api_server or kubeconfig_file be configured"};
  }
  HttpClientConfig config;
  config.authorization.emplace();
  config.authorization->credentials_file = surroundings.folder + "/token";
  config.tls.ca_file = surroundings.folder + "/ca.crt";
  ApiServer server;
  server.url = "https://" + HostPort(surroundings.host, surroundings.port);
  server.client = std::make_shared<const HttpClient>(std::move(config));
  server.identity = "in cluster";
  return server;
}

Result<std::string> OwnNamespace(const PodSurroundings& surroundings) {
  Result<std::string> text = ReadFile(surroundings.folder + "/namespace", kNamespaceBytesMax);
  if (!text.ok()) return text.error().WithContext("cannot read the namespace of this pod");
  const size_t end = text->find_last_not_of(" \t\r\n");
  text->resize(end == std::string::npos ? 0 : end + 1);
  if (text->empty()) return InvalidInput("the namespace of this pod is empty");
  return text;
}

ApiAccess::ApiAccess(KubernetesAccess access, PodSurroundings surroundings)
    : access_(std::move(access)), surroundings_(std::move(surroundings)) {}

Result<ApiServer> ApiAccess::Resolve() const {
  if (!access_.kubeconfig_file.empty()) return ReadKubeconfig(access_.kubeconfig_file);
  if (access_.api_server.empty()) return InClusterServer(surroundings_);
  return ApiServer{.url = WithoutSlash(access_.api_server), .client = access_.client};
}

Result<ApiServer> ApiAccess::Server() {
  if (is_current_) return server_;
  Result<ApiServer> server = Resolve();
  if (!server.ok()) return server;
  // Connections belong to a client: one that says the same as before stays.
  const bool is_same =
      !server_.url.empty() && server->url == server_.url && server->identity == server_.identity;
  if (!is_same) server_ = std::move(*server);
  is_current_ = true;
  return server_;
}

}  // namespace sluice::scrape
