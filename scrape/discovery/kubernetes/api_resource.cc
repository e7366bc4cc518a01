#include "scrape/discovery/kubernetes/api_resource.h"

#include <array>

namespace sluice::scrape {
namespace {

struct KindFacts {
  ApiKind kind;
  std::string_view name;
  std::string_view group;
  std::string_view plural;
  bool is_namespaced;
  bool metadata_is_enough;
};

constexpr std::array<KindFacts, 9> kKinds = {{
    {ApiKind::kNode, "node", "/api/v1", "nodes", false, false},
    {ApiKind::kPod, "pod", "/api/v1", "pods", true, false},
    {ApiKind::kService, "service", "/api/v1", "services", true, false},
    {ApiKind::kEndpoints, "endpoints", "/api/v1", "endpoints", true, false},
    {ApiKind::kEndpointSlice, "endpointslice", "/apis/discovery.k8s.io/v1", "endpointslices", true,
     false},
    {ApiKind::kIngress, "ingress", "/apis/networking.k8s.io/v1", "ingresses", true, false},
    {ApiKind::kNamespace, "namespace", "/api/v1", "namespaces", false, true},
    {ApiKind::kReplicaSet, "replicaset", "/apis/apps/v1", "replicasets", true, true},
    {ApiKind::kJob, "job", "/apis/batch/v1", "jobs", true, true},
}};

const KindFacts& FactsOf(ApiKind kind) { return kKinds[static_cast<size_t>(kind)]; }

std::string Counted(const std::string& text) { return std::to_string(text.size()) + ":" + text; }

}  // namespace

std::string_view ApiKindName(ApiKind kind) { return FactsOf(kind).name; }

std::string ApiResource::Identity() const {
  return std::string(ApiKindName(kind)) + " " + Counted(ns) + Counted(label_selector) +
         Counted(field_selector) + Counted(node);
}

std::string_view ApiResource::Group() const {
  constexpr std::string_view kGroups = "/apis/";
  std::string_view group = FactsOf(kind).group;
  if (group.substr(0, kGroups.size()) != kGroups) return "";
  group.remove_prefix(kGroups.size());
  return group.substr(0, group.find('/'));
}

std::string_view ApiResource::Plural() const { return FactsOf(kind).plural; }

std::string ApiResource::Path() const {
  const KindFacts& facts = FactsOf(kind);
  std::string path(facts.group);
  if (facts.is_namespaced && !ns.empty()) path += "/namespaces/" + EscapedPathSegment(ns);
  return path.append("/").append(facts.plural);
}

void ApiResource::AddSelectors(UrlQuery& query) const {
  if (!label_selector.empty()) query.Add("labelSelector", label_selector);
  if (!field_selector.empty()) query.Add("fieldSelector", field_selector);
}

std::string ApiResource::Accept(bool is_list) const {
  if (!FactsOf(kind).metadata_is_enough) return "application/json";
  const std::string type = is_list ? "PartialObjectMetadataList" : "PartialObjectMetadata";
  return "application/json;as=" + type + ";g=meta.k8s.io;v=v1,application/json";
}

std::string BothSelectors(const std::string& a, const std::string& b) {
  return a.empty() || b.empty() ? a + b : a + "," + b;
}

}  // namespace sluice::scrape
