#include "scrape/discovery/vultr/vultr_plan.h"

#include <string_view>
#include <utility>

#include "base/json.h"
#include "scrape/discovery/host_port.h"
#include "scrape/discovery/json_entries.h"
#include "scrape/discovery/meta_labels.h"
#include "scrape/discovery/url_query.h"

namespace sluice::scrape {
namespace {

constexpr int kPageSize = 100;

// The label, and the field that it is.
using Named = std::pair<const char*, const char*>;
constexpr Named kTexts[] = {
    {"id", "id"},
    {"label", "label"},
    {"os", "os"},
    {"region", "region"},
    {"plan", "plan"},
    {"main_ip", "main_ip"},
    {"main_ipv6", "v6_main_ip"},
    {"internal_ip", "internal_ip"},
    {"hostname", "hostname"},
    {"server_status", "server_status"},
};
constexpr Named kNumbers[] = {
    {"os_id", "os_id"},  {"vcpu_count", "vcpu_count"},
    {"ram_mb", "ram"},   {"allowed_bandwidth_gb", "allowed_bandwidth"},
    {"disk_gb", "disk"},
};

Result<relabel::Labels> ReadInstance(const JsonView& instance, uint16_t port) {
  MetaLabels labels("__meta_vultr_instance_");
  for (const auto& [label, field] : kTexts) labels.Add(label, instance[field].Text());
  for (const auto& [label, field] : kNumbers) {
    labels.Add(label, std::to_string(instance[field].Integer()));
  }
  for (const char* name : {"features", "tags"}) {
    const std::vector<std::string_view> texts = instance[name].Texts();
    if (!texts.empty()) labels.Add(name, WrappedList(texts, ","));
  }
  return labels.Target(HostPort(instance["main_ip"].Text(), std::to_string(port)));
}

}  // namespace

VultrPlan::VultrPlan(VultrSdConfig config) : config_(std::move(config)) {}

Result<HttpRequests> VultrPlan::Begin() {
  cursor_.clear();
  refreshed_ = {};
  refreshed_.groups.push_back({.source = "Vultr", .targets = {}, .labels = {}});
  return HttpRequests{PageRequest()};
}

HttpRequest VultrPlan::PageRequest() const {
  UrlQuery query;
  query.Add("per_page", std::to_string(kPageSize));
  if (!cursor_.empty()) query.Add("cursor", cursor_);
  HttpRequest request;
  request.url = config_.api_url + "/v2/instances" + query.Text();
  request.client = config_.client;
  request.timeout = config_.refresh_interval;
  request.accept_gzip = true;
  return request;
}

Result<HttpStep> VultrPlan::Next(const std::vector<HttpAnswer>& answers) {
  Result<std::string> next = ReadPage(answers.front());
  if (!next.ok()) return next.error();
  if (next->empty()) return HttpStep(std::exchange(refreshed_, {}));
  cursor_ = std::move(*next);
  return HttpStep(HttpRequests{PageRequest()});
}

Result<std::string> VultrPlan::ReadPage(const HttpAnswer& answer) {
  const auto json = ParseJsonAnswer(answer);
  if (!json.ok()) return json.error();
  const JsonView root = (*json)->root();
  std::string next(root["meta"]["links"]["next"].Text());
  static_cast<void>(root["instances"].Items());
  if (Status status = CheckJson(**json, answer); !status.ok()) return status.error();
  if (!next.empty() && next == cursor_) {
    return InvalidInput(answer.url + ": the page after it is the same");
  }
  ReadEntries(
      **json, root["instances"], "instances", refreshed_.bad_entries,
      [this](const JsonView& instance) { return ReadInstance(instance, config_.port); },
      [this](relabel::Labels target) {
        refreshed_.groups.front().targets.push_back(std::move(target));
      });
  return next;
}

}  // namespace sluice::scrape
