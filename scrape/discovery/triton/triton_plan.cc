#include "scrape/discovery/triton/triton_plan.h"

#include <string_view>
#include <utility>

#include "base/json.h"
#include "scrape/discovery/host_port.h"
#include "scrape/discovery/json_entries.h"
#include "scrape/discovery/meta_labels.h"
#include "scrape/discovery/url_query.h"

namespace sluice::scrape {
namespace {

constexpr const char* kPrefix = "__meta_triton_";

std::string AddressOf(std::string_view id, const TritonSdConfig& config) {
  return std::string(id) + "." + config.dns_suffix + ":" + std::to_string(config.port);
}

Result<relabel::Labels> ReadContainer(const JsonView& container, const TritonSdConfig& config) {
  const std::string_view id = container["vm_uuid"].Text();
  MetaLabels labels(kPrefix);
  labels.Add("machine_id", id);
  labels.Add("machine_alias", container["vm_alias"].Text());
  labels.Add("machine_brand", container["vm_brand"].Text());
  labels.Add("machine_image", container["vm_image_uuid"].Text());
  labels.Add("server_id", container["server_uuid"].Text());
  const std::vector<std::string_view> groups = container["groups"].Texts();
  if (!groups.empty()) labels.Add("groups", WrappedList(groups, ","));
  return labels.Target(AddressOf(id, config));
}

Result<relabel::Labels> ReadComputeNode(const JsonView& node, const TritonSdConfig& config) {
  const std::string_view id = node["server_uuid"].Text();
  MetaLabels labels(kPrefix);
  labels.Add("machine_id", id);
  labels.Add("machine_alias", node["server_hostname"].Text());
  return labels.Target(AddressOf(id, config));
}

}  // namespace

TritonPlan::TritonPlan(TritonSdConfig config) : config_(std::move(config)) {}

std::string TritonPlan::Url() const {
  UrlQuery query;
  std::string groups;
  for (const std::string& group : config_.groups) groups += (groups.empty() ? "" : ",") + group;
  if (!groups.empty()) query.Add("groups", groups);
  return config_.scheme + "://" + HostPort(config_.endpoint, std::to_string(config_.port)) + "/v" +
         std::to_string(config_.version) +
         (config_.role == TritonRole::kComputeNode ? "/gz/discover" : "/discover") + query.Text();
}

Result<HttpRequests> TritonPlan::Begin() {
  HttpRequest request;
  request.url = Url();
  request.client = config_.client;
  request.timeout = config_.refresh_interval;
  request.accept_gzip = true;
  return HttpRequests{std::move(request)};
}

Result<HttpStep> TritonPlan::Next(const std::vector<HttpAnswer>& answers) {
  const HttpAnswer& answer = answers.front();
  const auto json = ParseJsonAnswer(answer);
  if (!json.ok()) return json.error();
  const bool containers = config_.role == TritonRole::kContainer;
  const std::string name = containers ? "containers" : "cns";
  const JsonView list = (*json)->root()[name];
  static_cast<void>(list.Items());
  if (Status status = CheckJson(**json, answer); !status.ok()) return status.error();
  Refreshed refreshed;
  refreshed.groups.push_back({.source = Url(), .targets = {}, .labels = {}});
  ReadEntries(
      **json, list, name, refreshed.bad_entries,
      [&](const JsonView& entry) {
        return containers ? ReadContainer(entry, config_) : ReadComputeNode(entry, config_);
      },
      [&](relabel::Labels target) {
        refreshed.groups.front().targets.push_back(std::move(target));
      });
  return HttpStep(std::move(refreshed));
}

}  // namespace sluice::scrape
