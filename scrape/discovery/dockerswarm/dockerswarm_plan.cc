#include "scrape/discovery/dockerswarm/dockerswarm_plan.h"

#include <map>
#include <memory>
#include <string>
#include <utility>

#include "scrape/discovery/host_port.h"
#include "scrape/discovery/json_entries.h"
#include "scrape/discovery/meta_labels.h"

namespace sluice::scrape {
namespace {

constexpr const char* kPrefix = "__meta_dockerswarm_";

// What tasks and services are joined with, by id.
struct Context {
  std::string port;
  MobyNetworks networks;
  std::map<std::string_view, MetaLabels> services;
  std::map<std::string_view, JsonView> service_ports;
  std::map<std::string_view, MetaLabels> nodes;
  std::map<std::string_view, std::string_view> node_addresses;
};

// "10.0.0.3/24" -> "10.0.0.3".
Result<std::string> WithoutMask(std::string_view address) {
  const size_t slash = address.find('/');
  if (slash == 0 || slash == std::string_view::npos) {
    return InvalidInput("invalid CIDR address: " + std::string(address));
  }
  return std::string(address.substr(0, slash));
}

std::string_view ModeOf(const JsonView& service) {
  const JsonView mode = service["Spec"]["Mode"];
  if (mode["Global"]) return "global";
  return mode["Replicated"] ? "replicated" : "";
}

MetaLabels ServiceLabels(const JsonView& service) {
  MetaLabels labels(kPrefix);
  labels.Add("service_id", service["ID"].Text());
  labels.Add("service_name", service["Spec"]["Name"].Text());
  labels.Add("service_mode", ModeOf(service));
  labels.AddAll("service_label_", service["Spec"]["Labels"]);
  return labels;
}

// Those that tasks get, too.
MetaLabels NodeLabels(const JsonView& node) {
  const JsonView description = node["Description"];
  MetaLabels labels(kPrefix);
  labels.Add("node_id", node["ID"].Text());
  labels.Add("node_role", node["Spec"]["Role"].Text());
  labels.Add("node_availability", node["Spec"]["Availability"].Text());
  labels.Add("node_hostname", description["Hostname"].Text());
  labels.Add("node_platform_architecture", description["Platform"]["Architecture"].Text());
  labels.Add("node_platform_os", description["Platform"]["OS"].Text());
  labels.Add("node_status", node["Status"]["State"].Text());
  labels.Add("node_address", node["Status"]["Addr"].Text());
  labels.AddAll("node_label_", node["Spec"]["Labels"]);
  return labels;
}

void MergeNetwork(const Context& context, std::string_view id, MetaLabels& labels) {
  const auto network = context.networks.find(id);
  if (network != context.networks.end()) labels.Merge(network->second);
}

// A target for each TCP port; or one with the port of the configuration.
template <class AddLabels>
void AddPortTargets(const Context& context, const JsonView& ports, const std::string& ip,
                    const MetaLabels& common, const AddLabels& add_labels, TargetGroup& group) {
  bool has_port = false;
  for (const JsonView& port : ports.Items()) {
    if (port["Protocol"].Text() != "tcp") continue;
    has_port = true;
    MetaLabels labels = common;
    add_labels(port, labels);
    const std::string published = std::to_string(port["PublishedPort"].Integer());
    group.targets.push_back(labels.Target(HostPort(ip, published)));
  }
  if (!has_port) group.targets.push_back(common.Target(HostPort(ip, context.port)));
}

Result<TargetGroup> ReadService(const Context& context, const JsonView& service) {
  TargetGroup group;
  group.source = service["ID"].Text();
  MetaLabels common = ServiceLabels(service);
  const JsonView container = service["Spec"]["TaskTemplate"]["ContainerSpec"];
  common.Add("service_task_container_hostname", container["Hostname"].Text());
  common.Add("service_task_container_image", container["Image"].Text());
  common.Add("service_updating_status", service["UpdateStatus"]["State"].Text());
  const auto add_labels = [](const JsonView& port, MetaLabels& labels) {
    labels.Add("service_endpoint_port_name", port["Name"].Text());
    labels.Add("service_endpoint_port_publish_mode", port["PublishMode"].Text());
  };
  for (const JsonView& ip : service["Endpoint"]["VirtualIPs"].Items()) {
    const Result<std::string> address = WithoutMask(ip["Addr"].Text());
    if (!address.ok()) return address.error();
    MetaLabels labels = common;
    MergeNetwork(context, ip["NetworkID"].Text(), labels);
    AddPortTargets(context, service["Endpoint"]["Ports"], *address, labels, add_labels, group);
  }
  return group;
}

MetaLabels TaskLabels(const Context& context, const JsonView& task) {
  MetaLabels labels(kPrefix);
  labels.Add("task_id", task["ID"].Text());
  labels.Add("task_desired_state", task["DesiredState"].Text());
  labels.Add("task_state", task["Status"]["State"].Text());
  labels.Add("task_slot", std::to_string(task["Slot"].Integer()));
  labels.Add("task_container_id", task["Status"]["ContainerStatus"]["ContainerID"].Text());
  labels.AddAll("container_label_", task["Spec"]["ContainerSpec"]["Labels"]);
  const auto service = context.services.find(task["ServiceID"].Text());
  if (service != context.services.end()) labels.Merge(service->second);
  const auto node = context.nodes.find(task["NodeID"].Text());
  if (node != context.nodes.end()) labels.Merge(node->second);
  return labels;
}

void AddPublishMode(const JsonView& port, MetaLabels& labels) {
  labels.Add("task_port_publish_mode", port["PublishMode"].Text());
}

// Ports that are published by the host of the task.
void AddHostTargets(const Context& context, const JsonView& task, const MetaLabels& common,
                    TargetGroup& group) {
  const auto node = context.node_addresses.find(task["NodeID"].Text());
  const std::string_view host = node == context.node_addresses.end() ? "" : node->second;
  for (const JsonView& port : task["Status"]["PortStatus"]["Ports"].Items()) {
    if (port["Protocol"].Text() != "tcp") continue;
    MetaLabels labels = common;
    AddPublishMode(port, labels);
    const std::string published = std::to_string(port["PublishedPort"].Integer());
    group.targets.push_back(labels.Target(HostPort(host, published)));
  }
}

Result<TargetGroup> ReadTask(const Context& context, const JsonView& task) {
  TargetGroup group;
  group.source = task["ID"].Text();
  const MetaLabels common = TaskLabels(context, task);
  AddHostTargets(context, task, common, group);
  const auto found = context.service_ports.find(task["ServiceID"].Text());
  const JsonView ports = found == context.service_ports.end() ? JsonView() : found->second;
  for (const JsonView& attachment : task["NetworksAttachments"].Items()) {
    MetaLabels labels = common;
    MergeNetwork(context, attachment["Network"]["ID"].Text(), labels);
    for (const std::string_view address : attachment["Addresses"].Texts()) {
      const Result<std::string> ip = WithoutMask(address);
      if (!ip.ok()) return ip.error();
      AddPortTargets(context, ports, *ip, labels, &AddPublishMode, group);
    }
  }
  return group;
}

Result<TargetGroup> ReadNode(const Context& context, const JsonView& node) {
  TargetGroup group;
  group.source = node["ID"].Text();
  MetaLabels labels = NodeLabels(node);
  labels.Add("node_engine_version", node["Description"]["Engine"]["EngineVersion"].Text());
  if (const JsonView manager = node["ManagerStatus"]) {
    labels.Add("node_manager_leader", manager["Leader"].Bool() ? "true" : "false");
    labels.Add("node_manager_reachability", manager["Reachability"].Text());
    labels.Add("node_manager_address", manager["Addr"].Text());
  }
  const std::string_view address = node["Status"]["Addr"].Text();
  group.targets.push_back(labels.Target(HostPort(address, context.port)));
  return group;
}

void ReadServices(const JsonView& list, Context& context) {
  for (const JsonView& service : list.Items()) {
    context.services.emplace(service["ID"].Text(), ServiceLabels(service));
    context.service_ports.emplace(service["ID"].Text(), service["Endpoint"]["Ports"]);
  }
}

void ReadNodes(const JsonView& list, Context& context) {
  for (const JsonView& node : list.Items()) {
    context.nodes.emplace(node["ID"].Text(), NodeLabels(node));
    context.node_addresses.emplace(node["ID"].Text(), node["Status"]["Addr"].Text());
  }
}

using ReadEntry = Result<TargetGroup> (*)(const Context& context, const JsonView& entry);

struct Role {
  std::string_view list;  // of the entries
  ReadEntry read;
  std::vector<std::string_view> joined;  // other lists
};

Role RoleOf(SwarmRole role) {
  switch (role) {
    case SwarmRole::kServices:
      return {"services", &ReadService, {"networks"}};
    case SwarmRole::kTasks:
      return {"tasks", &ReadTask, {"networks", "services", "nodes"}};
    case SwarmRole::kNodes:
      return {"nodes", &ReadNode, {}};
  }
  return {};
}

void Join(std::string_view list, const JsonView& root, Context& context) {
  if (list == "networks") context.networks = ReadMobyNetworks(root, kPrefix);
  if (list == "services") ReadServices(root, context);
  if (list == "nodes") ReadNodes(root, context);
}

}  // namespace

DockerSwarmPlan::DockerSwarmPlan(DockerSwarmSdConfig config) : config_(std::move(config)) {}

Result<HttpRequests> DockerSwarmPlan::Begin() {
  const auto request = [this](std::string_view list, const MobyFilters& filters) {
    return MobyRequest(config_.host, list, filters, config_.client, config_.refresh_interval);
  };
  const Role role = RoleOf(config_.role);
  std::vector<HttpRequest> requests = {request(role.list, config_.filters)};
  for (const std::string_view list : role.joined) requests.push_back(request(list, {}));
  return requests;
}

Result<HttpStep> DockerSwarmPlan::Next(const std::vector<HttpAnswer>& answers) {
  const Role role = RoleOf(config_.role);
  Context context;
  context.port = std::to_string(config_.port);
  // They own what the context refers to.
  std::vector<std::unique_ptr<JsonDocument>> documents;
  for (size_t i = 0; i < answers.size(); ++i) {
    auto json = ParseJsonAnswer(answers[i]);
    if (!json.ok()) return json.error();
    if (i > 0) Join(role.joined[i - 1], (*json)->root(), context);
    if (Status status = CheckJson(**json, answers[i]); !status.ok()) return status.error();
    documents.push_back(std::move(*json));
  }
  JsonDocument& json = *documents.front();
  Refreshed refreshed;
  json.root().Items();
  if (Status status = CheckJson(json, answers[0]); !status.ok()) return status.error();
  ReadEntries(
      json, json.root(), std::string(role.list), refreshed.bad_entries,
      [&](const JsonView& entry) -> Result<TargetGroup> {
        if (!entry.is_object() || entry["ID"].Text().empty()) {
          return InvalidInput("an entry without an ID");
        }
        return role.read(context, entry);
      },
      [&](TargetGroup group) { refreshed.groups.push_back(std::move(group)); });
  return HttpStep(std::move(refreshed));
}

}  // namespace sluice::scrape
