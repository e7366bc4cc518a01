// The containers of a pod and their ports.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/json.h"
#include "scrape/discovery/meta_labels.h"

namespace sluice::scrape {

struct PodContainer {
  JsonView container;
  bool is_init = false;
};

// Those that stay, then those that run before them.
std::vector<PodContainer> ContainersOf(const JsonView& pod);

// `pod_container_name`, `_image` and `_init`.
void AddContainerLabels(MetaLabels& labels, const PodContainer& container);

// `pod_container_port_name`, `_number` and `_protocol`.
void AddContainerPortLabels(MetaLabels& labels, const JsonView& port);

}  // namespace sluice::scrape
