#include "agent/plan/running_side.h"

#include <utility>

#include <nlohmann/json.hpp>

#include "base/duration.h"

namespace sluice::agent {
namespace {

using Json = nlohmann::json;
using Fetch = std::function<Result<std::string>(const std::string& url)>;

// The data of an answer of the API.
Result<Json> Ask(const Fetch& fetch, const std::string& url) {
  const Result<std::string> body = fetch(url);
  if (!body.ok()) return body.error().WithContext(url);
  Json answer = Json::parse(*body, nullptr, false);
  if (!answer.is_object() || !answer.contains("data") || !answer["data"].is_object()) {
    return InvalidInput(url + ": this is not the API of an agent");
  }
  return std::move(answer["data"]);
}

std::string TextOf(const Json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

const Json& ListOf(const Json& object, const char* name) {
  static const Json kNone = Json::array();
  const auto found = object.find(name);
  return found != object.end() && found->is_array() ? *found : kNone;
}

PlannedTarget TargetOf(const Json& json) {
  PlannedTarget target{.url = TextOf(json, "scrapeUrl"), .labels = {}};
  std::vector<relabel::Label> labels;
  const auto found = json.find("labels");
  if (found != json.end() && found->is_object()) {
    for (const auto& [name, value] : found->items()) {
      if (value.is_string()) labels.push_back({name, value.get<std::string>()});
    }
  }
  target.labels = relabel::Labels::From(std::move(labels));
  const auto interval = ParseDuration(TextOf(json, "scrapeInterval"));
  const auto timeout = ParseDuration(TextOf(json, "scrapeTimeout"));
  if (interval.ok()) target.interval = *interval;
  if (timeout.ok()) target.timeout = *timeout;
  return target;
}

void AddPending(const Json& destinations, PlanSide& side) {
  for (const Json& each : ListOf(destinations, "destinations")) {
    const auto ledger = each.find("ledger");
    if (ledger == each.end() || !ledger->is_object()) continue;
    const auto pending = ledger->find("pending");
    if (pending == ledger->end() || !pending->is_number_unsigned()) continue;
    // Entries without a name are known by their URL.
    side.pending[TextOf(each, "name")] = pending->get<uint64_t>();
    side.pending[TextOf(each, "url")] = pending->get<uint64_t>();
  }
}

}  // namespace

Result<PlanSide> AskRunningAgent(const std::string& url, const Fetch& fetch) {
  const std::string base = url.ends_with('/') ? url.substr(0, url.size() - 1) : url;
  const Result<Json> config = Ask(fetch, base + "/api/v1/status/config");
  if (!config.ok()) return config.error();
  const Result<Json> targets = Ask(fetch, base + "/api/v1/targets?state=active");
  if (!targets.ok()) return targets.error();
  const Result<Json> pools = Ask(fetch, base + "/api/v1/scrape_pools");
  if (!pools.ok()) return pools.error();
  const Result<Json> destinations = Ask(fetch, base + "/api/v1/destinations");
  if (!destinations.ok()) return destinations.error();
  PlanSide side{.shown = TextOf(*config, "yaml"), .jobs = {}};
  for (const Json& pool : ListOf(*pools, "scrapePools")) {
    if (pool.is_string()) side.jobs[pool.get<std::string>()];
  }
  for (const Json& target : ListOf(*targets, "activeTargets")) {
    side.jobs[TextOf(target, "scrapePool")].targets.push_back(TargetOf(target));
  }
  AddPending(*destinations, side);
  return side;
}

}  // namespace sluice::agent
