#include "scrape/discovery/nomad/nomad_plan.h"

#include <algorithm>
#include <utility>

#include "scrape/discovery/host_port.h"
#include "scrape/discovery/json_entries.h"
#include "scrape/discovery/meta_labels.h"
#include "scrape/discovery/url_query.h"

namespace sluice::scrape {
namespace {

Result<relabel::Labels> ReadInstance(const JsonView& instance, const NomadSdConfig& config) {
  const std::string_view host = instance["Address"].Text();
  const std::string port = std::to_string(instance["Port"].Integer());
  MetaLabels labels("__meta_nomad_");
  labels.Add("address", host);
  labels.Add("dc", instance["Datacenter"].Text());
  labels.Add("namespace", instance["Namespace"].Text());
  labels.Add("node_id", instance["NodeID"].Text());
  labels.Add("service", instance["ServiceName"].Text());
  labels.Add("service_address", host);
  labels.Add("service_id", instance["ID"].Text());
  labels.Add("service_port", port);
  const std::vector<std::string_view> tags = instance["Tags"].Texts();
  if (!tags.empty()) labels.Add("tags", WrappedList(tags, config.tag_separator));
  return labels.Target(HostPort(host, port));
}

Result<std::vector<std::string>> ReadStub(const JsonView& stub) {
  std::vector<std::string> names;
  for (const JsonView& service : stub["Services"].Items()) {
    names.emplace_back(service["ServiceName"].Text());
  }
  return names;
}

}  // namespace

NomadPlan::NomadPlan(NomadSdConfig config) : config_(std::move(config)) {}

Result<HttpRequests> NomadPlan::Begin() {
  has_names_ = false;
  names_.clear();
  refreshed_ = {};
  return HttpRequests{Request("/v1/services")};
}

HttpRequest NomadPlan::Request(const std::string& path) const {
  UrlQuery query;
  if (!config_.ns.empty()) query.Add("namespace", config_.ns);
  if (!config_.region.empty()) query.Add("region", config_.region);
  if (config_.allow_stale) query.Add("stale", "");
  HttpRequest request;
  request.url = config_.server;
  while (request.url.ends_with('/')) request.url.pop_back();
  request.url += path + query.Text();
  request.client = config_.client;
  request.timeout = config_.refresh_interval;
  request.accept_gzip = true;
  return request;
}

Result<HttpStep> NomadPlan::Next(const std::vector<HttpAnswer>& answers) {
  if (!has_names_) return ReadNames(answers.front());
  for (size_t i = 0; i < answers.size(); ++i) ReadService(names_[i], answers[i]);
  return HttpStep(std::exchange(refreshed_, {}));
}

Result<HttpStep> NomadPlan::ReadNames(const HttpAnswer& answer) {
  const auto json = ParseJsonAnswer(answer);
  if (!json.ok()) return json.error();
  const std::vector<JsonView> stubs = (*json)->root().Items();
  if (Status status = CheckJson(**json, answer); !status.ok()) return status.error();
  ReadEntries(**json, (*json)->root(), "services", refreshed_.bad_entries, ReadStub,
              [&](std::vector<std::string> names) {
                names_.insert(names_.end(), names.begin(), names.end());
              });
  has_names_ = true;
  // A name may be there once for each namespace.
  std::sort(names_.begin(), names_.end());
  names_.erase(std::unique(names_.begin(), names_.end()), names_.end());
  if (names_.empty()) return HttpStep(std::exchange(refreshed_, {}));
  std::vector<HttpRequest> requests;
  for (const std::string& name : names_) {
    requests.push_back(Request("/v1/service/" + EscapedPathSegment(name)));
  }
  return HttpStep(std::move(requests));
}

void NomadPlan::ReadService(const std::string& name, const HttpAnswer& answer) {
  const auto json = ParseJsonAnswer(answer);
  if (!json.ok()) {
    refreshed_.unknown.emplace(name, json.error().message);
    return;
  }
  static_cast<void>((*json)->root().Items());
  if (Status status = CheckJson(**json, answer); !status.ok()) {
    refreshed_.unknown.emplace(name, status.error().message);
    return;
  }
  TargetGroup group;
  group.source = name;
  ReadEntries(
      **json, (*json)->root(), "service " + name, refreshed_.bad_entries,
      [&](const JsonView& instance) { return ReadInstance(instance, config_); },
      [&](relabel::Labels target) { group.targets.push_back(std::move(target)); });
  refreshed_.groups.push_back(std::move(group));
}

}  // namespace sluice::scrape
