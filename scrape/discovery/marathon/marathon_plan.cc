#include "scrape/discovery/marathon/marathon_plan.h"

#include <set>
#include <utility>

#include "base/file.h"
#include "base/json.h"
#include "scrape/discovery/json_entries.h"
#include "scrape/discovery/marathon/marathon_app.h"

namespace sluice::scrape {
namespace {

constexpr size_t kTokenBytesMax = 64 << 10;
constexpr std::string_view kSpace = " \t\r\n";

std::string Trimmed(const std::string& text) {
  const size_t first = text.find_first_not_of(kSpace);
  if (first == std::string::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

}  // namespace

MarathonPlan::MarathonPlan(MarathonSdConfig config) : config_(std::move(config)) {}

Result<std::string> MarathonPlan::AuthToken() const {
  if (config_.auth_token_file.empty()) return config_.auth_token.Reveal();
  const Result<std::string> text = ReadFile(config_.auth_token_file, kTokenBytesMax);
  if (!text.ok()) return text.error().WithContext("cannot read the auth_token_file");
  std::string token = Trimmed(*text);
  if (token.find_first_of("\r\n") != std::string::npos) {
    return InvalidInput("the token in the auth_token_file has several lines");
  }
  return token;
}

Result<HttpRequests> MarathonPlan::Begin() {
  const Result<std::string> token = AuthToken();
  if (!token.ok()) return token.error();
  HttpRequest request;
  request.url = config_.servers[rounds_++ % config_.servers.size()];
  while (request.url.ends_with('/')) request.url.pop_back();
  request.url += "/v2/apps/?embed=apps.tasks";
  if (!token->empty()) {
    request.headers.emplace_back("Authorization", "token=" + *token);
    // It would go along.
    request.follow_redirects = false;
  }
  request.client = config_.client;
  request.timeout = config_.refresh_interval;
  request.accept_gzip = true;
  return HttpRequests{std::move(request)};
}

Result<HttpStep> MarathonPlan::Next(const std::vector<HttpAnswer>& answers) {
  const HttpAnswer& answer = answers.front();
  const auto json = ParseJsonAnswer(answer);
  if (!json.ok()) return json.error();
  const JsonView apps = (*json)->root()["apps"];
  static_cast<void>(apps.Items());
  if (Status status = CheckJson(**json, answer); !status.ok()) return status.error();
  Refreshed refreshed;
  std::set<std::string> ids;
  ReadEntries(**json, apps, "apps", refreshed.bad_entries, &ReadMarathonApp,
              [&](TargetGroup group) {
                if (ids.insert(group.source).second) {
                  refreshed.groups.push_back(std::move(group));
                } else {
                  refreshed.bad_entries.push_back("apps: " + group.source + " is there twice");
                }
              });
  return HttpStep(std::move(refreshed));
}

}  // namespace sluice::scrape
