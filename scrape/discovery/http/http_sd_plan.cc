#include "scrape/discovery/http/http_sd_plan.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <string>
#include <utility>

#include "base/json.h"
#include "base/public_url.h"
#include "base/utf8.h"

namespace sluice::scrape {
namespace {

constexpr std::string_view kSpace = " \t\r\n\f\v";

std::string_view Trimmed(std::string_view text) {
  const size_t first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

std::string Seconds(std::chrono::milliseconds interval) {
  std::array<char, 64> text{};
  const auto end =
      std::to_chars(text.data(), text.data() + text.size(),
                    std::chrono::duration<double>(interval).count(), std::chars_format::fixed)
          .ptr;
  return {text.data(), end};
}

// What is wrong with the fields of a group, if anything is.
std::string FieldMistake(const JsonView& group) {
  if (!group) return "nil target group item found";
  for (const auto& [name, value] : group.Entries()) {
    if (name != "targets" && name != "labels") return "unknown field " + QuoteText(name);
  }
  return {};
}

Result<relabel::Labels> ReadLabels(const JsonView& group, const std::string& url) {
  std::vector<relabel::Label> labels;
  for (const auto& [name, value] : group["labels"].Entries()) {
    if (!relabel::IsUtf8LabelName(name)) {
      return InvalidInput(QuoteText(name) + " is not a valid label name");
    }
    labels.push_back({std::string(name), std::string(value.Text())});
  }
  // Of equal names the last one wins, so a server cannot claim to be another.
  labels.push_back({"__meta_url", url});
  return relabel::Labels::From(std::move(labels));
}

Result<TargetGroup> ReadGroup(const JsonView& view, const std::string& url, JsonDocument& json) {
  if (std::string mistake = FieldMistake(view); !mistake.empty()) return InvalidInput(mistake);
  TargetGroup group;
  for (const std::string_view address : view["targets"].Texts()) {
    group.targets.push_back(relabel::Labels{{"__address__", std::string(address)}});
  }
  Result<relabel::Labels> labels = ReadLabels(view, url);
  if (auto mismatch = json.TakeMismatch()) return InvalidInput(*mismatch);
  if (!labels.ok()) return labels.error();
  group.labels = std::move(*labels);
  return group;
}

}  // namespace

bool IsJsonContentType(std::string_view type) {
  std::string rest(Trimmed(type));
  std::transform(rest.begin(), rest.end(), rest.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  constexpr std::string_view kType = "application/json";
  if (!rest.starts_with(kType)) return false;
  rest.erase(0, kType.size());
  if (rest.empty()) return true;
  if (rest.front() != ';') return false;
  const size_t parameter = rest.find_first_not_of(kSpace.substr(0, 5), 1);
  if (parameter == std::string::npos) return false;
  rest.erase(0, parameter);
  return rest == "charset=utf-8" || rest == "charset=\"utf-8\"";
}

HttpSdPlan::HttpSdPlan(HttpSdConfig config) : config_(std::move(config)) {}

Result<HttpRequests> HttpSdPlan::Begin() {
  HttpRequest request;
  request.url = config_.url;
  request.client = config_.client;
  request.timeout = config_.refresh_interval;
  request.accept_gzip = true;
  request.headers = {
      {"Accept", "application/json"},
      {"X-Prometheus-Refresh-Interval-Seconds", Seconds(config_.refresh_interval)},
  };
  return HttpRequests{std::move(request)};
}

Result<HttpStep> HttpSdPlan::Next(const std::vector<HttpAnswer>& answers) {
  const HttpAnswer& answer = answers.front();
  if (Status status = RequireStatus(answer, 200); !status.ok()) return status.error();
  if (!IsJsonContentType(answer.head.content_type)) {
    return InvalidInput(answer.url + ": unsupported content type " +
                        QuoteText(answer.head.content_type));
  }
  const auto json = JsonDocument::Parse(answer.body);
  if (!json.ok()) return json.error().WithContext(answer.url);
  const std::vector<JsonView> views = (*json)->root().Items();
  if (auto mismatch = (*json)->TakeMismatch()) return InvalidInput(answer.url + ": " + *mismatch);
  Refreshed refreshed;
  for (size_t i = 0; i < views.size(); ++i) {
    const std::string source = answer.url + ":" + std::to_string(i);
    Result<TargetGroup> group = ReadGroup(views[i], config_.url, **json);
    if (!group.ok()) {
      refreshed.bad_entries.push_back(group.error().WithContext(source).message);
      continue;
    }
    group->source = source;
    refreshed.groups.push_back(std::move(*group));
  }
  return HttpStep(std::move(refreshed));
}

}  // namespace sluice::scrape
