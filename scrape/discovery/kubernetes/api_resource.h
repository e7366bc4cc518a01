// What is asked of the Kubernetes API: which objects, by which URL. Pure.
#pragma once

#include <string>
#include <string_view>

#include "scrape/discovery/url_query.h"

namespace sluice::scrape {

enum class ApiKind {
  kNode,
  kPod,
  kService,
  kEndpoints,
  kEndpointSlice,
  kIngress,
  kNamespace,
  kReplicaSet,
  kJob,
};

// As configuration files and metrics name it: "endpointslice".
std::string_view ApiKindName(ApiKind kind);

// All objects of a kind that a list or a watch is for.
struct ApiResource {
  ApiKind kind = ApiKind::kPod;
  std::string ns = {};  // empty: all namespaces
  std::string label_selector = {};
  std::string field_selector = {};
  // When not empty: of endpoints, only the addresses on this node are kept.
  std::string node = {};

  // Equal exactly when two are the same, also as a part of a longer text.
  std::string Identity() const;

  // As roles of the API server name it: "apps", or nothing for the core of the API; "replicasets".
  std::string_view Group() const;
  std::string_view Plural() const;

  // "/api/v1/namespaces/x/pods".
  std::string Path() const;

  // What narrows the objects down.
  void AddSelectors(UrlQuery& query) const;

  // The types to ask for: of what is only looked at for its metadata, no more than that.
  std::string Accept(bool is_list) const;
};

// "a" and "b" -> "a,b": both must hold. Either may be empty.
std::string BothSelectors(const std::string& a, const std::string& b);

}  // namespace sluice::scrape
