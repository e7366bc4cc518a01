#include "agent/api/targets_api.h"

#include <utility>

#include "agent/api/answer.h"
#include "agent/api/json_tree.h"
#include "base/duration.h"

namespace sluice::agent {
namespace {

std::string_view HealthName(scrape::TargetHealth health) {
  switch (health) {
    case scrape::TargetHealth::kUnknown:
      return "unknown";
    case scrape::TargetHealth::kUp:
      return "up";
    case scrape::TargetHealth::kDown:
      return "down";
  }
  return "unknown";
}

Json ActiveTargetJson(const scrape::TargetStatus& target, const OwnUrl& own) {
  Json json{
      {"discoveredLabels", LabelsJson(target.discovered_labels)},
      {"labels", LabelsJson(target.labels)},
      {"scrapePool", target.job},
      {"scrapeUrl", target.url},
      {"globalUrl", own.GlobalUrl(target.url)},
      {"lastError", target.last_error},
      {"lastScrape", FormatTime(target.last_scrape_ms)},
      {"lastScrapeDuration", target.last_scrape_duration_seconds},
      {"health", HealthName(target.health)},
      {"scrapeInterval", FormatDuration(target.scrape_interval)},
      {"scrapeTimeout", FormatDuration(target.scrape_timeout)},
  };
  if (target.restored) json["restored"] = true;
  return json;
}

Json DroppedTargetJson(const scrape::DroppedTarget& target) {
  Json json{{"discoveredLabels", LabelsJson(target.discovered_labels)}, {"scrapePool", target.job}};
  if (!target.reason.empty()) json["reason"] = target.reason;
  return json;
}

void AppendItem(std::string& list, const Json& item) {
  if (!list.empty()) list += ',';
  list += Dump(item);
}

}  // namespace

std::string TargetsJson(const scrape::ScraperStatus& status, std::string_view state,
                        std::string_view scrape_pool, const OwnUrl& own) {
  const bool any = state.empty() || state == "any";
  const auto in_pool = [&](const std::string& job) {
    return scrape_pool.empty() || job == scrape_pool;
  };
  // Target by target: a tree of many thousands would be many times their text.
  std::string active;
  if (any || state == "active") {
    for (const scrape::TargetStatus& target : status.active) {
      if (in_pool(target.job)) AppendItem(active, ActiveTargetJson(target, own));
    }
  }
  std::string dropped;
  Json counts = nullptr;
  if (any || state == "dropped") {
    counts = Json::object();
    for (const auto& [job, count] : status.dropped_counts) counts[job] = count;
    for (const scrape::DroppedTarget& target : status.dropped) {
      if (in_pool(target.job)) AppendItem(dropped, DroppedTargetJson(target));
    }
  }
  return R"({"activeTargets":[)" + active + R"(],"droppedTargets":[)" + dropped +
         R"(],"droppedTargetCounts":)" + Dump(counts) + "}";
}

std::string ScrapePoolsJson(const scrape::ScraperStatus& status) {
  return Dump(Json{{"scrapePools", status.jobs}});
}

}  // namespace sluice::agent
