#include "scrape/discovery/marathon/marathon_app.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "scrape/discovery/host_port.h"
#include "scrape/discovery/meta_labels.h"

namespace sluice::scrape {
namespace {

constexpr const char* kPrefix = "__meta_marathon_";

// The ports that the application names; 0 is one that each task says.
struct AppPorts {
  std::vector<int64_t> numbers;
  std::vector<JsonView> labels;  // empty, or one for each of them
  std::string label_prefix;
};

bool IsInContainerNetwork(const JsonView& app) {
  const std::vector<JsonView> networks = app["networks"].Items();
  return !networks.empty() && networks.front()["mode"].Text() == "container";
}

AppPorts ReadMappings(const std::vector<JsonView>& mappings, bool in_container_network) {
  AppPorts ports;
  ports.label_prefix = "port_mapping_label_";
  for (const JsonView& mapping : mappings) {
    const char* field = in_container_network ? "containerPort" : "hostPort";
    ports.numbers.push_back(mapping[field].Integer());
    ports.labels.push_back(mapping["labels"]);
  }
  return ports;
}

// Without `requirePorts`, the number is for load balancers, and nobody listens there.
AppPorts ReadDefinitions(const JsonView& app) {
  AppPorts ports;
  ports.label_prefix = "port_definition_label_";
  const bool is_fixed = app["requirePorts"].Bool();
  for (const JsonView& definition : app["portDefinitions"].Items()) {
    ports.numbers.push_back(is_fixed ? definition["port"].Integer() : 0);
    ports.labels.push_back(definition["labels"]);
  }
  return ports;
}

// Mappings moved from `docker` to the container in Marathon 1.5.
AppPorts ReadPorts(const JsonView& app) {
  const bool in_network = IsInContainerNetwork(app);
  const JsonView container = app["container"];
  for (const JsonView& list : {container["portMappings"], container["docker"]["portMappings"]}) {
    const std::vector<JsonView> mappings = list.Items();
    if (!mappings.empty()) return ReadMappings(mappings, in_network);
  }
  return ReadDefinitions(app);
}

std::vector<int64_t> IntegersOf(const JsonView& list) {
  std::vector<int64_t> numbers;
  for (const JsonView& item : list.Items()) numbers.push_back(item.Integer());
  return numbers;
}

std::string_view HostOf(const JsonView& task, bool in_container_network) {
  const std::vector<JsonView> addresses = task["ipAddresses"].Items();
  if (in_container_network && !addresses.empty()) return addresses.front()["ipAddress"].Text();
  return task["host"].Text();
}

void AddTask(const JsonView& task, const AppPorts& ports, bool in_container_network,
             TargetGroup& group) {
  const std::vector<int64_t> own = IntegersOf(task["ports"]);
  for (size_t i = 0; i < ports.numbers.size(); ++i) {
    int64_t port = ports.numbers[i];
    if (port == 0 && own.size() == ports.numbers.size()) port = own[i];
    MetaLabels labels(kPrefix);
    labels.Add("task", task["id"].Text());
    labels.Add("port_index", std::to_string(i));
    if (!ports.labels.empty()) labels.AddAll(ports.label_prefix, ports.labels[i]);
    group.targets.push_back(
        labels.Target(HostPort(HostOf(task, in_container_network), std::to_string(port))));
  }
}

}  // namespace

Result<TargetGroup> ReadMarathonApp(const JsonView& app) {
  TargetGroup group;
  group.source = app["id"].Text();
  if (group.source.empty()) return InvalidInput("an application without an id");
  MetaLabels labels(kPrefix);
  labels.Add("app", group.source);
  labels.Add("image", app["container"]["docker"]["image"].Text());
  labels.AddAll("app_label_", app["labels"]);
  group.labels = labels.Labels();
  const bool in_network = IsInContainerNetwork(app);
  AppPorts ports = ReadPorts(app);
  for (const JsonView& task : app["tasks"].Items()) {
    // An application that names none has those of its first task that has some.
    if (ports.numbers.empty()) ports.numbers = IntegersOf(task["ports"]);
    AddTask(task, ports, in_network, group);
  }
  return group;
}

}  // namespace sluice::scrape
