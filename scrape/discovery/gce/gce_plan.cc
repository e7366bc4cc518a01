#include "scrape/discovery/gce/gce_plan.h"

#include <string_view>
#include <utility>

#include "base/json.h"
#include "scrape/discovery/json_entries.h"
#include "scrape/discovery/meta_labels.h"
#include "scrape/discovery/url_query.h"

namespace sluice::scrape {
namespace {

void AddPublicIp(const JsonView& interface, MetaLabels& labels) {
  const std::vector<JsonView> accesses = interface["accessConfigs"].Items();
  if (accesses.empty() || accesses.front()["type"].Text() != "ONE_TO_ONE_NAT") return;
  labels.Add("public_ip", accesses.front()["natIP"].Text());
}

void AddMetadata(const JsonView& metadata, MetaLabels& labels) {
  for (const JsonView& item : metadata["items"].Items()) {
    labels.Add("metadata_" + SanitizedLabelName(item["key"].Text()), item["value"].Text());
  }
}

// No labels for an instance without a network interface: it is left out.
Result<relabel::Labels> ReadInstance(const JsonView& instance, const GceSdConfig& config) {
  const std::vector<JsonView> interfaces = instance["networkInterfaces"].Items();
  if (interfaces.empty()) return relabel::Labels();
  const JsonView& first = interfaces.front();
  const std::string ip(first["networkIP"].Text());
  MetaLabels labels("__meta_gce_");
  labels.Add("project", config.project);
  labels.Add("zone", instance["zone"].Text());
  labels.Add("instance_id", IdText(instance["id"]));
  labels.Add("instance_name", instance["name"].Text());
  labels.Add("instance_status", instance["status"].Text());
  labels.Add("machine_type", instance["machineType"].Text());
  labels.Add("network", first["network"].Text());
  labels.Add("subnetwork", first["subnetwork"].Text());
  labels.Add("private_ip", ip);
  for (const JsonView& interface : interfaces) {
    labels.Add("interface_ipv4_" + SanitizedLabelName(interface["name"].Text()),
               interface["networkIP"].Text());
  }
  const std::vector<std::string_view> tags = instance["tags"]["items"].Texts();
  if (!tags.empty()) labels.Add("tags", WrappedList(tags, config.tag_separator));
  AddMetadata(instance["metadata"], labels);
  labels.AddAll("label_", instance["labels"]);
  AddPublicIp(first, labels);
  return labels.Target(ip + ":" + std::to_string(config.port));
}

}  // namespace

GcePlan::GcePlan(GceSdConfig config) : config_(std::move(config)) {}

Result<HttpRequests> GcePlan::Begin() {
  page_token_.clear();
  refreshed_ = {};
  refreshed_.groups.push_back(
      {.source = "GCE_" + config_.project + "_" + config_.zone, .targets = {}, .labels = {}});
  return HttpRequests{PageRequest()};
}

HttpRequest GcePlan::PageRequest() const {
  UrlQuery query;
  if (!config_.filter.empty()) query.Add("filter", config_.filter);
  if (!page_token_.empty()) query.Add("pageToken", page_token_);
  HttpRequest request;
  request.url = config_.api_url + "/compute/v1/projects/" + EscapedPathSegment(config_.project) +
                "/zones/" + EscapedPathSegment(config_.zone) + "/instances" + query.Text();
  request.client = config_.client;
  request.timeout = config_.refresh_interval;
  request.accept_gzip = true;
  return request;
}

Result<HttpStep> GcePlan::Next(const std::vector<HttpAnswer>& answers) {
  Result<std::string> next = ReadPage(answers.front());
  if (!next.ok()) return next.error();
  if (next->empty()) return HttpStep(std::exchange(refreshed_, {}));
  page_token_ = std::move(*next);
  return HttpStep(HttpRequests{PageRequest()});
}

Result<std::string> GcePlan::ReadPage(const HttpAnswer& answer) {
  const auto json = ParseJsonAnswer(answer);
  if (!json.ok()) return json.error();
  const JsonView root = (*json)->root();
  std::string next(root["nextPageToken"].Text());
  static_cast<void>(root["items"].Items());
  if (Status status = CheckJson(**json, answer); !status.ok()) return status.error();
  if (!next.empty() && next == page_token_) {
    return InvalidInput(answer.url + ": the page after it is the same");
  }
  ReadEntries(
      **json, root["items"], "items", refreshed_.bad_entries,
      [this](const JsonView& instance) { return ReadInstance(instance, config_); },
      [this](relabel::Labels target) {
        if (!target.empty()) refreshed_.groups.front().targets.push_back(std::move(target));
      });
  return next;
}

}  // namespace sluice::scrape
