#include "scrape/discovery/lightsail/lightsail_plan.h"

#include <memory>
#include <string_view>
#include <utility>

#include "base/json.h"
#include "base/json_text.h"
#include "scrape/discovery/host_port.h"
#include "scrape/discovery/json_entries.h"
#include "scrape/discovery/meta_labels.h"

namespace sluice::scrape {
namespace {

AwsConfig AwsOf(const LightsailSdConfig& config) {
  return config.client == nullptr ? AwsConfig() : config.client->config().aws.value_or(AwsConfig());
}

// No labels for an instance without a private address: it is left out.
Result<relabel::Labels> ReadInstance(const JsonView& instance, const std::string& region,
                                     uint16_t port) {
  const std::string_view ip = instance["privateIpAddress"].Text();
  if (ip.empty()) return relabel::Labels();
  MetaLabels labels("__meta_lightsail_");
  labels.Add("availability_zone", instance["location"]["availabilityZone"].Text());
  labels.Add("blueprint_id", instance["blueprintId"].Text());
  labels.Add("bundle_id", instance["bundleId"].Text());
  labels.Add("instance_name", instance["name"].Text());
  labels.Add("instance_state", instance["state"]["name"].Text());
  labels.Add("instance_support_code", instance["supportCode"].Text());
  labels.Add("private_ip", ip);
  labels.Add("public_ip", instance["publicIpAddress"].Text());
  labels.Add("region", region);
  const std::vector<std::string_view> ipv6 = instance["ipv6Addresses"].Texts();
  if (!ipv6.empty()) labels.Add("ipv6_addresses", WrappedList(ipv6, ","));
  for (const JsonView& tag : instance["tags"].Items()) {
    labels.Add("tag_" + SanitizedLabelName(tag["key"].Text()), tag["value"].Text());
  }
  return labels.Target(HostPort(ip, std::to_string(port)));
}

// What the API says of a request that it refused: {"__type": "...", "message": "..."}.
std::string Refusal(const HttpAnswer& answer) {
  const auto json = JsonDocument::Parse(answer.body);
  if (!json.ok() || !(*json)->root().is_object()) return {};
  const JsonView root = (*json)->root();
  const std::string_view message = root["message"].Text();
  return ": " + std::string(root["__type"].Text()) + ": " + std::string(message);
}

}  // namespace

LightsailPlan::LightsailPlan(LightsailSdConfig config, Environment environment)
    : config_(std::move(config)), region_(AwsOf(config_), std::move(environment)) {}

Result<HttpRequests> LightsailPlan::Begin() {
  page_token_.clear();
  refreshed_ = {};
  Result<std::optional<HttpRequest>> request = region_.Begin();
  if (!request.ok()) return request.error();
  has_region_ = !request->has_value();
  return has_region_ ? FirstPage() : HttpRequests{std::move(**request)};
}

HttpRequests LightsailPlan::FirstPage() {
  refreshed_.groups.push_back({.source = region_.name(), .targets = {}, .labels = {}});
  return {PageRequest()};
}

HttpRequest LightsailPlan::PageRequest() const {
  HttpRequest request;
  request.method = "POST";
  request.url = AwsEndpoint(config_.endpoint, "lightsail", region_.name()) + "/";
  request.headers = {{"Content-Type", "application/x-amz-json-1.1"},
                     {"X-Amz-Target", "Lightsail_20161128.GetInstances"}};
  request.body = std::make_shared<const std::string>(
      page_token_.empty() ? "{}" : "{\"pageToken\":" + JsonString(page_token_) + "}");
  request.client = config_.client;
  request.timeout = config_.refresh_interval;
  request.accept_gzip = true;
  return request;
}

Result<HttpStep> LightsailPlan::Next(const std::vector<HttpAnswer>& answers) {
  if (!has_region_) {
    Result<std::optional<HttpRequest>> request = region_.Next(answers.front());
    if (!request.ok()) return request.error();
    has_region_ = !request->has_value();
    return HttpStep(has_region_ ? FirstPage() : HttpRequests{std::move(**request)});
  }
  Result<std::string> next = ReadPage(answers.front());
  if (!next.ok()) return next.error();
  if (next->empty()) return HttpStep(std::exchange(refreshed_, {}));
  page_token_ = std::move(*next);
  return HttpStep(HttpRequests{PageRequest()});
}

Result<std::string> LightsailPlan::ReadPage(const HttpAnswer& answer) {
  if (Status status = RequireStatus(answer, 200); !status.ok()) {
    return Error{status.error().code, status.error().message + Refusal(answer)};
  }
  const auto json = ParseJsonAnswer(answer);
  if (!json.ok()) return json.error();
  const JsonView root = (*json)->root();
  std::string next(root["nextPageToken"].Text());
  static_cast<void>(root["instances"].Items());
  if (Status status = CheckJson(**json, answer); !status.ok()) return status.error();
  if (!next.empty() && next == page_token_) {
    return InvalidInput(answer.url + ": the page after it is the same");
  }
  ReadEntries(
      **json, root["instances"], "instances", refreshed_.bad_entries,
      [this](const JsonView& instance) {
        return ReadInstance(instance, region_.name(), config_.port);
      },
      [this](relabel::Labels target) {
        if (!target.empty()) refreshed_.groups.front().targets.push_back(std::move(target));
      });
  return next;
}

}  // namespace sluice::scrape
