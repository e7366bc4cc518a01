#include "scrape/discovery/hetzner/hetzner_plan.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "scrape/discovery/host_port.h"
#include "scrape/discovery/ip_text.h"
#include "scrape/discovery/json_entries.h"
#include "scrape/discovery/meta_labels.h"
#include "scrape/discovery/url_query.h"

namespace sluice::scrape {
namespace {

constexpr const char* kPrefix = "__meta_hetzner_";
constexpr const char* kSource = "hetzner";
constexpr int kPageSize = 50;  // the most that the API allows

std::string Lower(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return lower;
}

std::string NumberOf(const JsonView& number) { return std::to_string(number.Integer()); }

std::string IpOf(const JsonView& address) {
  return CanonicalIp(address.Text()).value_or(std::string(kNoIp));
}

Result<relabel::Labels> ReadRobotServer(const JsonView& entry, const HetznerSdConfig& config) {
  const JsonView server = entry["server"];
  const std::string_view ip = server["server_ip"].Text();
  MetaLabels labels(kPrefix);
  labels.Add("role", "robot");
  labels.Add("server_id", NumberOf(server["server_number"]));
  labels.Add("server_name", server["server_name"].Text());
  labels.Add("server_status", server["status"].Text());
  labels.Add("datacenter", Lower(server["dc"].Text()));
  labels.Add("public_ipv4", ip);
  labels.Add("robot_product", server["product"].Text());
  labels.Add("robot_cancelled", server["cancelled"].Bool() ? "true" : "false");
  for (const JsonView& subnet : server["subnet"].Items()) {
    const std::string_view network = subnet["ip"].Text();
    if (IsIpv4(network)) continue;
    labels.Add("public_ipv6_network",
               std::string(network) + "/" + std::string(subnet["mask"].Text()));
    break;
  }
  return labels.Target(HostPort(ip, std::to_string(config.port)));
}

void AddTypeLabels(const JsonView& type, MetaLabels& labels) {
  labels.Add("hcloud_server_type", type["name"].Text());
  labels.Add("hcloud_cpu_cores", NumberOf(type["cores"]));
  labels.Add("hcloud_cpu_type", type["cpu_type"].Text());
  labels.Add("hcloud_memory_size_gb", std::to_string(static_cast<int64_t>(type["memory"].Float())));
  labels.Add("hcloud_disk_size_gb", NumberOf(type["disk"]));
}

// The old names, of when a server was in a data center, mean the same.
void AddLocationLabels(const JsonView& server, MetaLabels& labels) {
  const JsonView data_center = server["datacenter"];
  const JsonView location = server["location"] ? server["location"] : data_center["location"];
  for (const std::string name : {"hcloud_location", "hcloud_datacenter_location"}) {
    labels.Add(name, location["name"].Text());
    labels.Add(name + "_network_zone", location["network_zone"].Text());
  }
  labels.Add("datacenter", data_center["name"].Text());
}

void AddImageLabels(const JsonView& image, MetaLabels& labels) {
  labels.Add("hcloud_image_name", image["name"].Text());
  labels.Add("hcloud_image_description", image["description"].Text());
  labels.Add("hcloud_image_os_version", image["os_version"].Text());
  labels.Add("hcloud_image_os_flavor", image["os_flavor"].Text());
}

void AddOwnLabels(const JsonView& texts, MetaLabels& labels) {
  labels.AddAll("hcloud_label_", texts);
  for (const auto& [key, value] : texts.Entries()) {
    labels.Add("hcloud_labelpresent_" + SanitizedLabelName(key), "true");
  }
}

Result<relabel::Labels> ReadCloudServer(const JsonView& server,
                                        const std::map<int64_t, std::string>& networks,
                                        const HetznerSdConfig& config) {
  const JsonView public_net = server["public_net"];
  const std::string ip = IpOf(public_net["ipv4"]["ip"]);
  MetaLabels labels(kPrefix);
  labels.Add("role", "hcloud");
  labels.Add("server_id", NumberOf(server["id"]));
  labels.Add("server_name", server["name"].Text());
  labels.Add("server_status", server["status"].Text());
  labels.Add("public_ipv4", ip);
  labels.Add("public_ipv6_network",
             CanonicalNetwork(public_net["ipv6"]["ip"].Text()).value_or(std::string(kNoIp)));
  AddTypeLabels(server["server_type"], labels);
  AddLocationLabels(server, labels);
  AddImageLabels(server["image"], labels);
  for (const JsonView& net : server["private_net"].Items()) {
    const auto network = networks.find(net["network"].Integer());
    if (network == networks.end()) continue;
    labels.Add("hcloud_private_ipv4_" + SanitizedLabelName(network->second), IpOf(net["ip"]));
  }
  AddOwnLabels(server["labels"], labels);
  return labels.Target(HostPort(ip, std::to_string(config.port)));
}

}  // namespace

HetznerPlan::HetznerPlan(HetznerSdConfig config) : config_(std::move(config)) {}

Result<HttpRequests> HetznerPlan::Begin() {
  has_networks_ = false;
  page_ = 1;
  networks_.clear();
  refreshed_ = {};
  refreshed_.groups.push_back({.source = kSource, .targets = {}, .labels = {}});
  if (config_.role == HetznerRole::kRobot)
    return HttpRequests{Request(config_.robot_url + "/server")};
  return HttpRequests{PageRequest(page_)};
}

HttpRequest HetznerPlan::Request(const std::string& url) const {
  HttpRequest request;
  request.url = url;
  request.client = config_.client;
  request.timeout = config_.refresh_interval;
  request.accept_gzip = true;
  return request;
}

HttpRequest HetznerPlan::PageRequest(int64_t page) const {
  UrlQuery query;
  if (has_networks_ && !config_.label_selector.empty()) {
    query.Add("label_selector", config_.label_selector);
  }
  query.Add("page", std::to_string(page));
  query.Add("per_page", std::to_string(kPageSize));
  return Request(config_.hcloud_url + (has_networks_ ? "/servers" : "/networks") + query.Text());
}

Result<HttpStep> HetznerPlan::Next(const std::vector<HttpAnswer>& answers) {
  const HttpAnswer& answer = answers.front();
  if (config_.role == HetznerRole::kRobot) {
    if (Status status = ReadRobot(answer); !status.ok()) return status.error();
    return HttpStep(std::exchange(refreshed_, {}));
  }
  Result<int64_t> next_page = ReadPage(answer);
  if (!next_page.ok()) return next_page.error();
  if (*next_page == 0 && has_networks_) return HttpStep(std::exchange(refreshed_, {}));
  has_networks_ = has_networks_ || *next_page == 0;
  page_ = *next_page == 0 ? 1 : *next_page;
  return HttpStep(HttpRequests{PageRequest(page_)});
}

Status HetznerPlan::ReadRobot(const HttpAnswer& answer) {
  const auto json = ParseJsonAnswer(answer);
  if (!json.ok()) return json.error();
  static_cast<void>((*json)->root().Items());
  if (Status status = CheckJson(**json, answer); !status.ok()) return status;
  ReadEntries(
      **json, (*json)->root(), "server", refreshed_.bad_entries,
      [&](const JsonView& entry) { return ReadRobotServer(entry, config_); },
      [&](relabel::Labels target) {
        refreshed_.groups.front().targets.push_back(std::move(target));
      });
  return Status::Ok();
}

// The number of the next page; 0 if this was the last one.
Result<int64_t> HetznerPlan::ReadPage(const HttpAnswer& answer) {
  const auto json = ParseJsonAnswer(answer);
  if (!json.ok()) return json.error();
  const JsonView root = (*json)->root();
  const int64_t next = root["meta"]["pagination"]["next_page"].Integer();
  static_cast<void>(root[has_networks_ ? "servers" : "networks"].Items());
  if (Status status = CheckJson(**json, answer); !status.ok()) return status.error();
  if (next != 0 && next <= page_) {
    return InvalidInput(answer.url + ": the page after it is " + std::to_string(next));
  }
  if (has_networks_) {
    ReadServers(**json);
  } else {
    ReadNetworks(**json);
  }
  return next;
}

void HetznerPlan::ReadNetworks(JsonDocument& json) {
  using Network = std::pair<int64_t, std::string>;
  ReadEntries(
      json, json.root()["networks"], "networks", refreshed_.bad_entries,
      [](const JsonView& network) -> Result<Network> {
        return Network(network["id"].Integer(), network["name"].Text());
      },
      [&](Network network) { networks_.insert(std::move(network)); });
}

void HetznerPlan::ReadServers(JsonDocument& json) {
  ReadEntries(
      json, json.root()["servers"], "servers", refreshed_.bad_entries,
      [&](const JsonView& server) { return ReadCloudServer(server, networks_, config_); },
      [&](relabel::Labels target) {
        refreshed_.groups.front().targets.push_back(std::move(target));
      });
}

}  // namespace sluice::scrape
