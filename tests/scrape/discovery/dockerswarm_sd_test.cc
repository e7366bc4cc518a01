#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "plan_answers.h"
#include "scrape/discovery/dockerswarm/dockerswarm_plan.h"

namespace sluice::scrape {
namespace {

using relabel::Label;
using relabel::Labels;
using test::Addresses;
using test::AllTargets;
using test::PlanAnswer;
using test::PlanFailure;
using test::RunPlan;
using Names = std::vector<std::string>;

constexpr const char* kNetworks = R"([
  {"Id": "n1", "Name": "mesh", "Scope": "swarm", "Internal": false, "Ingress": true,
   "Labels": {"l": "v"}}])";
const std::string kService = R"({
  "ID": "s1",
  "Spec": {"Name": "web", "Labels": {"team.x": "t"}, "Mode": {"Replicated": {"Replicas": 2}},
           "TaskTemplate": {"ContainerSpec": {"Image": "img:1", "Hostname": "hn"}}},
  "UpdateStatus": {"State": "completed"},
  "Endpoint": {
    "Ports": [{"Name": "http", "Protocol": "tcp", "TargetPort": 80, "PublishedPort": 8080,
               "PublishMode": "ingress"},
              {"Protocol": "udp", "TargetPort": 53, "PublishedPort": 53}],
    "VirtualIPs": [{"NetworkID": "n1", "Addr": "10.0.0.3/24"}]}})";
const std::string kNode = R"({
  "ID": "w1", "Spec": {"Role": "manager", "Availability": "active", "Labels": {"zone": "z1"}},
  "Description": {"Hostname": "host1", "Platform": {"Architecture": "x86_64", "OS": "linux"},
                  "Engine": {"EngineVersion": "20.10"}},
  "Status": {"State": "ready", "Addr": "192.0.2.7"},
  "ManagerStatus": {"Leader": true, "Reachability": "reachable", "Addr": "192.0.2.7:2377"}})";
const std::string kTask = R"({
  "ID": "t1", "ServiceID": "s1", "NodeID": "w1", "Slot": 2, "DesiredState": "running",
  "Spec": {"ContainerSpec": {"Labels": {"cl": "cv"}}},
  "Status": {"State": "running", "ContainerStatus": {"ContainerID": "c1"},
             "PortStatus": {"Ports": [{"Protocol": "tcp", "PublishedPort": 9000,
                                       "PublishMode": "host"}]}},
  "NetworksAttachments": [{"Network": {"ID": "n1"}, "Addresses": ["10.0.0.9/24"]}]})";

const std::vector<Label> kNetworkLabels = {{"__meta_dockerswarm_network_id", "n1"},
                                           {"__meta_dockerswarm_network_ingress", "true"},
                                           {"__meta_dockerswarm_network_internal", "false"},
                                           {"__meta_dockerswarm_network_label_l", "v"},
                                           {"__meta_dockerswarm_network_name", "mesh"},
                                           {"__meta_dockerswarm_network_scope", "swarm"}};
const std::vector<Label> kServiceLabels = {{"__meta_dockerswarm_service_id", "s1"},
                                           {"__meta_dockerswarm_service_label_team_x", "t"},
                                           {"__meta_dockerswarm_service_mode", "replicated"},
                                           {"__meta_dockerswarm_service_name", "web"}};
const std::vector<Label> kNodeLabels = {{"__meta_dockerswarm_node_address", "192.0.2.7"},
                                        {"__meta_dockerswarm_node_availability", "active"},
                                        {"__meta_dockerswarm_node_hostname", "host1"},
                                        {"__meta_dockerswarm_node_id", "w1"},
                                        {"__meta_dockerswarm_node_label_zone", "z1"},
                                        {"__meta_dockerswarm_node_platform_architecture", "x86_64"},
                                        {"__meta_dockerswarm_node_platform_os", "linux"},
                                        {"__meta_dockerswarm_node_role", "manager"},
                                        {"__meta_dockerswarm_node_status", "ready"}};

Labels Together(const std::vector<std::vector<Label>>& parts) {
  std::vector<Label> labels;
  for (const auto& part : parts) labels.insert(labels.end(), part.begin(), part.end());
  return Labels::From(std::move(labels));
}

DockerSwarmPlan Plan(SwarmRole role) {
  DockerSwarmSdConfig config;
  config.host = {"http://h", ""};
  config.role = role;
  config.port = 99;
  config.filters = {{"name", {"x"}}};
  return DockerSwarmPlan(config);
}

TEST_CASE("a swarm service has a target for each address and TCP port", "[dockerswarm_sd]") {
  DockerSwarmPlan plan = Plan(SwarmRole::kServices);
  const Refreshed refreshed = RunPlan(plan, {"[" + kService + "]", kNetworks});
  CHECK(refreshed.bad_entries.empty());
  CHECK(refreshed.groups.at(0).source == "s1");
  CHECK(AllTargets(refreshed.groups) ==
        std::vector<Labels>{
            Together({kNetworkLabels,
                      kServiceLabels,
                      {{"__address__", "10.0.0.3:8080"},
                       {"__meta_dockerswarm_service_endpoint_port_name", "http"},
                       {"__meta_dockerswarm_service_endpoint_port_publish_mode", "ingress"},
                       {"__meta_dockerswarm_service_task_container_hostname", "hn"},
                       {"__meta_dockerswarm_service_task_container_image", "img:1"},
                       {"__meta_dockerswarm_service_updating_status", "completed"}}})});
  const Refreshed global =
      RunPlan(plan, {R"([{"ID": "s2", "Spec": {"Mode": {"Global": {}}}, "Endpoint":
                {"VirtualIPs": [{"NetworkID": "n2", "Addr": "fd00::3/64"}]}}])",
                     kNetworks});
  CHECK(AllTargets(global.groups) ==
        std::vector<Labels>{{{"__address__", "[fd00::3]:99"},
                             {"__meta_dockerswarm_service_id", "s2"},
                             {"__meta_dockerswarm_service_mode", "global"}}});
}

TEST_CASE("a swarm task has targets for ports of its host and of its service", "[dockerswarm_sd]") {
  DockerSwarmPlan plan = Plan(SwarmRole::kTasks);
  const Refreshed refreshed =
      RunPlan(plan, {"[" + kTask + "]", kNetworks, "[" + kService + "]", "[" + kNode + "]"});
  CHECK(refreshed.bad_entries.empty());
  const std::vector<Label> task = {{"__meta_dockerswarm_container_label_cl", "cv"},
                                   {"__meta_dockerswarm_task_container_id", "c1"},
                                   {"__meta_dockerswarm_task_desired_state", "running"},
                                   {"__meta_dockerswarm_task_id", "t1"},
                                   {"__meta_dockerswarm_task_slot", "2"},
                                   {"__meta_dockerswarm_task_state", "running"}};
  const std::string mode = "__meta_dockerswarm_task_port_publish_mode";
  CHECK(AllTargets(refreshed.groups) ==
        std::vector<Labels>{Together({task,
                                      kServiceLabels,
                                      kNodeLabels,
                                      {{"__address__", "192.0.2.7:9000"}, {mode, "host"}}}),
                            Together({task,
                                      kServiceLabels,
                                      kNodeLabels,
                                      kNetworkLabels,
                                      {{"__address__", "10.0.0.9:8080"}, {mode, "ingress"}}})});
  // Of a service without ports, the configured one.
  CHECK(Addresses(RunPlan(plan, {"[" + kTask + "]", kNetworks, "[]", "[]"}).groups) ==
        Names{":9000", "10.0.0.9:99"});
}

TEST_CASE("a swarm node is a target", "[dockerswarm_sd]") {
  DockerSwarmPlan plan = Plan(SwarmRole::kNodes);
  const Refreshed refreshed = RunPlan(plan, {"[" + kNode + "]"});
  CHECK(AllTargets(refreshed.groups) ==
        std::vector<Labels>{
            Together({kNodeLabels,
                      {{"__address__", "192.0.2.7:99"},
                       {"__meta_dockerswarm_node_engine_version", "20.10"},
                       {"__meta_dockerswarm_node_manager_address", "192.0.2.7:2377"},
                       {"__meta_dockerswarm_node_manager_leader", "true"},
                       {"__meta_dockerswarm_node_manager_reachability", "reachable"}}})});
  const Refreshed worker = RunPlan(plan, {R"([{"ID": "w", "Status": {"Addr": "a"}}])"});
  CHECK(AllTargets(worker.groups).at(0).Get("__meta_dockerswarm_node_manager_leader").empty());
}

TEST_CASE("filters belong to the list of the role alone", "[dockerswarm_sd]") {
  const auto urls = [](SwarmRole role) {
    Names names;
    DockerSwarmPlan plan = Plan(role);
    for (const HttpRequest& request : test::Begun(plan)) names.push_back(request.url);
    return names;
  };
  const std::string filters = "?filters=%7B%22name%22%3A%7B%22x%22%3Atrue%7D%7D";
  CHECK(urls(SwarmRole::kServices) == Names{"http://h/services" + filters, "http://h/networks"});
  CHECK(urls(SwarmRole::kTasks) == Names{"http://h/tasks" + filters, "http://h/networks",
                                         "http://h/services", "http://h/nodes"});
  CHECK(urls(SwarmRole::kNodes) == Names{"http://h/nodes" + filters});
}

TEST_CASE("a swarm entry that is no good is left out", "[dockerswarm_sd]") {
  DockerSwarmPlan services = Plan(SwarmRole::kServices);
  const Refreshed refreshed = RunPlan(
      services,
      {"[" + kService + R"(, {"ID": "x", "Endpoint": {"VirtualIPs": [{"Addr": "10.0.0.1"}]}}, 5,
        {"ID": "y", "Spec": {"Name": 5}}, {}])",
       "[]"});
  CHECK(Addresses(refreshed.groups) == Names{"10.0.0.3:8080"});
  CHECK(refreshed.bad_entries ==
        Names{"services[1]: invalid CIDR address: 10.0.0.1", "services[2]: an entry without an ID",
              "services[3]: expected a string, got 5", "services[4]: an entry without an ID"});
  DockerSwarmPlan nodes = Plan(SwarmRole::kNodes);
  CHECK_THAT(PlanFailure(nodes, {PlanAnswer("[]", 503)}), Catch::Contains("503"));
  CHECK_THAT(PlanFailure(nodes, {PlanAnswer("{}")}), Catch::Contains("expected a list"));
  CHECK_THAT(PlanFailure(services, {PlanAnswer("[]"), PlanAnswer("{}")}),
             Catch::Contains("expected a list"));
}

}  // namespace
}  // namespace sluice::scrape
