#include "scrape/discovery/kuma/kuma_plan.h"

#include <memory>
#include <string_view>
#include <utility>

#include "base/duration.h"
#include "base/json.h"
#include "base/json_text.h"
#include "base/utf8.h"
#include "scrape/discovery/json_entries.h"
#include "scrape/discovery/meta_labels.h"
#include "scrape/discovery/url_query.h"

namespace sluice::scrape {
namespace {

constexpr const char* kType = "type.googleapis.com/kuma.observability.v1.MonitoringAssignment";
constexpr std::chrono::seconds kTimeoutMore{15};  // for all but the server's waiting

// A field by its name in the schema or in JSON: both are allowed.
JsonView Field(const JsonView& object, std::string_view name, std::string_view json_name) {
  const JsonView field = object[json_name];
  return field ? field : object[name];
}

Result<std::vector<relabel::Labels>> ReadAssignment(const JsonView& assignment) {
  const std::string_view type = assignment["@type"].Text();
  if (type != kType) return InvalidInput("a resource of the type " + QuoteText(type));
  std::vector<relabel::Labels> targets;
  for (const JsonView& target : assignment["targets"].Items()) {
    const std::string_view name = target["name"].Text();
    MetaLabels labels("__meta_kuma_");
    labels.AddAll("label_", target["labels"]);
    labels.AddAll("label_", assignment["labels"]);
    labels.Add("mesh", assignment["mesh"].Text());
    labels.Add("service", assignment["service"].Text());
    labels.Add("dataplane", name);
    labels.AddPlain("instance", name);
    labels.AddPlain("__scheme__", target["scheme"].Text());
    labels.AddPlain("__metrics_path__", Field(target, "metrics_path", "metricsPath").Text());
    targets.push_back(labels.Target(std::string(target["address"].Text())));
  }
  return targets;
}

}  // namespace

KumaPlan::KumaPlan(KumaSdConfig config)
    : config_(std::move(config)), groups_({{.source = "kuma", .targets = {}, .labels = {}}}) {}

std::string KumaPlan::Question() const {
  std::string question = "{";
  if (!version_.empty()) question += "\"version_info\":" + JsonString(version_) + ",";
  question +=
      "\"node\":{\"id\":" + JsonString(config_.client_id) + "},\"type_url\":" + JsonString(kType);
  if (!nonce_.empty()) question += ",\"response_nonce\":" + JsonString(nonce_);
  return question + "}";
}

Result<HttpRequests> KumaPlan::Begin() {
  UrlQuery query;
  query.Add("fetch-timeout", FormatDuration(config_.fetch_timeout));
  HttpRequest request;
  request.method = "POST";
  request.url = config_.server;
  while (request.url.ends_with('/')) request.url.pop_back();
  request.url += "/v3/discovery:monitoringassignments" + query.Text();
  request.headers = {{"Accept", "application/json"}, {"Content-Type", "application/json"}};
  request.body = std::make_shared<const std::string>(Question());
  request.client = config_.client;
  request.timeout = config_.fetch_timeout + kTimeoutMore;
  request.accept_gzip = true;
  return HttpRequests{std::move(request)};
}

Result<HttpStep> KumaPlan::Next(const std::vector<HttpAnswer>& answers) {
  const HttpAnswer& answer = answers.front();
  if (answer.head.status == 304) {
    Refreshed unchanged;
    unchanged.groups = groups_;
    return HttpStep(std::move(unchanged));
  }
  const auto json = ParseJsonAnswer(answer);
  if (!json.ok()) return json.error();
  const JsonView root = (*json)->root();
  const std::string_view type = Field(root, "type_url", "typeUrl").Text();
  const std::string version(Field(root, "version_info", "versionInfo").Text());
  const std::string nonce(root["nonce"].Text());
  static_cast<void>(root["resources"].Items());
  if (Status status = CheckJson(**json, answer); !status.ok()) return status.error();
  if (type != kType) {
    return InvalidInput(answer.url + ": an answer of the type " + QuoteText(type));
  }
  Refreshed refreshed;
  refreshed.groups.push_back({.source = "kuma", .targets = {}, .labels = {}});
  ReadEntries(**json, root["resources"], "resources", refreshed.bad_entries, &ReadAssignment,
              [&](std::vector<relabel::Labels> targets) {
                std::vector<relabel::Labels>& all = refreshed.groups.front().targets;
                for (relabel::Labels& target : targets) all.push_back(std::move(target));
              });
  version_ = version;
  nonce_ = nonce;
  groups_ = refreshed.groups;
  return HttpStep(std::move(refreshed));
}

}  // namespace sluice::scrape
