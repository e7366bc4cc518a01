#include "agent/rbac_command.h"

#include <ostream>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "agent/rbac.h"

namespace sluice::agent {
namespace {

// JSON is YAML: whatever is in a name, it is quoted.
std::string Quoted(const nlohmann::json& value) {
  return value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

class Printer {
 public:
  Printer(const RbacRequest& request, std::ostream& out) : request_(request), out_(out) {}

  void Print(const AccessNeeds& needs) {
    const auto of_cluster = needs.rules.find("");
    if (of_cluster != needs.rules.end() || !needs.urls.empty()) {
      BeginRole("ClusterRole", "");
      if (of_cluster != needs.rules.end()) PrintRules(of_cluster->second);
      if (!needs.urls.empty()) {
        out_ << "  - nonResourceURLs: " << Quoted(needs.urls) << "\n    verbs: [\"get\"]\n";
      }
      PrintBinding("ClusterRole", "");
    }
    for (const auto& [ns, rules] : needs.rules) {
      if (ns.empty()) continue;
      BeginRole("Role", ns);
      PrintRules(rules);
      PrintBinding("Role", ns);
    }
  }

 private:
  void BeginObject(std::string_view kind, const std::string& ns) {
    if (!is_first_) out_ << "---\n";
    is_first_ = false;
    out_ << "apiVersion: rbac.authorization.k8s.io/v1\nkind: " << kind
         << "\nmetadata:\n  name: " << Quoted(request_.name) << "\n";
    if (!ns.empty()) out_ << "  namespace: " << Quoted(ns) << "\n";
  }

  void BeginRole(std::string_view kind, const std::string& ns) {
    BeginObject(kind, ns);
    out_ << "rules:\n";
  }

  // Kinds of objects that the same holds for are one rule.
  void PrintRules(const std::set<AccessRule>& rules) {
    for (auto rule = rules.begin(); rule != rules.end();) {
      std::vector<std::string> resources;
      const AccessRule& first = *rule;
      while (rule != rules.end() && rule->group == first.group && rule->verbs == first.verbs &&
             rule->only == first.only) {
        resources.push_back(rule++->resource);
      }
      out_ << "  - apiGroups: [" << Quoted(first.group) << "]\n    resources: " << Quoted(resources)
           << "\n";
      if (!first.only.empty()) out_ << "    resourceNames: [" << Quoted(first.only) << "]\n";
      out_ << "    verbs: " << Quoted(first.verbs) << "\n";
    }
  }

  void PrintBinding(const std::string& kind, const std::string& ns) {
    BeginObject(kind + "Binding", ns);
    out_ << "roleRef:\n  apiGroup: rbac.authorization.k8s.io\n  kind: " << kind
         << "\n  name: " << Quoted(request_.name) << "\nsubjects:\n  - kind: ServiceAccount\n"
         << "    name: " << Quoted(request_.name) << "\n    namespace: " << Quoted(request_.ns)
         << "\n";
  }

  const RbacRequest& request_;
  std::ostream& out_;
  bool is_first_ = true;
};

}  // namespace

int RunRbacCommand(const RbacRequest& request, const Environment& environment, std::ostream& out,
                   std::ostream& err) {
  const Result<Config> config = LoadConfig(request.config_file, environment);
  if (!config.ok()) {
    err << "sluice: " << config.error().message << "\n";
    return 1;
  }
  const AccessNeeds needs = AccessNeedsOf(config->jobs, request.ns);
  if (needs.rules.empty() && needs.urls.empty()) {
    out << "# It needs no rights: no job asks the API server of the cluster that it runs in.\n";
  }
  for (const std::string& job : needs.jobs_with_own_access) {
    err << "sluice: job " << job
        << " has credentials of its own for the API server; what they need is not printed\n";
  }
  Printer(request, out).Print(needs);
  return 0;
}

}  // namespace sluice::agent
