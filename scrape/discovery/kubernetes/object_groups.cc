#include "scrape/discovery/kubernetes/object_groups.h"

#include <algorithm>
#include <array>
#include <map>
#include <utility>
#include <vector>

#include "scrape/discovery/host_port.h"
#include "scrape/discovery/kubernetes/container_ports.h"
#include "scrape/discovery/kubernetes/endpoint_targets.h"
#include "scrape/discovery/kubernetes/object_labels.h"
#include "scrape/discovery/meta_labels.h"

namespace sluice::scrape {
namespace {

MetaLabels NoLabels() { return MetaLabels(std::string(kKubernetesPrefix)); }

// The first type that a node has an address of; in Prometheus's order.
constexpr std::array<std::string_view, 6> kNodeAddressTypes = {
    "InternalIP", "InternalDNS", "ExternalIP", "ExternalDNS", "LegacyHostIP", "Hostname"};

// The first address of each type.
std::map<std::string_view, std::string_view> AddressesByType(const JsonView& node) {
  std::map<std::string_view, std::string_view> addresses;
  for (const JsonView& address : node["status"]["addresses"].Items()) {
    addresses.emplace(address["type"].Text(), address["address"].Text());
  }
  return addresses;
}

void BuildNode(const JsonView& node, TargetGroup& group) {
  const auto addresses = AddressesByType(node);
  const auto* const type =
      std::find_if(kNodeAddressTypes.begin(), kNodeAddressTypes.end(),
                   [&](std::string_view name) { return addresses.contains(name); });
  if (type == kNodeAddressTypes.end()) return;
  MetaLabels shared = NoLabels();
  AddNodeLabels(shared, node);
  shared.Add("node_provider_id", node["spec"]["providerID"].Text());
  for (const JsonView& condition : node["status"]["conditions"].Items()) {
    const std::string name = Lowered(condition["type"].Text());
    shared.Add("node_condition_" + SanitizedLabelName(name), Lowered(condition["status"].Text()));
  }
  group.labels = shared.Labels();
  MetaLabels own = NoLabels();
  for (const auto& [name, address] : addresses) {
    own.Add("node_address_" + SanitizedLabelName(name), address);
  }
  const int64_t port = node["status"]["daemonEndpoints"]["kubeletEndpoint"]["Port"].Integer();
  own.AddPlain("instance", node["metadata"]["name"].Text());
  group.targets.push_back(own.Target(HostPort(addresses.at(*type), std::to_string(port))));
}

std::string LoadBalancerIps(const JsonView& service) {
  std::string ips;
  for (const JsonView& ingress : service["status"]["loadBalancer"]["ingress"].Items()) {
    const std::string_view ip = ingress["ip"].Text();
    if (ip.empty()) continue;
    if (!ips.empty()) ips += ',';
    ips += ip;
  }
  return ips;
}

void BuildService(const JsonView& service, const KubernetesSdConfig& config, ObjectLookup& lookup,
                  TargetGroup& group) {
  const JsonView metadata = service["metadata"];
  const JsonView spec = service["spec"];
  const std::string_view ns = metadata["namespace"].Text();
  MetaLabels shared = NoLabels();
  AddServiceLabels(shared, service);
  shared.Add("namespace", ns);
  AttachNamespace(shared, ns, config, lookup);
  group.labels = shared.Labels();
  const std::string host =
      std::string(metadata["name"].Text()).append(".").append(ns).append(".svc");
  const std::string_view type = spec["type"].Text();
  for (const JsonView& port : spec["ports"].Items()) {
    const std::string number = std::to_string(port["port"].Integer());
    MetaLabels own = NoLabels();
    own.Add("service_port_name", port["name"].Text());
    own.Add("service_port_number", number);
    own.Add("service_port_protocol", port["protocol"].Text());
    own.Add("service_type", type);
    if (type == "ExternalName") {
      own.Add("service_external_name", spec["externalName"].Text());
    } else {
      own.Add("service_cluster_ip", spec["clusterIP"].Text());
    }
    if (type == "LoadBalancer") own.Add("service_loadbalancer_ip", LoadBalancerIps(service));
    group.targets.push_back(own.Target(HostPort(host, number)));
  }
}

std::string_view ContainerId(const JsonView& pod, const PodContainer& container) {
  const std::string_view list = container.is_init ? "initContainerStatuses" : "containerStatuses";
  for (const JsonView& status : pod["status"][list].Items()) {
    if (status["name"].Text() == container.container["name"].Text()) {
      return status["containerID"].Text();
    }
  }
  return {};
}

void BuildContainer(const JsonView& pod, const PodContainer& container, TargetGroup& group) {
  const std::string_view ip = pod["status"]["podIP"].Text();
  MetaLabels own = NoLabels();
  AddContainerLabels(own, container);
  own.Add("pod_container_id", ContainerId(pod, container));
  const std::vector<JsonView> ports = container.container["ports"].Items();
  if (ports.empty()) {
    // A port is for relabeling to add, which must not look like a part of an IPv6 address.
    const bool has_colon = ip.find(':') != std::string_view::npos;
    group.targets.push_back(own.Target(has_colon ? "[" + std::string(ip) + "]" : std::string(ip)));
  }
  for (const JsonView& port : ports) {
    MetaLabels with_port = own;
    AddContainerPortLabels(with_port, port);
    group.targets.push_back(
        with_port.Target(HostPort(ip, std::to_string(port["containerPort"].Integer()))));
  }
}

void BuildPod(const JsonView& pod, const KubernetesSdConfig& config, ObjectLookup& lookup,
              TargetGroup& group) {
  // Of pods that start, or have been evicted.
  if (pod["status"]["podIP"].Text().empty()) return;
  const std::string_view ns = pod["metadata"]["namespace"].Text();
  MetaLabels shared = NoLabels();
  AddPodLabels(shared, pod, config, lookup);
  shared.Add("namespace", ns);
  if (config.attach_node) {
    const JsonView node = lookup.Find(ApiKind::kNode, std::string(pod["spec"]["nodeName"].Text()));
    // So that selectors of nodes select pods.
    if (!node) return;
    AddNodeLabels(shared, node);
  }
  AttachNamespace(shared, ns, config, lookup);
  group.labels = shared.Labels();
  for (const PodContainer& container : ContainersOf(pod)) BuildContainer(pod, container, group);
}

// "*.a.b" stands for one more name before ".a.b".
bool MatchesHost(std::string_view pattern, std::string_view host) {
  if (pattern == host) return true;
  if (!pattern.starts_with("*.")) return false;
  const size_t dot = host.find('.');
  return dot != std::string_view::npos && host.substr(dot) == pattern.substr(1);
}

bool HasTls(const JsonView& ingress, std::string_view host) {
  for (const JsonView& tls : ingress["spec"]["tls"].Items()) {
    for (const std::string_view pattern : tls["hosts"].Texts()) {
      if (MatchesHost(pattern, host)) return true;
    }
  }
  return false;
}

std::vector<std::string_view> PathsOf(const JsonView& rule) {
  if (!rule["http"]) return {"/"};
  std::vector<std::string_view> paths;
  for (const JsonView& path : rule["http"]["paths"].Items()) {
    const std::string_view text = path["path"].Text();
    paths.push_back(text.empty() ? "/" : text);
  }
  return paths;
}

void BuildIngress(const JsonView& ingress, const KubernetesSdConfig& config, ObjectLookup& lookup,
                  TargetGroup& group) {
  const JsonView metadata = ingress["metadata"];
  const std::string_view ns = metadata["namespace"].Text();
  MetaLabels shared = NoLabels();
  AddMetadata(shared, "ingress", metadata);
  shared.Add("namespace", ns);
  shared.Add("ingress_class_name", ingress["spec"]["ingressClassName"].Text());
  AttachNamespace(shared, ns, config, lookup);
  group.labels = shared.Labels();
  for (const JsonView& rule : ingress["spec"]["rules"].Items()) {
    const std::string_view host = rule["host"].Text();
    for (const std::string_view path : PathsOf(rule)) {
      MetaLabels own = NoLabels();
      own.Add("ingress_scheme", HasTls(ingress, host) ? "https" : "http");
      own.Add("ingress_host", host);
      own.Add("ingress_path", path);
      group.targets.push_back(own.Target(std::string(host)));
    }
  }
}

}  // namespace

ApiKind KindOf(KubernetesRole role) {
  switch (role) {
    case KubernetesRole::kNode:
      return ApiKind::kNode;
    case KubernetesRole::kPod:
      return ApiKind::kPod;
    case KubernetesRole::kService:
      return ApiKind::kService;
    case KubernetesRole::kEndpoints:
      return ApiKind::kEndpoints;
    case KubernetesRole::kEndpointSlice:
      return ApiKind::kEndpointSlice;
    case KubernetesRole::kIngress:
      return ApiKind::kIngress;
  }
  return ApiKind::kPod;
}

std::string GroupSource(KubernetesRole role, std::string_view key) {
  std::string source =
      role == KubernetesRole::kService ? "svc" : std::string(ApiKindName(KindOf(role)));
  return source.append("/").append(key);
}

TargetGroup BuildGroup(const KubernetesSdConfig& config, const std::string& key,
                       const JsonView& object, ObjectLookup& lookup) {
  TargetGroup group;
  group.source = GroupSource(config.role, key);
  switch (config.role) {
    case KubernetesRole::kNode:
      BuildNode(object, group);
      break;
    case KubernetesRole::kPod:
      BuildPod(object, config, lookup, group);
      break;
    case KubernetesRole::kService:
      BuildService(object, config, lookup, group);
      break;
    case KubernetesRole::kEndpoints:
      BuildEndpoints(object, config, lookup, group);
      break;
    case KubernetesRole::kEndpointSlice:
      BuildEndpointSlice(object, config, lookup, group);
      break;
    case KubernetesRole::kIngress:
      BuildIngress(object, config, lookup, group);
      break;
  }
  return group;
}

}  // namespace sluice::scrape
