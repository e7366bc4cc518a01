#include "scrape/discovery/linode/linode_plan.h"

#include <array>
#include <string_view>
#include <utility>

#include "base/json_text.h"
#include "scrape/discovery/host_port.h"
#include "scrape/discovery/json_entries.h"
#include "scrape/discovery/meta_labels.h"
#include "scrape/discovery/url_query.h"

namespace sluice::scrape {
namespace {

constexpr std::array<const char*, 3> kLists = {"networking/ips", "networking/ipv6/ranges",
                                               "linode/instances"};
constexpr size_t kIps = 0;
constexpr size_t kRanges = 1;
constexpr size_t kInstances = 2;
constexpr int kPageSize = 500;  // the most that the API allows

using Address = std::pair<std::string, LinodeAddress>;
using Range = std::pair<std::string, std::string>;  // where it is routed to, and the range

Result<Address> ReadAddress(const JsonView& ip) {
  LinodeAddress address;
  address.is_public = ip["public"].Bool();
  address.rdns = ip["rdns"].Text();
  if (address.rdns == "null") address.rdns.clear();
  return Address(ip["address"].Text(), std::move(address));
}

Result<Range> ReadRange(const JsonView& range) {
  return Range(range["route_target"].Text(), std::string(range["range"].Text()) + "/" +
                                                 std::to_string(range["prefix"].Integer()));
}

// The first public and the first private address; the rest is extra. Returns the public one.
std::string AddIpv4(const std::vector<std::string_view>& ips, const LinodeNetwork& network,
                    const std::string& separator, MetaLabels& labels) {
  std::string public_ip;
  bool has_private = false;
  std::vector<std::string_view> extra;
  for (const std::string_view ip : ips) {
    const auto known = network.addresses.find(ip);
    if (known == network.addresses.end()) continue;
    if (known->second.is_public && public_ip.empty()) {
      public_ip = ip;
      labels.Add("public_ipv4", ip);
      labels.Add("public_ipv4_rdns", known->second.rdns);
    } else if (!known->second.is_public && !has_private) {
      has_private = true;
      labels.Add("private_ipv4", ip);
      labels.Add("private_ipv4_rdns", known->second.rdns);
    } else {
      extra.push_back(ip);
    }
  }
  if (!extra.empty()) labels.Add("extra_ips", WrappedList(extra, separator));
  return public_ip;
}

// `network` is "address/128".
void AddIpv6(std::string_view ip, const LinodeNetwork& network, const std::string& separator,
             MetaLabels& labels) {
  if (ip.empty()) return;
  const std::string_view address = ip.substr(0, ip.find('/'));
  const auto known = network.addresses.find(address);
  if (known != network.addresses.end()) {
    labels.Add("public_ipv6", address);
    labels.Add("public_ipv6_rdns", known->second.rdns);
  }
  std::vector<std::string_view> ranges;
  const auto [first, last] = network.ranges.equal_range(address);
  for (auto range = first; range != last; ++range) ranges.push_back(range->second);
  if (!ranges.empty()) labels.Add("ipv6_ranges", WrappedList(ranges, separator));
}

std::string Bytes(const JsonView& mebibytes) {
  return std::to_string(static_cast<uint64_t>(mebibytes.Integer()) << 20);
}

// No labels for an instance without an IPv4 address: it is left out.
Result<relabel::Labels> ReadInstance(const JsonView& instance, const LinodeNetwork& network,
                                     const LinodeSdConfig& config) {
  const std::vector<std::string_view> ips = instance["ipv4"].Texts();
  if (ips.empty()) return relabel::Labels();
  const JsonView specs = instance["specs"];
  MetaLabels labels("__meta_linode_");
  labels.Add("instance_id", std::to_string(instance["id"].Integer()));
  labels.Add("instance_label", instance["label"].Text());
  for (const char* name : {"image", "region", "type", "status", "group", "hypervisor"}) {
    labels.Add(name, instance[name].Text());
  }
  labels.Add("gpus", std::to_string(specs["gpus"].Integer()));
  labels.Add("backups", instance["backups"]["enabled"].Bool() ? "enabled" : "disabled");
  labels.Add("specs_disk_bytes", Bytes(specs["disk"]));
  labels.Add("specs_memory_bytes", Bytes(specs["memory"]));
  labels.Add("specs_vcpus", std::to_string(specs["vcpus"].Integer()));
  labels.Add("specs_transfer_bytes", Bytes(specs["transfer"]));
  const std::vector<std::string_view> tags = instance["tags"].Texts();
  if (!tags.empty()) labels.Add("tags", WrappedList(tags, config.tag_separator));
  AddIpv6(instance["ipv6"].Text(), network, config.tag_separator, labels);
  const std::string public_ip = AddIpv4(ips, network, config.tag_separator, labels);
  return labels.Target(HostPort(public_ip, std::to_string(config.port)));
}

}  // namespace

LinodePlan::LinodePlan(LinodeSdConfig config) : config_(std::move(config)) {}

Result<HttpRequests> LinodePlan::Begin() {
  list_ = 0;
  page_ = 1;
  network_ = {};
  refreshed_ = {};
  refreshed_.groups.push_back({.source = "Linode", .targets = {}, .labels = {}});
  return HttpRequests{PageRequest()};
}

HttpRequest LinodePlan::PageRequest() const {
  UrlQuery query;
  query.Add("page", std::to_string(page_));
  query.Add("page_size", std::to_string(kPageSize));
  HttpRequest request;
  request.url = config_.api_url + "/v4/" + kLists.at(list_) + query.Text();
  if (list_ == kInstances && !config_.region.empty()) {
    request.headers.emplace_back("X-Filter", "{\"region\": " + JsonString(config_.region) + "}");
  }
  request.client = config_.client;
  request.timeout = config_.refresh_interval;
  request.accept_gzip = true;
  return request;
}

Result<HttpStep> LinodePlan::Next(const std::vector<HttpAnswer>& answers) {
  const Result<bool> more = ReadPage(answers.front());
  if (!more.ok()) return more.error();
  if (!*more && list_ == kInstances) return HttpStep(std::exchange(refreshed_, {}));
  if (!*more) ++list_;
  page_ = *more ? page_ + 1 : 1;
  return HttpStep(HttpRequests{PageRequest()});
}

Result<bool> LinodePlan::ReadPage(const HttpAnswer& answer) {
  const auto json = ParseJsonAnswer(answer);
  if (!json.ok()) return json.error();
  const JsonView root = (*json)->root();
  const int64_t pages = root["pages"].Integer();
  const bool is_empty = root["data"].Items().empty();
  if (Status status = CheckJson(**json, answer); !status.ok()) return status.error();
  ReadEntriesOf(**json);
  return page_ < pages && !is_empty;
}

void LinodePlan::ReadEntriesOf(JsonDocument& json) {
  const JsonView data = json.root()["data"];
  std::vector<std::string>& bad = refreshed_.bad_entries;
  if (list_ == kIps) {
    ReadEntries(json, data, "ips", bad, ReadAddress,
                [this](Address address) { network_.addresses.insert(std::move(address)); });
  } else if (list_ == kRanges) {
    ReadEntries(json, data, "ranges", bad, ReadRange,
                [this](Range range) { network_.ranges.insert(std::move(range)); });
  } else {
    ReadEntries(
        json, data, "instances", bad,
        [this](const JsonView& instance) { return ReadInstance(instance, network_, config_); },
        [this](relabel::Labels target) {
          if (!target.empty()) refreshed_.groups.front().targets.push_back(std::move(target));
        });
  }
}

}  // namespace sluice::scrape
