#include "agent/config/discovery/kubernetes_section.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>

#include "agent/config/canonical.h"
#include "agent/config/http_client_section.h"
#include "agent/config/target_sources.h"
#include "scrape/discovery/kubernetes/object_groups.h"

namespace sluice::agent {
namespace {

using scrape::ApiKind;
using scrape::KubernetesRole;

constexpr std::array<std::string_view, 7> kFields = {"role",       "api_server", "kubeconfig_file",
                                                     "namespaces", "selectors",  "attach_metadata",
                                                     "node_local"};
// Those that do not change how the API server is reached.
constexpr std::array<std::string_view, 5> kOtherFields = {"role", "namespaces", "selectors",
                                                          "attach_metadata", "node_local"};
constexpr std::array<std::string_view, 2> kNamespaceFields = {"own_namespace", "names"};
constexpr std::array<std::string_view, 3> kSelectorFields = {"role", "label", "field"};
constexpr std::array<std::string_view, 5> kAttachFields = {"node", "namespace", "deployment", "job",
                                                           "cronjob"};

struct RoleName {
  std::string_view name;
  KubernetesRole role;
};

constexpr std::array<RoleName, 6> kRoles = {{{"node", KubernetesRole::kNode},
                                             {"pod", KubernetesRole::kPod},
                                             {"service", KubernetesRole::kService},
                                             {"endpoints", KubernetesRole::kEndpoints},
                                             {"endpointslice", KubernetesRole::kEndpointSlice},
                                             {"ingress", KubernetesRole::kIngress}}};

KubernetesRole DecodeRole(const Fields& fields) {
  std::string text;
  fields.Read("role", text);
  const auto* const found = std::find_if(kRoles.begin(), kRoles.end(),
                                         [&](const RoleName& role) { return role.name == text; });
  // Any other has been refused.
  return found == kRoles.end() ? KubernetesRole::kPod : found->role;
}

void DecodeNamespaces(const Value& value, scrape::KubernetesSdConfig& config) {
  const Fields fields(value, "kubernetes.plain", {kNamespaceFields});
  fields.Read("own_namespace", config.own_namespace);
  if (const auto names = fields.Find("names")) config.namespaces = names->Texts();
  // In any order, each once.
  std::sort(config.namespaces.begin(), config.namespaces.end());
  config.namespaces.erase(std::unique(config.namespaces.begin(), config.namespaces.end()),
                          config.namespaces.end());
}

void DecodeSelectors(const Value& list, scrape::KubernetesSdConfig& config) {
  for (const Value& item : list.Items("[]kubernetes.SelectorConfig")) {
    const Fields fields(item, "kubernetes.SelectorConfig", {kSelectorFields});
    scrape::KubernetesSelector& selector = config.selectors[KindOf(DecodeRole(fields))];
    fields.Read("label", selector.label);
    fields.Read("field", selector.field);
  }
}

void DecodeAttachMetadata(const Value& value, scrape::KubernetesSdConfig& config) {
  const Fields fields(value, "kubernetes.AttachMetadataConfig", {kAttachFields});
  fields.Read("node", config.attach_node);
  fields.Read("namespace", config.attach_namespace);
  fields.Read("deployment", config.attach_deployment);
  fields.Read("job", config.attach_job);
  fields.Read("cronjob", config.attach_cronjob);
}

scrape::KubernetesAccess DecodeAccess(const Fields& fields) {
  const Value& map = fields.map();
  const std::string& file = map.decoder().file();
  scrape::KubernetesAccess access;
  access.identity = std::filesystem::path(file).parent_path().string() + " " +
                    CanonicalText(map.node(), kOtherFields);
  fields.Read("api_server", access.api_server);
  fields.Read("kubeconfig_file", access.kubeconfig_file);
  if (!access.kubeconfig_file.empty()) {
    access.kubeconfig_file = ResolvePath(access.kubeconfig_file, file);
  }
  access.client = DecodeHttpClient(fields, /*enable_http2=*/true);
  return access;
}

}  // namespace

scrape::KubernetesSdConfig DecodeKubernetesSd(const Value& value) {
  scrape::KubernetesSdConfig config;
  const Fields fields(value, "kubernetes.plain", {kFields, HttpClientFields()});
  config.role = DecodeRole(fields);
  config.access = DecodeAccess(fields);
  fields.Read("node_local", config.node_local);
  if (const auto namespaces = fields.Find("namespaces")) DecodeNamespaces(*namespaces, config);
  if (const auto selectors = fields.Find("selectors")) DecodeSelectors(*selectors, config);
  if (const auto attach = fields.Find("attach_metadata")) DecodeAttachMetadata(*attach, config);
  return config;
}

}  // namespace sluice::agent
