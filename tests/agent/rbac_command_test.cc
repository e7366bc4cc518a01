#include "agent/rbac_command.h"

#include <fstream>
#include <sstream>

#include <catch2/catch.hpp>

#include "tests/support/temp_dir.h"

namespace sluice::agent {
namespace {

struct Fixture {
  int Run(const std::string& jobs) {
    out.str("");
    err.str("");
    std::ofstream(dir.File("c.yml")) << "scrape_configs:\n" << jobs;
    RbacRequest request;
    request.config_file = dir.File("c.yml");
    return RunRbacCommand(
        request, [](std::string_view) { return std::nullopt; }, out, err);
  }

  size_t Count(const std::string& text) const {
    size_t count = 0;
    for (size_t at = 0; (at = out.str().find(text, at)) != std::string::npos; ++at) ++count;
    return count;
  }

  bool Printed(const std::string& text) const { return Count(text) == 1; }

  test::TempDir dir;
  std::ostringstream out;
  std::ostringstream err;
};

TEST_CASE_METHOD(Fixture, "a discovery needs to list and watch what its role is made of",
                 "[agent]") {
  REQUIRE(Run("  - {job_name: a, kubernetes_sd_configs: [{role: endpointslice, "
              "attach_metadata: {node: true, deployment: true}}, {role: ingress}]}\n") == 0);
  INFO(out.str());
  CHECK(Count("kind: ClusterRole\n") == 2);  // once in the binding
  CHECK(
      Printed("  - apiGroups: [\"\"]\n    resources: [\"nodes\",\"pods\",\"services\"]\n"
              "    verbs: [\"list\",\"watch\"]\n"));
  CHECK(Printed("apiGroups: [\"discovery.k8s.io\"]\n    resources: [\"endpointslices\"]"));
  CHECK(Printed("apiGroups: [\"apps\"]\n    resources: [\"replicasets\"]"));
  CHECK(Printed("apiGroups: [\"networking.k8s.io\"]\n    resources: [\"ingresses\"]"));
  CHECK(Count("apiGroups: ") == 4);
  CHECK(
      Printed("subjects:\n  - kind: ServiceAccount\n    name: \"sluice\"\n"
              "    namespace: \"monitoring\"\n"));
  CHECK(Count("get") == 0);
}

TEST_CASE_METHOD(Fixture,
                 "what is asked of some namespaces needs a role in each, not in the cluster",
                 "[agent]") {
  REQUIRE(Run("  - {job_name: a, kubernetes_sd_configs: [{role: pod, attach_metadata: "
              "{namespace: true}, namespaces: {own_namespace: true, names: [x]}}]}\n") == 0);
  INFO(out.str());
  CHECK(Count("kind: Role\n") == 4);  // two of them in the bindings
  CHECK(Printed("metadata:\n  name: \"sluice\"\n  namespace: \"x\"\nrules:"));
  CHECK(Printed("metadata:\n  name: \"sluice\"\n  namespace: \"monitoring\"\nrules:"));
  // Namespaces themselves are in none.
  CHECK(Printed("resources: [\"namespaces\"]\n    resourceNames: [\"x\"]"));
  CHECK(Printed("resources: [\"namespaces\"]\n    resourceNames: [\"monitoring\"]"));
  SECTION("unless another job needs it in the whole cluster") {
    REQUIRE(
        Run("  - {job_name: a, kubernetes_sd_configs: [{role: pod, namespaces: {names: [x]}}]}\n"
            "  - {job_name: b, kubernetes_sd_configs: [{role: pod}]}\n") == 0);
    CHECK(Count("kind: Role\n") == 0);
    CHECK(Printed("resources: [\"pods\"]"));
  }
}

TEST_CASE_METHOD(Fixture, "scraping components of the cluster needs the right to do so",
                 "[agent]") {
  REQUIRE(Run("  - {job_name: a, scheme: https, kubernetes_sd_configs: [{role: node}]}\n") == 0);
  INFO(out.str());
  CHECK(Printed("resources: [\"nodes/metrics\"]\n    verbs: [\"get\"]"));
  REQUIRE(
      Run("  - {job_name: a, scheme: https, kubernetes_sd_configs: [{role: node}],\n"
          "     relabel_configs: [{source_labels: [__meta_kubernetes_node_name], "
          "target_label: __metrics_path__, replacement: '/api/v1/nodes/$1/proxy/metrics'}]}\n") ==
      0);
  CHECK(Printed("resources: [\"nodes/proxy\"]\n    verbs: [\"get\"]"));
  REQUIRE(Run("  - {job_name: a, scheme: https, kubernetes_sd_configs: [{role: endpoints}]}\n") ==
          0);
  CHECK(Printed("nonResourceURLs: [\"/metrics\"]\n    verbs: [\"get\"]"));
  REQUIRE(Run("  - {job_name: a, kubernetes_sd_configs: [{role: node}]}\n") == 0);
  CHECK(Count("get") == 0);
}

TEST_CASE_METHOD(Fixture, "without a discovery in the cluster no rights are needed", "[agent]") {
  REQUIRE(Run("  - {job_name: a, static_configs: [{targets: ['b:1']}]}\n") == 0);
  CHECK(out.str().find("# It needs no rights") == 0);
  CHECK(Count("kind:") == 0);
  REQUIRE(Run("  - {job_name: far, kubernetes_sd_configs: [{role: pod, api_server: "
              "'https://elsewhere'}]}\n") == 0);
  CHECK(Count("kind:") == 0);
  CHECK(err.str().find("job far has credentials of its own") != std::string::npos);
  CHECK(Run("  - {}\n") == 1);
  CHECK(err.str().find("c.yml:2") != std::string::npos);
}

}  // namespace
}  // namespace sluice::agent
