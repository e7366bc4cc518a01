#include <algorithm>
#include <set>
#include <string>
#include <utility>

#include "agent/config/http_client_section.h"
#include "agent/config/specs/discovery_sections.h"

namespace sluice::agent {
namespace {

using enum FieldType;

constexpr std::string_view kKubernetesRoles = "node|pod|service|endpoints|endpointslice|ingress";

constexpr FieldSpec kNamespaceFields[] = {
    {kBool, "own_namespace"},
    {kTexts, "names"},
};
constexpr SectionSpec kNamespaces{.type = "kubernetes.plain", .fields = kNamespaceFields};

constexpr FieldSpec kAttachFields[] = {
    {kBool, "node"}, {kBool, "namespace"}, {kBool, "deployment"},
    {kBool, "job"},  {kBool, "cronjob"},
};
constexpr SectionSpec kAttach{.type = "kubernetes.AttachMetadataConfig", .fields = kAttachFields};

// The terms of a field selector are `name=value`, `name==value` or `name!=value`.
void CheckFieldSelector(const Fields& fields) {
  const std::string selector = TextOf(fields, "field");
  size_t begin = 0;
  while (begin < selector.size()) {
    size_t end = begin;
    while (end < selector.size() && selector[end] != ',') end += selector[end] == '\\' ? 2U : 1U;
    end = std::min(end, selector.size());
    const std::string term = selector.substr(begin, end - begin);
    if (!term.empty() && term.find('=') == std::string::npos) {
      FailAt(fields, "field",
             "invalid selector: '" + selector + "'; can't understand '" + term + "'");
    }
    begin = end + 1;
  }
}

constexpr FieldSpec kSelectorFields[] = {
    {.type = kText,
     .name = "role",
     .choices = kKubernetesRoles,
     .refusal = "unknown Kubernetes SD role %q"},
    {kText, "label"},
    {kText, "field"},
};
constexpr SectionSpec kSelector{
    .type = "kubernetes.SelectorConfig", .fields = kSelectorFields, .check = &CheckFieldSelector};

constexpr FieldSpec kKubernetesFields[] = {
    {.type = kText,
     .name = "role",
     .missing = "role missing (one of: pod, service, endpoints, endpointslice, node, ingress)",
     .choices = kKubernetesRoles,
     .refusal = "unknown Kubernetes SD role %q"},
    {kUrl, "api_server"},
    {kText, "kubeconfig_file"},
    {.type = kSection, .name = "namespaces", .section = &kNamespaces},
    {.type = kSections, .name = "selectors", .section = &kSelector},
    {.type = kSection, .name = "attach_metadata", .section = &kAttach},
    {kBool, "node_local"},  // not of Prometheus
};

constexpr std::pair<std::string_view, std::string_view> kSelectorRoles[] = {
    {"pod", "pod, node"},
    {"service", "service"},
    {"endpoints", "pod, service, endpoints"},
    {"endpointslice", "pod, service, endpointslice"},
    {"node", "node"},
    {"ingress", "ingress"},
};

bool IsListed(std::string_view name, std::string_view list) {
  while (true) {
    const size_t comma = list.find(", ");
    if (name == list.substr(0, comma)) return true;
    if (comma == std::string_view::npos) return false;
    list.remove_prefix(comma + 2);
  }
}

void CheckSelectors(const Fields& fields) {
  const auto selectors = fields.Find("selectors");
  if (!selectors) return;
  const std::string role = TextOf(fields, "role");
  const auto* const allowed = std::find_if(std::begin(kSelectorRoles), std::end(kSelectorRoles),
                                           [&](const auto& entry) { return entry.first == role; });
  if (allowed == std::end(kSelectorRoles)) return;
  std::set<std::string> seen;
  for (const Value& selector : selectors->Items("[]kubernetes.SelectorConfig")) {
    const Fields parts(selector, kSelector.type, {NamesOf(kSelectorFields)});
    const std::string selected = TextOf(parts, "role");
    if (!seen.insert(selected).second) selector.Fail("duplicated selector role: " + selected);
    if (!IsListed(selected, allowed->second)) {
      selector.Fail(role + " role supports only " + std::string(allowed->second) + " selectors");
    }
  }
}

// Services and ingresses are on no node.
void CheckNodeLocal(const Fields& fields) {
  bool node_local = false;
  fields.Read("node_local", node_local);
  const std::string role = TextOf(fields, "role");
  if (node_local && (role == "service" || role == "ingress")) {
    FailAt(fields, "node_local", "node_local does not work with the role " + role);
  }
}

void CheckKubernetes(const Fields& fields) {
  const bool has_server = !TextOf(fields, "api_server").empty();
  const bool has_file = !TextOf(fields, "kubeconfig_file").empty();
  const bool has_client = HasHttpClientSettings(fields);
  bool own_namespace = false;
  if (const auto namespaces = fields.Find("namespaces")) {
    Fields(*namespaces, kNamespaces.type, {NamesOf(kNamespaceFields)})
        .Read("own_namespace", own_namespace);
  }
  const Value& map = fields.map();
  if (has_server && has_file) {
    map.Fail("cannot use 'kubeconfig_file' and 'api_server' simultaneously");
  }
  if (has_file && has_client) {
    map.Fail("cannot use a custom HTTP client configuration together with 'kubeconfig_file'");
  }
  if (!has_server && has_client) {
    map.Fail(
        "to use custom HTTP client configuration please provide the 'api_server' URL explicitly");
  }
  if (has_server && own_namespace) {
    map.Fail("cannot use 'api_server' and 'namespaces.own_namespace' simultaneously");
  }
  if (has_file && own_namespace) {
    map.Fail("cannot use 'kubeconfig_file' and 'namespaces.own_namespace' simultaneously");
  }
  CheckNodeLocal(fields);
  CheckSelectors(fields);
}

constexpr FieldSpec kFilterFields[] = {{kText, "name"}, {kTexts, "values"}};
constexpr SectionSpec kFilter{.type = "moby.Filter", .fields = kFilterFields};

constexpr FieldSpec kDockerFields[] = {
    {.type = kUrl, .name = "host", .missing = "host missing"},
    {kInt, "port"},
    {kText, "host_networking_host"},
    {kBool, "match_first_network"},
    {.type = kSections, .name = "filters", .section = &kFilter},
    {kDuration, "refresh_interval"},
};

constexpr FieldSpec kDockerSwarmFields[] = {
    {.type = kUrl, .name = "host", .missing = "host missing"},
    {.type = kText,
     .name = "role",
     .missing = "role missing (one of: tasks, services, nodes)",
     .choices = "tasks|services|nodes",
     .refusal = "invalid role %s, expected tasks, services, or nodes"},
    {kInt, "port"},
    {.type = kSections, .name = "filters", .section = &kFilter},
    {kDuration, "refresh_interval"},
};

constexpr FieldSpec kMarathonFields[] = {
    {.type = kTexts,
     .name = "servers",
     .missing = "marathon_sd: must contain at least one Marathon server"},
    {kSecret, "auth_token"},
    {kText, "auth_token_file"},
    {kDuration, "refresh_interval"},
};

void CheckMarathon(const Fields& fields) {
  const bool has_token = !TextOf(fields, "auth_token").empty();
  const bool has_file = !TextOf(fields, "auth_token_file").empty();
  const Value& map = fields.map();
  if (has_token && has_file) {
    map.Fail("marathon_sd: at most one of auth_token & auth_token_file must be configured");
  }
  if (!has_token && !has_file) return;
  if (const auto basic = fields.Find("basic_auth"); basic && !basic->is_null()) {
    map.Fail(
        "marathon_sd: at most one of basic_auth, auth_token & auth_token_file must be configured");
  }
  if (!TextOf(fields, "bearer_token").empty() || !TextOf(fields, "bearer_token_file").empty()) {
    map.Fail(
        "marathon_sd: at most one of bearer_token, bearer_token_file, auth_token & "
        "auth_token_file must be configured");
  }
  if (const auto other = fields.Find("authorization"); other && !other->is_null()) {
    map.Fail(
        "marathon_sd: at most one of auth_token, auth_token_file & authorization must be "
        "configured");
  }
}

constexpr FieldSpec kNomadFields[] = {
    {.type = kText,
     .name = "server",
     .missing = "nomad SD configuration requires a server address",
     .fallback = "http://localhost:4646"},
    {kText, "namespace"},
    {kText, "region"},
    {kBool, "allow_stale"},
    {kText, "tag_separator"},
    {kDuration, "refresh_interval"},
};

}  // namespace

constexpr SectionSpec kDockerSpec{
    .type = "moby.plain", .fields = kDockerFields, .has_http_client = true};
constexpr SectionSpec kDockerSwarmSpec{
    .type = "moby.plain", .fields = kDockerSwarmFields, .has_http_client = true};
constexpr SectionSpec kKubernetesSpec{.type = "kubernetes.plain",
                                      .fields = kKubernetesFields,
                                      .has_http_client = true,
                                      .check = &CheckKubernetes};
constexpr SectionSpec kMarathonSpec{.type = "marathon.plain",
                                    .fields = kMarathonFields,
                                    .has_http_client = true,
                                    .check = &CheckMarathon};
constexpr SectionSpec kNomadSpec{
    .type = "nomad.plain", .fields = kNomadFields, .has_http_client = true};

}  // namespace sluice::agent
