#include "agent/rbac.h"

#include <algorithm>
#include <string_view>
#include <utility>
#include <variant>

#include "scrape/discovery/kubernetes/kubernetes_discovery.h"

namespace sluice::agent {
namespace {

using scrape::ApiResource;
using scrape::KubernetesSdConfig;

constexpr std::string_view kOnlyName = "metadata.name=";

// Nodes have their metrics at their kubelet, or behind the API server, which hands on requests to
// ".../nodes/NAME/proxy/metrics".
bool GoesThroughApiServer(const scrape::JobConfig& job) {
  const auto& rules = job.relabel.rules();
  return std::any_of(rules.begin(), rules.end(), [](const relabel::Rule& rule) {
    return rule.replacement.find("/proxy/") != std::string::npos;
  });
}

// kubelets call the paths of their metrics nodes/metrics.
bool IsOfKubeletMetrics(const std::string& path) {
  return path == "/metrics" || path.compare(0, 9, "/metrics/") == 0;
}

class Needs {
 public:
  explicit Needs(const std::string& own_namespace) : own_namespace_(own_namespace) {}

  void Add(const scrape::JobConfig& job) {
    for (const scrape::DiscoveryConfig& discovery : job.discoveries) {
      const auto* kubernetes = std::get_if<KubernetesSdConfig>(&discovery.mechanism);
      if (kubernetes == nullptr) continue;
      AddScrape(job, *kubernetes);
      if (!kubernetes->access.api_server.empty() || !kubernetes->access.kubeconfig_file.empty()) {
        needs_.jobs_with_own_access.push_back(job.name);
        continue;
      }
      AddDiscovery(*kubernetes);
    }
  }

  AccessNeeds Take() {
    // What holds for the cluster need not be said again.
    const std::set<AccessRule> everywhere = needs_.rules[""];
    for (auto& [ns, rules] : needs_.rules) {
      for (auto rule = rules.begin(); rule != rules.end();) {
        AccessRule of_all = *rule;
        of_all.only.clear();
        const bool is_more = ns.empty() && rule->only.empty();
        rule = !is_more && everywhere.count(of_all) > 0 ? rules.erase(rule) : std::next(rule);
      }
    }
    for (auto each = needs_.rules.begin(); each != needs_.rules.end();) {
      each = each->second.empty() ? needs_.rules.erase(each) : std::next(each);
    }
    return std::move(needs_);
  }

 private:
  void AddDiscovery(KubernetesSdConfig config) {
    // As the discovery itself does, once it knows where it runs.
    if (config.own_namespace) config.namespaces.push_back(own_namespace_);
    for (const ApiResource& resource : scrape::ResourcesOf(config)) {
      AccessRule rule{.group = std::string(resource.Group()),
                      .resource = std::string(resource.Plural()),
                      .only = {},
                      .verbs = {"list", "watch"}};
      const bool has_one_name =
          resource.kind == scrape::ApiKind::kNamespace &&
          resource.field_selector.compare(0, kOnlyName.size(), kOnlyName) == 0 &&
          resource.field_selector.find(',') == std::string::npos;
      if (has_one_name) rule.only = resource.field_selector.substr(kOnlyName.size());
      needs_.rules[resource.ns].insert(std::move(rule));
    }
  }

  void AddScrape(const scrape::JobConfig& job, const KubernetesSdConfig& config) {
    if (job.scheme != "https") return;
    if (config.role != scrape::KubernetesRole::kNode) {
      needs_.urls.insert(job.metrics_path);
      return;
    }
    const bool is_proxied = GoesThroughApiServer(job) || !IsOfKubeletMetrics(job.metrics_path);
    needs_.rules[""].insert({.group = {},
                             .resource = is_proxied ? "nodes/proxy" : "nodes/metrics",
                             .only = {},
                             .verbs = {"get"}});
  }

  const std::string own_namespace_;
  AccessNeeds needs_;
};

}  // namespace

AccessNeeds AccessNeedsOf(const std::vector<scrape::JobConfig>& jobs,
                          const std::string& own_namespace) {
  Needs needs(own_namespace);
  for (const scrape::JobConfig& job : jobs) needs.Add(job);
  return needs.Take();
}

}  // namespace sluice::agent
