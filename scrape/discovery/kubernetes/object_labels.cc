#include "scrape/discovery/kubernetes/object_labels.h"

#include <algorithm>

#include "scrape/discovery/kubernetes/api_object.h"

namespace sluice::scrape {
namespace {

// For each key of `texts`: its value, and that it is there, which an empty value would not tell.
void AddPresent(MetaLabels& labels, const std::string& name, const JsonView& texts) {
  for (const auto& [key, value] : texts.Entries()) {
    const std::string suffix = "_" + SanitizedLabelName(key);
    labels.Add(name + suffix, value.Text());
    labels.Add(name + "present" + suffix, "true");
  }
}

std::string PodReady(const JsonView& pod) {
  for (const JsonView& condition : pod["status"]["conditions"].Items()) {
    if (condition["type"].Text() == "Ready") return Lowered(condition["status"].Text());
  }
  return "unknown";
}

// The owner that manages an object; nothing if there is none.
JsonView ControllerOf(const JsonView& object) {
  for (const JsonView& owner : object["metadata"]["ownerReferences"].Items()) {
    if (owner["controller"].Bool()) return owner;
  }
  return {};
}

void AddControllers(MetaLabels& labels, const JsonView& pod, const KubernetesSdConfig& config,
                    ObjectLookup& lookup) {
  const JsonView controller = ControllerOf(pod);
  const std::string_view kind = controller["kind"].Text();
  const std::string_view name = controller["name"].Text();
  labels.Add("pod_controller_kind", kind);
  labels.Add("pod_controller_name", name);
  const std::string key = ApiObjectKey(pod["metadata"]["namespace"].Text(), name);
  if (kind == "ReplicaSet" && config.attach_deployment) {
    const JsonView owner = ControllerOf(lookup.Find(ApiKind::kReplicaSet, key));
    if (owner["kind"].Text() == "Deployment") {
      labels.Add("pod_deployment_name", owner["name"].Text());
    }
  }
  if (kind != "Job") return;
  if (config.attach_job) labels.Add("pod_job_name", name);
  if (!config.attach_cronjob) return;
  const JsonView owner = ControllerOf(lookup.Find(ApiKind::kJob, key));
  if (owner["kind"].Text() == "CronJob") labels.Add("pod_cronjob_name", owner["name"].Text());
}

}  // namespace

std::string Lowered(std::string_view text) {
  std::string lowered(text);
  std::transform(lowered.begin(), lowered.end(), lowered.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return lowered;
}

void AddLabelsAndAnnotations(MetaLabels& labels, std::string_view role, const JsonView& metadata) {
  AddPresent(labels, std::string(role) + "_label", metadata["labels"]);
  AddPresent(labels, std::string(role) + "_annotation", metadata["annotations"]);
}

void AddMetadata(MetaLabels& labels, std::string_view role, const JsonView& metadata) {
  labels.Add(std::string(role) + "_name", metadata["name"].Text());
  AddLabelsAndAnnotations(labels, role, metadata);
}

void AddNodeLabels(MetaLabels& labels, const JsonView& node) {
  AddMetadata(labels, "node", node["metadata"]);
}

void AddServiceLabels(MetaLabels& labels, const JsonView& service) {
  AddMetadata(labels, "service", service["metadata"]);
}

void AddPodLabels(MetaLabels& labels, const JsonView& pod, const KubernetesSdConfig& config,
                  ObjectLookup& lookup) {
  const JsonView status = pod["status"];
  labels.Add("pod_ip", status["podIP"].Text());
  labels.Add("pod_ready", PodReady(pod));
  labels.Add("pod_phase", status["phase"].Text());
  labels.Add("pod_node_name", pod["spec"]["nodeName"].Text());
  labels.Add("pod_host_ip", status["hostIP"].Text());
  labels.Add("pod_uid", pod["metadata"]["uid"].Text());
  AddMetadata(labels, "pod", pod["metadata"]);
  AddControllers(labels, pod, config, lookup);
}

void AttachNamespace(MetaLabels& labels, std::string_view ns, const KubernetesSdConfig& config,
                     ObjectLookup& lookup) {
  if (!config.attach_namespace) return;
  const JsonView found = lookup.Find(ApiKind::kNamespace, std::string(ns));
  if (found) AddLabelsAndAnnotations(labels, "namespace", found["metadata"]);
}

}  // namespace sluice::scrape
