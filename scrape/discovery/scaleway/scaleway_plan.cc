#include "scrape/discovery/scaleway/scaleway_plan.h"

#include <algorithm>
#include <charconv>
#include <string_view>

#include "scrape/discovery/host_port.h"
#include "scrape/discovery/ip_text.h"
#include "scrape/discovery/json_entries.h"
#include "scrape/discovery/meta_labels.h"
#include "scrape/discovery/url_query.h"

namespace sluice::scrape {
namespace {

constexpr int64_t kPageSize = 100;  // the most that the API allows

std::string IpOf(const JsonView& address) {
  return CanonicalIp(address.Text()).value_or(std::string(kNoIp));
}

std::string WrappedTexts(const std::vector<std::string>& texts) {
  return WrappedList({texts.begin(), texts.end()}, ",");
}

// "fr-par-1" -> "fr-par"; empty if it is no zone.
std::string_view RegionOf(std::string_view zone) {
  return std::count(zone.begin(), zone.end(), '-') == 2 ? zone.substr(0, zone.rfind('-')) : "";
}

void AddCommonLabels(const JsonView& server, MetaLabels& labels) {
  for (const char* name : {"id", "name", "zone"}) labels.Add(name, server[name].Text());
  const std::vector<std::string_view> tags = server["tags"].Texts();
  if (!tags.empty()) labels.Add("tags", WrappedList(tags, ","));
}

void AddParts(const JsonView& part, const std::string& prefix,
              std::initializer_list<const char*> names, MetaLabels& labels) {
  for (const char* name : names) labels.Add(prefix + name, part[name].Text());
}

// All public addresses. Returns the one to use if there is nothing better.
std::string AddPublicIps(const JsonView& ips, MetaLabels& labels) {
  std::vector<std::string> v4;
  std::vector<std::string> v6;
  for (const JsonView& ip : ips.Items()) {
    const std::string_view family = ip["family"].Text();
    if (family == "inet") v4.push_back(IpOf(ip["address"]));
    if (family == "inet6") v6.push_back(IpOf(ip["address"]));
  }
  if (!v4.empty()) labels.Add("public_ipv4_addresses", WrappedTexts(v4));
  if (!v6.empty()) labels.Add("public_ipv6_addresses", WrappedTexts(v6));
  if (!v4.empty()) return v4.front();
  return v6.empty() ? "" : v6.front();
}

// No labels for an instance without any address: it is left out.
Result<relabel::Labels> ReadInstance(const JsonView& server, uint16_t port) {
  MetaLabels labels("__meta_scaleway_instance_");
  AddCommonLabels(server, labels);
  labels.Add("boot_type", server["boot_type"].Text());
  labels.Add("hostname", server["hostname"].Text());
  labels.Add("organization_id", server["organization"].Text());
  labels.Add("project_id", server["project"].Text());
  labels.Add("status", server["state"].Text());
  labels.Add("type", server["commercial_type"].Text());
  labels.Add("region", RegionOf(server["zone"].Text()));
  AddParts(server["image"], "image_", {"arch", "id", "name"}, labels);
  AddParts(server["location"], "location_", {"cluster_id", "hypervisor_id", "node_id"}, labels);
  AddParts(server["security_group"], "security_group_", {"id", "name"}, labels);
  std::string address = AddPublicIps(server["public_ips"], labels);
  if (server["ipv6"]) {
    address = IpOf(server["ipv6"]["address"]);
    labels.Add("public_ipv6", address);
  }
  if (server["public_ip"]) {
    address = IpOf(server["public_ip"]["address"]);
    labels.Add("public_ipv4", address);
  }
  if (server["private_ip"]) {
    address = server["private_ip"].Text();
    labels.Add("private_ipv4", address);
  }
  if (address.empty()) return relabel::Labels();
  return labels.Target(HostPort(address, std::to_string(port)));
}

// Returns the address to use: an IPv4 one if there is any.
Result<std::string> AddIps(const JsonView& ips, MetaLabels& labels) {
  std::string v4;
  std::string v6;
  for (const JsonView& ip : ips.Items()) {
    const std::string_view version = ip["version"].Text();
    if (version == "IPv4") {
      v4 = IpOf(ip["address"]);
    } else if (version == "IPv6") {
      v6 = IpOf(ip["address"]);
    } else {
      return InvalidInput("unknown IP version: " + std::string(version));
    }
  }
  labels.Add("public_ipv4", v4);
  labels.Add("public_ipv6", v6);
  return v4.empty() ? v6 : v4;
}

// No labels for a server without any address: it is left out.
Result<relabel::Labels> ReadBaremetal(const JsonView& server, const ScalewayCatalog& catalog,
                                      uint16_t port) {
  MetaLabels labels("__meta_scaleway_baremetal_");
  AddCommonLabels(server, labels);
  labels.Add("status", server["status"].Text());
  labels.Add("project_id", server["project_id"].Text());
  const auto offer = catalog.offers.find(server["offer_id"].Text());
  if (offer != catalog.offers.end()) labels.Add("type", offer->second);
  const auto system = catalog.systems.find(server["install"]["os_id"].Text());
  if (system != catalog.systems.end()) {
    labels.Add("os_name", system->second.first);
    labels.Add("os_version", system->second.second);
  }
  const Result<std::string> address = AddIps(server["ips"], labels);
  if (!address.ok()) return address.error();
  if (address->empty()) return relabel::Labels();
  return labels.Target(HostPort(*address, std::to_string(port)));
}

// How many entries the list has: instances say it in a header, others in the body; -1 if neither.
int64_t TotalOf(const HttpAnswer& answer, const JsonView& root) {
  if (root["total_count"]) return root["total_count"].Integer();
  int64_t total = -1;
  for (const auto& [name, value] : answer.head.headers) {
    if (name == "x-total-count") std::from_chars(value.data(), value.data() + value.size(), total);
  }
  return total;
}

}  // namespace

ScalewayPlan::ScalewayPlan(ScalewaySdConfig config) : config_(std::move(config)) {
  while (config_.api_url.ends_with('/')) config_.api_url.pop_back();
}

Result<HttpRequests> ScalewayPlan::Begin() {
  list_ = config_.role == ScalewayRole::kBaremetal ? List::kOffers : List::kServers;
  page_ = 1;
  entries_ = 0;
  catalog_ = {};
  refreshed_ = {};
  refreshed_.groups.push_back({.source = "scaleway", .targets = {}, .labels = {}});
  return HttpRequests{PageRequest()};
}

std::string ScalewayPlan::Path() const {
  const std::string zone = EscapedPathSegment(config_.zone);
  if (config_.role == ScalewayRole::kInstance) return "/instance/v1/zones/" + zone + "/servers";
  const std::string path = "/baremetal/v1/zones/" + zone;
  if (list_ == List::kOffers) return path + "/offers";
  return path + (list_ == List::kSystems ? "/os" : "/servers");
}

HttpRequest ScalewayPlan::PageRequest() const {
  const bool is_instance = config_.role == ScalewayRole::kInstance;
  UrlQuery query;
  query.Add("page", std::to_string(page_));
  query.Add(is_instance ? "per_page" : "page_size", std::to_string(kPageSize));
  if (list_ == List::kServers) {
    if (!is_instance) query.Add("project_id", config_.project_id);
    if (!config_.name_filter.empty()) query.Add("name", config_.name_filter);
    std::string joined;
    for (const std::string& tag : config_.tags_filter) {
      if (!is_instance) query.Add("tags", tag);
      joined += (joined.empty() ? "" : ",") + tag;
    }
    if (is_instance && !joined.empty()) query.Add("tags", joined);
  }
  HttpRequest request;
  request.url = config_.api_url + Path() + query.Text();
  request.client = config_.client;
  request.timeout = config_.refresh_interval;
  request.accept_gzip = true;
  return request;
}

Result<HttpStep> ScalewayPlan::Next(const std::vector<HttpAnswer>& answers) {
  const Result<bool> more = ReadPage(answers.front());
  if (!more.ok()) return more.error();
  if (!*more && list_ == List::kServers) return HttpStep(std::exchange(refreshed_, {}));
  ++page_;
  if (!*more) {
    list_ = list_ == List::kOffers ? List::kSystems : List::kServers;
    page_ = 1;
    entries_ = 0;
  }
  return HttpStep(HttpRequests{PageRequest()});
}

Result<bool> ScalewayPlan::ReadPage(const HttpAnswer& answer) {
  const auto json = ParseJsonAnswer(answer);
  if (!json.ok()) return json.error();
  const JsonView root = (*json)->root();
  const int64_t total = TotalOf(answer, root);
  const char* name = list_ == List::kOffers ? "offers" : list_ == List::kSystems ? "os" : "servers";
  const auto count = static_cast<int64_t>(root[name].Items().size());
  if (Status status = CheckJson(**json, answer); !status.ok()) return status.error();
  ReadList(**json);
  entries_ += count;
  return count > 0 && (total < 0 ? count == kPageSize : entries_ < total);
}

void ScalewayPlan::ReadList(JsonDocument& json) {
  using Named = std::pair<std::string, std::string>;
  const JsonView root = json.root();
  std::vector<std::string>& bad = refreshed_.bad_entries;
  if (list_ == List::kOffers) {
    ReadEntries(
        json, root["offers"], "offers", bad,
        [](const JsonView& offer) -> Result<Named> {
          return Named(offer["id"].Text(), offer["name"].Text());
        },
        [this](Named offer) { catalog_.offers.insert(std::move(offer)); });
  } else if (list_ == List::kSystems) {
    ReadEntries(
        json, root["os"], "os", bad,
        [](const JsonView& os) -> Result<std::pair<std::string, Named>> {
          return std::pair(std::string(os["id"].Text()),
                           Named(os["name"].Text(), os["version"].Text()));
        },
        [this](std::pair<std::string, Named> os) { catalog_.systems.insert(std::move(os)); });
  } else {
    ReadEntries(
        json, root["servers"], "servers", bad,
        [this](const JsonView& server) {
          return config_.role == ScalewayRole::kInstance
                     ? ReadInstance(server, config_.port)
                     : ReadBaremetal(server, catalog_, config_.port);
        },
        [this](relabel::Labels target) {
          if (!target.empty()) refreshed_.groups.front().targets.push_back(std::move(target));
        });
  }
}

}  // namespace sluice::scrape
