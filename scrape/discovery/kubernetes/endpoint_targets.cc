#include "scrape/discovery/kubernetes/endpoint_targets.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "scrape/discovery/host_port.h"
#include "scrape/discovery/kubernetes/api_object.h"
#include "scrape/discovery/kubernetes/container_ports.h"
#include "scrape/discovery/kubernetes/object_labels.h"

namespace sluice::scrape {
namespace {

constexpr std::string_view kServiceName = "kubernetes.io/service-name";

MetaLabels NoLabels() { return MetaLabels(std::string(kKubernetesPrefix)); }

// The targets of one object, of either role.
class EndpointTargets {
 public:
  EndpointTargets(const KubernetesSdConfig& config, ObjectLookup& lookup, TargetGroup& group)
      : config_(config), lookup_(lookup), group_(group) {}

  // `labels` are what the endpoint says itself. It may name a pod or a node (`reference`), and may
  // have no port.
  void Add(MetaLabels labels, std::string_view host, std::optional<int64_t> port,
           const JsonView& reference, std::string_view node) {
    if (config_.attach_node) AttachNode(labels, reference, node);
    SeenPod* pod = PodOf(reference);
    if (pod != nullptr) {
      AddPodLabels(labels, pod->pod, config_, lookup_);
      if (port) AddPort(labels, *pod, *port);
    }
    const std::string address = port ? HostPort(host, std::to_string(*port)) : std::string(host);
    group_.targets.push_back(labels.Target(address));
  }

  // Ports of the pods that no endpoint is for are targets, too.
  void AddOtherPorts() {
    for (const SeenPod& seen : pods_) {
      const std::string_view ip = seen.pod["status"]["podIP"].Text();
      if (ip.empty()) continue;
      for (const PodContainer& container : ContainersOf(seen.pod)) {
        for (const JsonView& port : container.container["ports"].Items()) {
          AddOtherPort(seen, container, port, ip);
        }
      }
    }
  }

 private:
  struct SeenPod {
    std::string key;
    JsonView pod;
    std::vector<int64_t> ports;  // that endpoints are for
  };

  void AttachNode(MetaLabels& labels, const JsonView& reference, std::string_view node) {
    if (reference["kind"].Text() == "Node") node = reference["name"].Text();
    if (node.empty()) return;
    const JsonView found = lookup_.Find(ApiKind::kNode, std::string(node));
    if (found) AddNodeLabels(labels, found);
  }

  // Null when the endpoint is no pod, or one that is not known.
  SeenPod* PodOf(const JsonView& reference) {
    if (reference["kind"].Text() != "Pod") return nullptr;
    const std::string key = ApiObjectKey(reference["namespace"].Text(), reference["name"].Text());
    // The same pod comes once for each port, mostly in a row.
    const auto seen = std::find_if(pods_.rbegin(), pods_.rend(),
                                   [&](const SeenPod& pod) { return pod.key == key; });
    if (seen != pods_.rend()) return &*seen;
    const JsonView pod = lookup_.Find(ApiKind::kPod, key);
    if (!pod) return nullptr;
    return &pods_.emplace_back(SeenPod{key, pod, {}});
  }

  static void AddPort(MetaLabels& labels, SeenPod& seen, int64_t number) {
    seen.ports.push_back(number);
    for (const PodContainer& container : ContainersOf(seen.pod)) {
      for (const JsonView& port : container.container["ports"].Items()) {
        if (port["containerPort"].Integer() != number) continue;
        AddContainerLabels(labels, container);
        AddContainerPortLabels(labels, port);
        break;
      }
    }
  }

  void AddOtherPort(const SeenPod& seen, const PodContainer& container, const JsonView& port,
                    std::string_view ip) {
    const int64_t number = port["containerPort"].Integer();
    if (std::find(seen.ports.begin(), seen.ports.end(), number) != seen.ports.end()) return;
    MetaLabels labels = NoLabels();
    AddContainerLabels(labels, container);
    AddContainerPortLabels(labels, port);
    AddPodLabels(labels, seen.pod, config_, lookup_);
    group_.targets.push_back(labels.Target(HostPort(ip, std::to_string(number))));
  }

  const KubernetesSdConfig& config_;
  ObjectLookup& lookup_;
  TargetGroup& group_;
  std::vector<SeenPod> pods_;
};

void AddAddresses(EndpointTargets& targets, const JsonView& addresses, const JsonView& port,
                  std::string_view ready) {
  for (const JsonView& address : addresses.Items()) {
    const JsonView reference = address["targetRef"];
    MetaLabels labels = NoLabels();
    labels.Add("endpoint_port_name", port["name"].Text());
    labels.Add("endpoint_port_protocol", port["protocol"].Text());
    labels.Add("endpoint_ready", ready);
    labels.Add("endpoint_address_target_kind", reference["kind"].Text());
    labels.Add("endpoint_address_target_name", reference["name"].Text());
    labels.Add("endpoint_node_name", address["nodeName"].Text());
    labels.Add("endpoint_hostname", address["hostname"].Text());
    targets.Add(std::move(labels), address["ip"].Text(), port["port"].Integer(), reference,
                address["nodeName"].Text());
  }
}

// What is not said is not the same as false.
void AddFlag(MetaLabels& labels, std::string_view name, const JsonView& flag) {
  if (flag) labels.Add(name, flag.Bool() ? "true" : "false");
}

void AddTopology(MetaLabels& labels, const JsonView& topology) {
  for (const auto& [key, value] : topology.Entries()) {
    const std::string name = SanitizedLabelName(key);
    labels.Add("endpointslice_endpoint_topology_" + name, value.Text());
    labels.Add("endpointslice_endpoint_topology_present_" + name, "true");
  }
}

MetaLabels SliceLabels(const JsonView& endpoint, const JsonView& port) {
  const JsonView conditions = endpoint["conditions"];
  const JsonView reference = endpoint["targetRef"];
  MetaLabels labels = NoLabels();
  labels.Add("endpointslice_port_name", port["name"].Text());
  labels.Add("endpointslice_port_protocol", port["protocol"].Text());
  labels.Add("endpointslice_port_app_protocol", port["appProtocol"].Text());
  if (port["port"]) labels.Add("endpointslice_port", std::to_string(port["port"].Integer()));
  AddFlag(labels, "endpointslice_endpoint_conditions_ready", conditions["ready"]);
  AddFlag(labels, "endpointslice_endpoint_conditions_serving", conditions["serving"]);
  AddFlag(labels, "endpointslice_endpoint_conditions_terminating", conditions["terminating"]);
  labels.Add("endpointslice_endpoint_hostname", endpoint["hostname"].Text());
  labels.Add("endpointslice_endpoint_node_name", endpoint["nodeName"].Text());
  labels.Add("endpointslice_endpoint_zone", endpoint["zone"].Text());
  labels.Add("endpointslice_address_target_kind", reference["kind"].Text());
  labels.Add("endpointslice_address_target_name", reference["name"].Text());
  AddTopology(labels, endpoint["deprecatedTopology"]);
  return labels;
}

void AddEndpoint(EndpointTargets& targets, const JsonView& endpoint, const JsonView& port) {
  std::optional<int64_t> number;
  if (port["port"]) number = port["port"].Integer();
  for (const std::string_view address : endpoint["addresses"].Texts()) {
    targets.Add(SliceLabels(endpoint, port), address, number, endpoint["targetRef"],
                endpoint["nodeName"].Text());
  }
}

// A service of two address families has a slice for each: the targets would all come twice.
bool IsOfOtherFamily(const JsonView& slice, const JsonView& service) {
  const std::string_view policy = service["spec"]["ipFamilyPolicy"].Text();
  if (policy != "PreferDualStack" && policy != "RequireDualStack") return false;
  const std::vector<std::string_view> families = service["spec"]["ipFamilies"].Texts();
  return !families.empty() && families.front() != slice["addressType"].Text();
}

}  // namespace

void BuildEndpoints(const JsonView& endpoints, const KubernetesSdConfig& config,
                    ObjectLookup& lookup, TargetGroup& group) {
  const JsonView metadata = endpoints["metadata"];
  const std::string_view ns = metadata["namespace"].Text();
  const std::string key = ApiObjectKey(ns, metadata["name"].Text());
  MetaLabels shared = NoLabels();
  shared.Add("namespace", ns);
  AddMetadata(shared, "endpoints", metadata);
  if (const JsonView service = lookup.Find(ApiKind::kService, key)) {
    AddServiceLabels(shared, service);
  }
  AttachNamespace(shared, ns, config, lookup);
  group.labels = shared.Labels();
  EndpointTargets targets(config, lookup, group);
  for (const JsonView& subset : endpoints["subsets"].Items()) {
    for (const JsonView& port : subset["ports"].Items()) {
      AddAddresses(targets, subset["addresses"], port, "true");
      AddAddresses(targets, subset["notReadyAddresses"], port, "false");
    }
  }
  targets.AddOtherPorts();
}

void BuildEndpointSlice(const JsonView& slice, const KubernetesSdConfig& config,
                        ObjectLookup& lookup, TargetGroup& group) {
  const JsonView metadata = slice["metadata"];
  const std::string_view ns = metadata["namespace"].Text();
  MetaLabels shared = NoLabels();
  shared.Add("namespace", ns);
  shared.Add("endpointslice_address_type", slice["addressType"].Text());
  AddMetadata(shared, "endpointslice", metadata);
  const std::string_view service_name = metadata["labels"][kServiceName].Text();
  if (!service_name.empty()) {
    const JsonView service = lookup.Find(ApiKind::kService, ApiObjectKey(ns, service_name));
    if (IsOfOtherFamily(slice, service)) return;
    if (service) AddServiceLabels(shared, service);
  }
  AttachNamespace(shared, ns, config, lookup);
  group.labels = shared.Labels();
  EndpointTargets targets(config, lookup, group);
  for (const JsonView& endpoint : slice["endpoints"].Items()) {
    for (const JsonView& port : slice["ports"].Items()) AddEndpoint(targets, endpoint, port);
  }
  targets.AddOtherPorts();
}

}  // namespace sluice::scrape
