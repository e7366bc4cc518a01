#include "scrape/discovery/kubernetes/container_ports.h"

namespace sluice::scrape {

std::vector<PodContainer> ContainersOf(const JsonView& pod) {
  std::vector<PodContainer> containers;
  for (const JsonView& container : pod["spec"]["containers"].Items()) {
    containers.push_back({container, /*is_init=*/false});
  }
  for (const JsonView& container : pod["spec"]["initContainers"].Items()) {
    containers.push_back({container, /*is_init=*/true});
  }
  return containers;
}

void AddContainerLabels(MetaLabels& labels, const PodContainer& container) {
  labels.Add("pod_container_name", container.container["name"].Text());
  labels.Add("pod_container_image", container.container["image"].Text());
  labels.Add("pod_container_init", container.is_init ? "true" : "false");
}

void AddContainerPortLabels(MetaLabels& labels, const JsonView& port) {
  labels.Add("pod_container_port_name", port["name"].Text());
  labels.Add("pod_container_port_number", std::to_string(port["containerPort"].Integer()));
  labels.Add("pod_container_port_protocol", port["protocol"].Text());
}

}  // namespace sluice::scrape
