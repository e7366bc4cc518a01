#include "scrape/discovery/ionos/ionos_plan.h"

#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "base/json.h"
#include "scrape/discovery/host_port.h"
#include "scrape/discovery/json_entries.h"
#include "scrape/discovery/meta_labels.h"
#include "scrape/discovery/url_query.h"

namespace sluice::scrape {
namespace {

constexpr size_t kPageSize = 1000;   // the most that the API allows
constexpr const char* kDepth = "3";  // with network interfaces and volumes

using Ips = std::vector<std::string_view>;

// Addresses of a later interface come before those of an earlier one, as in Prometheus.
void Prepend(const Ips& ips, Ips& all) { all.insert(all.begin(), ips.begin(), ips.end()); }

void AddBootLabels(const JsonView& server, MetaLabels& labels) {
  const JsonView properties = server["properties"];
  labels.Add("boot_cdrom_id", properties["bootCdrom"]["id"].Text());
  labels.Add("boot_volume_id", properties["bootVolume"]["id"].Text());
  const std::vector<JsonView> volumes = server["entities"]["volumes"]["items"].Items();
  if (volumes.empty()) return;
  labels.Add("boot_image_id", volumes.front()["properties"]["image"].Text());
}

// No labels for a server without an address: it is left out.
Result<relabel::Labels> ReadServer(const JsonView& server, std::string_view servers_id,
                                   uint16_t port) {
  Ips ips;
  std::map<std::string_view, Ips> by_interface;
  for (const JsonView& nic : server["entities"]["nics"]["items"].Items()) {
    const JsonView name = nic["properties"]["name"];
    const Ips of_nic = nic["properties"]["ips"].Texts();
    Prepend(of_nic, ips);
    Prepend(of_nic, by_interface[name ? name.Text() : "unnamed"]);
  }
  if (ips.empty()) return relabel::Labels();
  const JsonView properties = server["properties"];
  MetaLabels labels("__meta_ionos_server_");
  labels.Add("availability_zone", properties["availabilityZone"].Text());
  labels.Add("cpu_family", properties["cpuFamily"].Text());
  labels.Add("servers_id", servers_id);
  labels.Add("id", server["id"].Text());
  labels.Add("ip", WrappedList(ips, ","));
  labels.Add("lifecycle", server["metadata"]["state"].Text());
  labels.Add("name", properties["name"].Text());
  labels.Add("state", properties["vmState"].Text());
  labels.Add("type", properties["type"].Text());
  for (const auto& [name, of_nic] : by_interface) {
    labels.Add("nic_ip_" + SanitizedLabelName(name), WrappedList(of_nic, ","));
  }
  AddBootLabels(server, labels);
  return labels.Target(HostPort(ips.front(), std::to_string(port)));
}

}  // namespace

IonosPlan::IonosPlan(IonosSdConfig config) : config_(std::move(config)) {}

Result<HttpRequests> IonosPlan::Begin() {
  offset_ = 0;
  refreshed_ = {};
  refreshed_.groups.push_back({.source = "ionos", .targets = {}, .labels = {}});
  return HttpRequests{PageRequest()};
}

HttpRequest IonosPlan::PageRequest() const {
  UrlQuery query;
  query.Add("depth", kDepth);
  query.Add("offset", std::to_string(offset_));
  query.Add("limit", std::to_string(kPageSize));
  HttpRequest request;
  request.url = config_.api_url + "/datacenters/" + EscapedPathSegment(config_.datacenter_id) +
                "/servers" + query.Text();
  request.client = config_.client;
  request.timeout = config_.refresh_interval;
  request.accept_gzip = true;
  return request;
}

Result<HttpStep> IonosPlan::Next(const std::vector<HttpAnswer>& answers) {
  const Result<bool> more = ReadPage(answers.front());
  if (!more.ok()) return more.error();
  if (!*more) return HttpStep(std::exchange(refreshed_, {}));
  return HttpStep(HttpRequests{PageRequest()});
}

Result<bool> IonosPlan::ReadPage(const HttpAnswer& answer) {
  const auto json = ParseJsonAnswer(answer);
  if (!json.ok()) return json.error();
  const JsonView root = (*json)->root();
  const std::string_view id = root["id"].Text();
  const size_t count = root["items"].Items().size();
  if (Status status = CheckJson(**json, answer); !status.ok()) return status.error();
  ReadEntries(
      **json, root["items"], "items", refreshed_.bad_entries,
      [&](const JsonView& server) { return ReadServer(server, id, config_.port); },
      [this](relabel::Labels target) {
        if (!target.empty()) refreshed_.groups.front().targets.push_back(std::move(target));
      });
  offset_ += count;
  return count == kPageSize;
}

}  // namespace sluice::scrape
