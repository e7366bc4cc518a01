#include "scrape/discovery/docker/docker_plan.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include "scrape/discovery/host_port.h"
#include "scrape/discovery/json_entries.h"
#include "scrape/discovery/meta_labels.h"

namespace sluice::scrape {
namespace {

constexpr const char* kPrefix = "__meta_docker_";
constexpr std::string_view kOtherContainer = "container:";
// Of containers that use the network of one that uses the network of one ...
constexpr int kNetworkHopsMax = 16;

// What is needed to read any container.
struct Context {
  const DockerSdConfig& config;
  MobyNetworks networks;
  std::map<std::string_view, JsonView> containers;  // by id
};

using NetworkEntry = std::pair<std::string_view, JsonView>;

// Those that are there, sorted by name.
std::vector<NetworkEntry> NetworksOf(const JsonView& container) {
  std::vector<NetworkEntry> networks = container["NetworkSettings"]["Networks"].Entries();
  std::erase_if(networks, [](const NetworkEntry& entry) { return !entry.second; });
  std::sort(networks.begin(), networks.end(),
            [](const NetworkEntry& a, const NetworkEntry& b) { return a.first < b.first; });
  return networks;
}

// Its own, or those of the container whose network it uses.
std::vector<NetworkEntry> FindNetworks(const Context& context, JsonView container) {
  for (int hop = 0; hop < kNetworkHopsMax; ++hop) {
    std::vector<NetworkEntry> networks = NetworksOf(container);
    if (!networks.empty()) return networks;
    const std::string_view mode = container["HostConfig"]["NetworkMode"].Text();
    if (!mode.starts_with(kOtherContainer)) return {};
    const auto other = context.containers.find(mode.substr(kOtherContainer.size()));
    if (other == context.containers.end()) return {};
    container = other->second;
  }
  return {};
}

MetaLabels ContainerLabels(const JsonView& container) {
  MetaLabels labels(kPrefix);
  labels.Add("container_id", container["Id"].Text());
  labels.Add("container_name", container["Names"].Texts().front());
  labels.Add("container_image", container["Image"].Text());
  labels.Add("container_image_id", container["ImageID"].Text());
  labels.Add("container_network_mode", container["HostConfig"]["NetworkMode"].Text());
  labels.AddAll("container_label_", container["Labels"]);
  return labels;
}

void AddPortLabels(const JsonView& port, MetaLabels& labels) {
  labels.Add("port_private", port["PrivatePort"].NumberText());
  if (port["PublicPort"].Integer() <= 0) return;
  labels.Add("port_public", port["PublicPort"].NumberText());
  labels.Add("port_public_ip", port["IP"].Text());
}

void AddTargets(const Context& context, const JsonView& container, const JsonView& network,
                TargetGroup& group) {
  MetaLabels common = ContainerLabels(container);
  const std::string_view ip = network["IPAddress"].Text();
  common.Add("network_ip", ip);
  const auto known = context.networks.find(network["NetworkID"].Text());
  if (known != context.networks.end()) common.Merge(known->second);
  bool has_port = false;
  for (const JsonView& port : container["Ports"].Items()) {
    if (port["Type"].Text() != "tcp") continue;
    has_port = true;
    MetaLabels labels = common;
    AddPortLabels(port, labels);
    group.targets.push_back(labels.Target(HostPort(ip, port["PrivatePort"].NumberText())));
  }
  if (has_port) return;
  const bool is_host = container["HostConfig"]["NetworkMode"].Text() == "host";
  group.targets.push_back(common.Target(is_host
                                            ? context.config.host_networking_host
                                            : HostPort(ip, std::to_string(context.config.port))));
}

Result<TargetGroup> ReadContainer(const Context& context, const JsonView& container) {
  TargetGroup group;
  group.source = container["Id"].Text();
  if (group.source.empty()) return InvalidInput("a container without an id");
  if (container["Names"].Items().empty()) return group;
  std::vector<NetworkEntry> networks = FindNetworks(context, container);
  if (context.config.match_first_network && networks.size() > 1) networks.resize(1);
  for (const auto& [name, network] : networks) AddTargets(context, container, network, group);
  return group;
}

}  // namespace

DockerPlan::DockerPlan(DockerSdConfig config) : config_(std::move(config)) {}

Result<HttpRequests> DockerPlan::Begin() {
  const auto request = [this](std::string_view list, const MobyFilters& filters) {
    return MobyRequest(config_.host, list, filters, config_.client, config_.refresh_interval);
  };
  return HttpRequests{request("containers/json", config_.filters), request("networks", {})};
}

Result<HttpStep> DockerPlan::Next(const std::vector<HttpAnswer>& answers) {
  const auto containers = ParseJsonAnswer(answers[0]);
  if (!containers.ok()) return containers.error();
  const auto networks = ParseJsonAnswer(answers[1]);
  if (!networks.ok()) return networks.error();
  Context context{.config = config_, .networks = {}, .containers = {}};
  context.networks = ReadMobyNetworks((*networks)->root(), kPrefix);
  if (Status status = CheckJson(**networks, answers[1]); !status.ok()) return status.error();
  const std::vector<JsonView> list = (*containers)->root().Items();
  if (Status status = CheckJson(**containers, answers[0]); !status.ok()) return status.error();
  for (const JsonView& container : list) {
    context.containers.emplace(container["Id"].Text(), container);
  }
  (*containers)->TakeMismatch();  // entries are checked one by one, below
  Refreshed refreshed;
  ReadEntries(
      **containers, (*containers)->root(), "containers", refreshed.bad_entries,
      [&](const JsonView& container) { return ReadContainer(context, container); },
      [&](TargetGroup group) { refreshed.groups.push_back(std::move(group)); });
  return HttpStep(std::move(refreshed));
}

}  // namespace sluice::scrape
