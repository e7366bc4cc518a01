#include "scrape/discovery/puppetdb/puppetdb_plan.h"

#include <array>
#include <charconv>
#include <memory>
#include <string_view>
#include <utility>

#include "base/json.h"
#include "base/json_text.h"
#include "base/utf8.h"
#include "scrape/discovery/host_port.h"
#include "scrape/discovery/http/http_sd_plan.h"
#include "scrape/discovery/json_entries.h"
#include "scrape/discovery/meta_labels.h"

namespace sluice::scrape {
namespace {

constexpr size_t kDepthMax = 32;  // of parameters within parameters

// As Go writes a number that JSON had: 1000000 is 1e+06.
std::string NumberText(const JsonView& number) {
  std::array<char, 64> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), number.Float(),
                                 std::chars_format::general)
                       .ptr;
  return {text.data(), end};
}

// Of a text, a number, true or false; empty for anything else.
std::string ScalarText(const JsonView& value) {
  const std::string text = value.JsonText();
  if (text.empty() || text == "null" || text[0] == '{' || text[0] == '[') return "";
  if (text[0] == '"') return std::string(value.Text());
  return text == "true" || text == "false" ? text : NumberText(value);
}

// Those within others have the names of those before their own.
void AddParameters(const JsonView& parameters, const std::string& prefix, size_t depth,
                   MetaLabels& labels) {
  if (depth > kDepthMax) return;
  for (const auto& [key, value] : parameters.Entries()) {
    const std::string name = prefix + SanitizedLabelName(key);
    if (value.is_object()) {
      AddParameters(value, name + "_", depth + 1, labels);
      continue;
    }
    std::string text = ScalarText(value);
    if (value.JsonText().starts_with('[')) {
      const std::vector<JsonView> items = value.Items();
      for (size_t i = 0; i < items.size(); ++i) text += (i == 0 ? "" : ",") + ScalarText(items[i]);
    }
    if (!text.empty()) labels.Add(name, text);
  }
}

Result<relabel::Labels> ReadResource(const JsonView& resource, const PuppetDbSdConfig& config) {
  const std::string_view certname = resource["certname"].Text();
  MetaLabels labels("__meta_puppetdb_");
  labels.Add("query", config.query);
  for (const char* name : {"certname", "resource", "type", "title", "file", "environment"}) {
    labels.Add(name, resource[name].Text());
  }
  labels.Add("exported", resource["exported"].Bool() ? "true" : "false");
  const std::vector<std::string_view> tags = resource["tags"].Texts();
  if (!tags.empty()) labels.Add("tags", WrappedList(tags, ","));
  if (config.include_parameters) AddParameters(resource["parameters"], "parameter_", 0, labels);
  return labels.Target(HostPort(certname, std::to_string(config.port)));
}

}  // namespace

PuppetDbPlan::PuppetDbPlan(PuppetDbSdConfig config) : config_(std::move(config)) {}

std::string PuppetDbPlan::Url() const {
  std::string url = config_.url;
  while (url.ends_with('/')) url.pop_back();
  return url + "/pdb/query/v4";
}

Result<HttpRequests> PuppetDbPlan::Begin() {
  HttpRequest request;
  request.method = "POST";
  request.url = Url();
  request.headers = {{"Accept", "application/json"}, {"Content-Type", "application/json"}};
  request.body =
      std::make_shared<const std::string>("{\"query\":" + JsonString(config_.query) + "}");
  request.client = config_.client;
  request.timeout = config_.refresh_interval;
  request.accept_gzip = true;
  return HttpRequests{std::move(request)};
}

Result<HttpStep> PuppetDbPlan::Next(const std::vector<HttpAnswer>& answers) {
  const HttpAnswer& answer = answers.front();
  const auto json = ParseJsonAnswer(answer);
  if (!json.ok()) return json.error();
  if (!IsJsonContentType(answer.head.content_type)) {
    return InvalidInput(answer.url + ": unsupported content type " +
                        QuoteText(answer.head.content_type));
  }
  const JsonView root = (*json)->root();
  static_cast<void>(root.Items());
  if (Status status = CheckJson(**json, answer); !status.ok()) return status.error();
  Refreshed refreshed;
  refreshed.groups.push_back(
      {.source = "puppetdb?query=" + config_.query, .targets = {}, .labels = {}});
  ReadEntries(
      **json, root, "resources", refreshed.bad_entries,
      [this](const JsonView& resource) { return ReadResource(resource, config_); },
      [&](relabel::Labels target) {
        refreshed.groups.front().targets.push_back(std::move(target));
      });
  return HttpStep(std::move(refreshed));
}

}  // namespace sluice::scrape
