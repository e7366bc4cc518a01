#include <map>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "base/json.h"
#include "scrape/discovery/kubernetes/api_object.h"
#include "scrape/discovery/kubernetes/object_groups.h"

namespace sluice::scrape {
namespace {

using relabel::Labels;

// Objects as they are kept: without what no label is made of.
class Objects final : public ObjectLookup {
 public:
  void Add(ApiKind kind, const std::string& text, const std::string& node = "") {
    ApiResource resource;
    resource.kind = kind;
    resource.node = node;
    const auto json = JsonDocument::Parse(text);
    REQUIRE(json.ok());
    const Result<ApiObject> object = ReadApiObject(resource, (*json)->root());
    REQUIRE(object.ok());
    if (object->is_wanted) texts_[{kind, object->key}] = object->text;
  }

  JsonView Find(ApiKind kind, const std::string& key) override {
    const auto found = texts_.find({kind, key});
    if (found == texts_.end()) return {};
    auto json = JsonDocument::Parse(found->second);
    REQUIRE(json.ok());
    documents_.push_back(std::move(*json));
    return documents_.back()->root();
  }

  std::string Text(ApiKind kind, const std::string& key) const { return texts_.at({kind, key}); }

  TargetGroup Group(const KubernetesSdConfig& config, const std::string& key) {
    TargetGroup group = BuildGroup(config, key, Find(KindOf(config.role), key), *this);
    for (const auto& document : documents_) CHECK_FALSE(document->TakeMismatch().has_value());
    return group;
  }

 private:
  std::map<std::pair<ApiKind, std::string>, std::string> texts_;
  std::vector<std::unique_ptr<JsonDocument>> documents_;
};

KubernetesSdConfig Role(KubernetesRole role) {
  KubernetesSdConfig config;
  config.role = role;
  return config;
}

constexpr const char* kNode = R"({
  "metadata": {"name": "n1", "uid": "x", "resourceVersion": "5", "managedFields": [{"a": 1}],
               "labels": {"kubernetes.io/os": "linux", "empty": ""},
               "annotations": {"a/b": "c"}},
  "spec": {"providerID": "aws:///i-1", "podCIDR": "10.0.0.0/24"},
  "status": {"addresses": [{"type": "Hostname", "address": "h1"},
                           {"type": "InternalIP", "address": "192.0.2.1"},
                           {"type": "InternalIP", "address": "2001:db8::1"}],
             "conditions": [{"type": "Ready", "status": "True", "lastHeartbeatTime": "now"},
                            {"type": "DiskPressure", "status": "Unknown"}],
             "daemonEndpoints": {"kubeletEndpoint": {"Port": 10250}},
             "images": [{"names": ["big"]}]}})";

constexpr const char* kPod = R"({
  "metadata": {"name": "p1", "namespace": "ns", "uid": "u-1",
               "labels": {"app.kubernetes.io/name": "web"}, "annotations": {"note": "yes"},
               "ownerReferences": [{"kind": "Other", "name": "o"},
                                   {"kind": "ReplicaSet", "name": "rs1", "controller": true}]},
  "spec": {"nodeName": "n1",
           "containers": [{"name": "c1", "image": "i:1", "env": [{"name": "SECRET"}],
                           "ports": [{"name": "http", "containerPort": 80, "protocol": "TCP"},
                                     {"containerPort": 81, "protocol": "UDP"}]},
                          {"name": "c2", "image": "i:2"}],
           "initContainers": [{"name": "init", "image": "i:3",
                               "ports": [{"name": "adm", "containerPort": 90,
                                          "protocol": "TCP"}]}]},
  "status": {"phase": "Running", "podIP": "10.0.0.1", "hostIP": "192.0.2.1",
             "conditions": [{"type": "Ready", "status": "True"}],
             "containerStatuses": [{"name": "c1", "containerID": "docker://1", "ready": true}],
             "initContainerStatuses": [{"name": "init", "containerID": "docker://3"}]}})";

Labels PodLabels() {
  return {{"__meta_kubernetes_namespace", "ns"},
          {"__meta_kubernetes_pod_annotation_note", "yes"},
          {"__meta_kubernetes_pod_annotationpresent_note", "true"},
          {"__meta_kubernetes_pod_controller_kind", "ReplicaSet"},
          {"__meta_kubernetes_pod_controller_name", "rs1"},
          {"__meta_kubernetes_pod_host_ip", "192.0.2.1"},
          {"__meta_kubernetes_pod_ip", "10.0.0.1"},
          {"__meta_kubernetes_pod_label_app_kubernetes_io_name", "web"},
          {"__meta_kubernetes_pod_labelpresent_app_kubernetes_io_name", "true"},
          {"__meta_kubernetes_pod_name", "p1"},
          {"__meta_kubernetes_pod_node_name", "n1"},
          {"__meta_kubernetes_pod_phase", "Running"},
          {"__meta_kubernetes_pod_ready", "true"},
          {"__meta_kubernetes_pod_uid", "u-1"}};
}

Labels Plus(const Labels& base, const Labels& more) {
  std::vector<relabel::Label> labels(base.begin(), base.end());
  labels.insert(labels.end(), more.begin(), more.end());
  return Labels::From(std::move(labels));
}

Labels Container(const std::string& address, const std::string& name, const std::string& image,
                 const std::string& init) {
  return {{"__address__", address},
          {"__meta_kubernetes_pod_container_name", name},
          {"__meta_kubernetes_pod_container_image", image},
          {"__meta_kubernetes_pod_container_init", init}};
}

Labels Port(const std::string& number, const std::string& name, const std::string& protocol) {
  return {{"__meta_kubernetes_pod_container_port_number", number},
          {"__meta_kubernetes_pod_container_port_name", name},
          {"__meta_kubernetes_pod_container_port_protocol", protocol}};
}

TEST_CASE("objects are kept without what no label is made of", "[kubernetes_sd]") {
  Objects objects;
  objects.Add(ApiKind::kPod, kPod);
  const std::string text = objects.Text(ApiKind::kPod, "ns/p1");
  CHECK_THAT(text, Catch::Contains("docker://1") && Catch::Contains("app.kubernetes.io/name"));
  CHECK_THAT(text, !Catch::Contains("SECRET"));
  objects.Add(ApiKind::kNode, kNode);
  const std::string node = objects.Text(ApiKind::kNode, "n1");
  CHECK_THAT(node, !Catch::Contains("managedFields") && !Catch::Contains("Heartbeat") &&
                       !Catch::Contains("images") && !Catch::Contains("podCIDR"));
  const auto nameless = JsonDocument::Parse(R"({"metadata": {}})");
  CHECK_FALSE(ReadApiObject({}, (*nameless)->root()).ok());
}

TEST_CASE("a node becomes the target of its kubelet", "[kubernetes_sd]") {
  Objects objects;
  objects.Add(ApiKind::kNode, kNode);
  const TargetGroup group = objects.Group(Role(KubernetesRole::kNode), "n1");
  CHECK(group.source == "node/n1");
  CHECK(group.labels == Labels{{"__meta_kubernetes_node_name", "n1"},
                               {"__meta_kubernetes_node_provider_id", "aws:///i-1"},
                               {"__meta_kubernetes_node_condition_ready", "true"},
                               {"__meta_kubernetes_node_condition_diskpressure", "unknown"},
                               {"__meta_kubernetes_node_label_kubernetes_io_os", "linux"},
                               {"__meta_kubernetes_node_labelpresent_kubernetes_io_os", "true"},
                               {"__meta_kubernetes_node_labelpresent_empty", "true"},
                               {"__meta_kubernetes_node_annotation_a_b", "c"},
                               {"__meta_kubernetes_node_annotationpresent_a_b", "true"}});
  CHECK(group.targets ==
        std::vector{Labels{{"__address__", "192.0.2.1:10250"},
                           {"instance", "n1"},
                           {"__meta_kubernetes_node_address_InternalIP", "192.0.2.1"},
                           {"__meta_kubernetes_node_address_Hostname", "h1"}}});
}

TEST_CASE("a node without an address has no target", "[kubernetes_sd]") {
  Objects objects;
  objects.Add(ApiKind::kNode, R"({"metadata": {"name": "n"}, "status": {"addresses": null}})");
  CHECK(objects.Group(Role(KubernetesRole::kNode), "n").targets.empty());
}

TEST_CASE("a pod becomes a target for each port of its containers", "[kubernetes_sd]") {
  Objects objects;
  objects.Add(ApiKind::kPod, kPod);
  const TargetGroup group = objects.Group(Role(KubernetesRole::kPod), "ns/p1");
  CHECK(group.source == "pod/ns/p1");
  CHECK(group.labels == PodLabels());
  const Labels first = {{"__meta_kubernetes_pod_container_id", "docker://1"}};
  CHECK(
      group.targets ==
      std::vector{
          Plus(Plus(Container("10.0.0.1:80", "c1", "i:1", "false"), Port("80", "http", "TCP")),
               first),
          Plus(Plus(Container("10.0.0.1:81", "c1", "i:1", "false"), Port("81", "", "UDP")), first),
          Container("10.0.0.1", "c2", "i:2", "false"),
          Plus(Plus(Container("10.0.0.1:90", "init", "i:3", "true"), Port("90", "adm", "TCP")),
               {{"__meta_kubernetes_pod_container_id", "docker://3"}})});
}

TEST_CASE("a pod without an address has no targets, one that ended has", "[kubernetes_sd]") {
  Objects objects;
  objects.Add(ApiKind::kPod, R"({"metadata": {"name": "new", "namespace": "ns"},
    "spec": {"containers": [{"name": "c"}]}, "status": {"phase": "Pending"}})");
  objects.Add(ApiKind::kPod, R"({"metadata": {"name": "done", "namespace": "ns"},
    "spec": {"containers": [{"name": "c"}]},
    "status": {"phase": "Succeeded", "podIP": "2001:db8::5"}})");
  CHECK(objects.Group(Role(KubernetesRole::kPod), "ns/new").targets.empty());
  const TargetGroup done = objects.Group(Role(KubernetesRole::kPod), "ns/done");
  REQUIRE(done.targets.size() == 1);
  CHECK(done.targets[0].Get("__address__") == "[2001:db8::5]");
  CHECK(done.labels.Get("__meta_kubernetes_pod_phase") == "Succeeded");
  CHECK(done.labels.Get("__meta_kubernetes_pod_ready") == "unknown");
}

TEST_CASE("nodes, namespaces and controllers are attached to pods", "[kubernetes_sd]") {
  Objects objects;
  objects.Add(ApiKind::kPod, kPod);
  KubernetesSdConfig config = Role(KubernetesRole::kPod);
  config.attach_node = true;
  // So that selectors of nodes select pods.
  CHECK(objects.Group(config, "ns/p1").targets.empty());
  objects.Add(ApiKind::kNode, kNode);
  objects.Add(
      ApiKind::kNamespace,
      R"({"metadata": {"name": "ns", "labels": {"team": "t"}, "annotations": {"a": "b"}}})");
  objects.Add(ApiKind::kReplicaSet, R"({"metadata": {"name": "rs1", "namespace": "ns",
    "ownerReferences": [{"kind": "Deployment", "name": "d1", "controller": true}]}})");
  config.attach_namespace = true;
  config.attach_deployment = true;
  const Labels labels = objects.Group(config, "ns/p1").labels;
  CHECK(labels.Get("__meta_kubernetes_node_name") == "n1");
  CHECK(labels.Get("__meta_kubernetes_node_label_kubernetes_io_os") == "linux");
  CHECK(labels.Get("__meta_kubernetes_node_annotation_a_b") == "c");
  CHECK_FALSE(labels.Has("__meta_kubernetes_node_provider_id"));
  CHECK(labels.Get("__meta_kubernetes_namespace_label_team") == "t");
  CHECK(labels.Get("__meta_kubernetes_namespace_annotationpresent_a") == "true");
  CHECK_FALSE(labels.Has("__meta_kubernetes_namespace_name"));
  CHECK(labels.Get("__meta_kubernetes_pod_deployment_name") == "d1");
  CHECK_FALSE(labels.Has("__meta_kubernetes_pod_job_name"));
}

TEST_CASE("the job of a pod, and its cron job, are attached", "[kubernetes_sd]") {
  Objects objects;
  objects.Add(ApiKind::kPod, R"({"metadata": {"name": "p", "namespace": "ns",
      "ownerReferences": [{"kind": "Job", "name": "j1", "controller": true}]},
    "spec": {"containers": [{"name": "c"}]}, "status": {"podIP": "10.0.0.1"}})");
  objects.Add(ApiKind::kJob, R"({"metadata": {"name": "j1", "namespace": "ns",
    "ownerReferences": [{"kind": "CronJob", "name": "cj", "controller": true}]}})");
  KubernetesSdConfig config = Role(KubernetesRole::kPod);
  CHECK_FALSE(objects.Group(config, "ns/p").labels.Has("__meta_kubernetes_pod_job_name"));
  config.attach_job = true;
  config.attach_cronjob = true;
  const Labels labels = objects.Group(config, "ns/p").labels;
  CHECK(labels.Get("__meta_kubernetes_pod_job_name") == "j1");
  CHECK(labels.Get("__meta_kubernetes_pod_cronjob_name") == "cj");
}

TEST_CASE("a service becomes a target for each port", "[kubernetes_sd]") {
  Objects objects;
  objects.Add(ApiKind::kService, R"({"metadata": {"name": "s", "namespace": "ns",
      "labels": {"a": "b"}},
    "spec": {"type": "LoadBalancer", "clusterIP": "10.1.0.1",
             "ports": [{"name": "http", "port": 80, "protocol": "TCP"}, {"port": 81}]},
    "status": {"loadBalancer": {"ingress": [{"ip": "198.51.100.1"}, {"hostname": "h"},
                                            {"ip": "198.51.100.2"}]}}})");
  const TargetGroup group = objects.Group(Role(KubernetesRole::kService), "ns/s");
  CHECK(group.source == "svc/ns/s");
  CHECK(group.labels == Labels{{"__meta_kubernetes_namespace", "ns"},
                               {"__meta_kubernetes_service_name", "s"},
                               {"__meta_kubernetes_service_label_a", "b"},
                               {"__meta_kubernetes_service_labelpresent_a", "true"}});
  REQUIRE(group.targets.size() == 2);
  CHECK(group.targets[0] ==
        Labels{{"__address__", "s.ns.svc:80"},
               {"__meta_kubernetes_service_cluster_ip", "10.1.0.1"},
               {"__meta_kubernetes_service_loadbalancer_ip", "198.51.100.1,198.51.100.2"},
               {"__meta_kubernetes_service_port_name", "http"},
               {"__meta_kubernetes_service_port_number", "80"},
               {"__meta_kubernetes_service_port_protocol", "TCP"},
               {"__meta_kubernetes_service_type", "LoadBalancer"}});
  CHECK(group.targets[1].Get("__address__") == "s.ns.svc:81");
}

TEST_CASE("headless services have no address, external ones a name", "[kubernetes_sd]") {
  Objects objects;
  objects.Add(ApiKind::kService, R"({"metadata": {"name": "h", "namespace": "ns"},
    "spec": {"type": "ClusterIP", "clusterIP": "None", "ports": [{"port": 1}]}})");
  objects.Add(ApiKind::kService, R"({"metadata": {"name": "x", "namespace": "ns"},
    "spec": {"type": "ExternalName", "externalName": "x.example", "ports": [{"port": 1}]}})");
  objects.Add(ApiKind::kService, R"({"metadata": {"name": "bare", "namespace": "ns"},
    "spec": {"type": "ClusterIP", "clusterIP": "None"}})");
  const KubernetesSdConfig config = Role(KubernetesRole::kService);
  const auto headless = objects.Group(config, "ns/h").targets.at(0);
  CHECK(headless.Get("__meta_kubernetes_service_cluster_ip") == "None");
  const auto external = objects.Group(config, "ns/x").targets.at(0);
  CHECK(external.Get("__meta_kubernetes_service_external_name") == "x.example");
  CHECK_FALSE(external.Has("__meta_kubernetes_service_cluster_ip"));
  CHECK(objects.Group(config, "ns/bare").targets.empty());
}

constexpr const char* kEndpoints = R"({"metadata": {"name": "s", "namespace": "ns",
    "labels": {"l": "v"}, "annotations": {"a": "b"}},
  "subsets": [{"addresses": [{"ip": "10.0.0.1", "nodeName": "n1", "hostname": "h",
                              "targetRef": {"kind": "Pod", "namespace": "ns", "name": "p1"}}],
               "notReadyAddresses": [{"ip": "10.0.0.9", "nodeName": "n2"}],
               "ports": [{"name": "http", "port": 80, "protocol": "TCP"}]}]})";

TEST_CASE("endpoints are joined with pods, whose other ports are targets too", "[kubernetes_sd]") {
  Objects objects;
  objects.Add(ApiKind::kPod, kPod);
  objects.Add(ApiKind::kEndpoints, kEndpoints);
  objects.Add(ApiKind::kService,
              R"({"metadata": {"name": "s", "namespace": "ns", "labels": {"s": "1"}}})");
  const TargetGroup group = objects.Group(Role(KubernetesRole::kEndpoints), "ns/s");
  CHECK(group.source == "endpoints/ns/s");
  CHECK(group.labels == Labels{{"__meta_kubernetes_namespace", "ns"},
                               {"__meta_kubernetes_endpoints_name", "s"},
                               {"__meta_kubernetes_endpoints_label_l", "v"},
                               {"__meta_kubernetes_endpoints_labelpresent_l", "true"},
                               {"__meta_kubernetes_endpoints_annotation_a", "b"},
                               {"__meta_kubernetes_endpoints_annotationpresent_a", "true"},
                               {"__meta_kubernetes_service_name", "s"},
                               {"__meta_kubernetes_service_label_s", "1"},
                               {"__meta_kubernetes_service_labelpresent_s", "true"}});
  std::vector<relabel::Label> pod_labels;
  for (const relabel::Label& label : PodLabels()) {
    if (label.name != "__meta_kubernetes_namespace") pod_labels.push_back(label);
  }
  const Labels pod = Labels::From(pod_labels);
  REQUIRE(group.targets.size() == 4);
  CHECK(group.targets[0] == Plus(Plus(Plus(pod, Container("10.0.0.1:80", "c1", "i:1", "false")),
                                      Port("80", "http", "TCP")),
                                 {{"__meta_kubernetes_endpoint_address_target_kind", "Pod"},
                                  {"__meta_kubernetes_endpoint_address_target_name", "p1"},
                                  {"__meta_kubernetes_endpoint_hostname", "h"},
                                  {"__meta_kubernetes_endpoint_node_name", "n1"},
                                  {"__meta_kubernetes_endpoint_port_name", "http"},
                                  {"__meta_kubernetes_endpoint_port_protocol", "TCP"},
                                  {"__meta_kubernetes_endpoint_ready", "true"}}));
  CHECK(group.targets[1] == Labels{{"__address__", "10.0.0.9:80"},
                                   {"__meta_kubernetes_endpoint_node_name", "n2"},
                                   {"__meta_kubernetes_endpoint_port_name", "http"},
                                   {"__meta_kubernetes_endpoint_port_protocol", "TCP"},
                                   {"__meta_kubernetes_endpoint_ready", "false"}});
  CHECK(group.targets[2] ==
        Plus(Plus(pod, Container("10.0.0.1:81", "c1", "i:1", "false")), Port("81", "", "UDP")));
  CHECK(group.targets[3] ==
        Plus(Plus(pod, Container("10.0.0.1:90", "init", "i:3", "true")), Port("90", "adm", "TCP")));
}

TEST_CASE("of endpoints only the addresses on our node are kept", "[kubernetes_sd]") {
  Objects objects;
  objects.Add(ApiKind::kEndpoints, kEndpoints, "n2");
  const TargetGroup group = objects.Group(Role(KubernetesRole::kEndpoints), "ns/s");
  REQUIRE(group.targets.size() == 1);
  CHECK(group.targets[0].Get("__address__") == "10.0.0.9:80");
  ApiResource elsewhere;
  elsewhere.kind = ApiKind::kEndpoints;
  elsewhere.node = "n3";
  const auto json = JsonDocument::Parse(kEndpoints);
  CHECK_FALSE(ReadApiObject(elsewhere, (*json)->root())->is_wanted);
}

constexpr const char* kSlice = R"({"metadata": {"name": "s-1", "namespace": "ns",
    "labels": {"kubernetes.io/service-name": "s"}},
  "addressType": "IPv4",
  "endpoints": [{"addresses": ["10.0.0.1"], "hostname": "h", "nodeName": "n1", "zone": "z",
                 "conditions": {"ready": true, "serving": false},
                 "deprecatedTopology": {"a/b": "c"},
                 "targetRef": {"kind": "Pod", "namespace": "ns", "name": "p1"}},
                {"addresses": ["10.0.0.7", "10.0.0.8"], "conditions": {},
                 "targetRef": {"kind": "Node", "name": "n1"}}],
  "ports": [{"name": "http", "port": 80, "protocol": "TCP", "appProtocol": "h2"},
            {"name": "any"}]})";

TEST_CASE("slices of endpoints become targets", "[kubernetes_sd]") {
  Objects objects;
  objects.Add(ApiKind::kEndpointSlice, kSlice);
  objects.Add(ApiKind::kNode, kNode);
  objects.Add(ApiKind::kService, R"({"metadata": {"name": "s", "namespace": "ns"},
    "spec": {"ipFamilyPolicy": "SingleStack", "ipFamilies": ["IPv6"]}})");
  KubernetesSdConfig config = Role(KubernetesRole::kEndpointSlice);
  config.attach_node = true;
  const TargetGroup group = objects.Group(config, "ns/s-1");
  CHECK(group.source == "endpointslice/ns/s-1");
  CHECK(group.labels.Get("__meta_kubernetes_endpointslice_name") == "s-1");
  CHECK(group.labels.Get("__meta_kubernetes_endpointslice_address_type") == "IPv4");
  CHECK(group.labels.Get("__meta_kubernetes_service_name") == "s");
  CHECK(group.labels.Get("__meta_kubernetes_endpointslice_label_kubernetes_io_service_name") ==
        "s");
  std::vector<std::string> addresses;
  for (const Labels& target : group.targets) addresses.emplace_back(target.Get("__address__"));
  CHECK(addresses == std::vector<std::string>{"10.0.0.1:80", "10.0.0.1", "10.0.0.7:80",
                                              "10.0.0.8:80", "10.0.0.7", "10.0.0.8"});
  const Labels& first = group.targets[0];
  const std::map<std::string, std::string> expected = {{"port", "80"},
                                                       {"port_name", "http"},
                                                       {"port_protocol", "TCP"},
                                                       {"port_app_protocol", "h2"},
                                                       {"endpoint_conditions_ready", "true"},
                                                       {"endpoint_conditions_serving", "false"},
                                                       {"endpoint_conditions_terminating", ""},
                                                       {"endpoint_hostname", "h"},
                                                       {"endpoint_node_name", "n1"},
                                                       {"endpoint_zone", "z"},
                                                       {"endpoint_topology_a_b", "c"},
                                                       {"endpoint_topology_present_a_b", "true"},
                                                       {"address_target_kind", "Pod"},
                                                       {"address_target_name", "p1"}};
  for (const auto& [name, value] : expected) {
    CAPTURE(name);
    CHECK(first.Get("__meta_kubernetes_endpointslice_" + name) == value);
  }
  CHECK(group.targets[2].Get("__meta_kubernetes_node_name") == "n1");
}

TEST_CASE("of a service of two address families one gives targets", "[kubernetes_sd]") {
  Objects objects;
  objects.Add(ApiKind::kEndpointSlice, kSlice);
  const auto targets_with = [&](const std::string& first) {
    objects.Add(ApiKind::kService, R"({"metadata": {"name": "s", "namespace": "ns"},
      "spec": {"ipFamilyPolicy": "PreferDualStack", "ipFamilies": [")" +
                                       first + R"("]}})");
    return objects.Group(Role(KubernetesRole::kEndpointSlice), "ns/s-1").targets.size();
  };
  CHECK(targets_with("IPv4") == 6);
  CHECK(targets_with("IPv6") == 0);
}

TEST_CASE("an ingress becomes a target for each path", "[kubernetes_sd]") {
  Objects objects;
  objects.Add(ApiKind::kIngress, R"({"metadata": {"name": "i", "namespace": "ns",
      "annotations": {"x": "y"}},
    "spec": {"ingressClassName": "nginx", "tls": [{"hosts": ["a.example", "*.b.example"]}, {}],
             "rules": [{"host": "a.example", "http": {"paths": [{"path": "/x"}, {"path": ""}]}},
                       {"host": "w.b.example"}, {"host": "w.w.b.example"}, {}]}})");
  const TargetGroup group = objects.Group(Role(KubernetesRole::kIngress), "ns/i");
  CHECK(group.source == "ingress/ns/i");
  CHECK(group.labels == Labels{{"__meta_kubernetes_namespace", "ns"},
                               {"__meta_kubernetes_ingress_name", "i"},
                               {"__meta_kubernetes_ingress_class_name", "nginx"},
                               {"__meta_kubernetes_ingress_annotation_x", "y"},
                               {"__meta_kubernetes_ingress_annotationpresent_x", "true"}});
  const auto target = [](const std::string& host, const std::string& scheme,
                         const std::string& path) {
    return Labels{{"__address__", host},
                  {"__meta_kubernetes_ingress_host", host},
                  {"__meta_kubernetes_ingress_scheme", scheme},
                  {"__meta_kubernetes_ingress_path", path}};
  };
  CHECK(group.targets ==
        std::vector{target("a.example", "https", "/x"), target("a.example", "https", "/"),
                    target("w.b.example", "https", "/"), target("w.w.b.example", "http", "/"),
                    target("", "http", "/")});
}

}  // namespace
}  // namespace sluice::scrape
