// The labels that targets of several roles have alike.
#pragma once

#include <string>
#include <string_view>

#include "base/json.h"
#include "scrape/discovery/kubernetes/kubernetes_sd_config.h"
#include "scrape/discovery/kubernetes/object_groups.h"
#include "scrape/discovery/meta_labels.h"

namespace sluice::scrape {

inline constexpr std::string_view kKubernetesPrefix = "__meta_kubernetes_";

// "Ready" -> "ready".
std::string Lowered(std::string_view text);

// `<role>_label_<key>`, `<role>_labelpresent_<key>`, and the same of annotations.
void AddLabelsAndAnnotations(MetaLabels& labels, std::string_view role, const JsonView& metadata);

// The above, and `<role>_name`.
void AddMetadata(MetaLabels& labels, std::string_view role, const JsonView& metadata);

void AddNodeLabels(MetaLabels& labels, const JsonView& node);
void AddServiceLabels(MetaLabels& labels, const JsonView& service);

// With the name of the deployment and the like when the configuration wants them.
void AddPodLabels(MetaLabels& labels, const JsonView& pod, const KubernetesSdConfig& config,
                  ObjectLookup& lookup);

// Those of the namespace, when the configuration wants them.
void AttachNamespace(MetaLabels& labels, std::string_view ns, const KubernetesSdConfig& config,
                     ObjectLookup& lookup);

}  // namespace sluice::scrape
