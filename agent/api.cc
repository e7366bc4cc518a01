#include "agent/api.h"

#include <array>
#include <ctime>
#include <set>

#include <nlohmann/json.hpp>

#include "agent/labels_json.h"
#include "base/duration.h"

namespace sluice::agent {
namespace {

using Json = nlohmann::ordered_json;

// Bytes from foreign places may not be UTF-8: they are replaced, never thrown over.
std::string Dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string Success(Json data) {
  return Dump(Json{{"status", "success"}, {"data", std::move(data)}});
}

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

Json ActiveTargetJson(const scrape::TargetStatus& target) {
  Json json{
      {"discoveredLabels", LabelsJson(target.discovered_labels)},
      {"labels", LabelsJson(target.labels)},
      {"scrapePool", target.job},
      {"scrapeUrl", target.url},
      {"globalUrl", target.url},
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

std::string_view StateName(remotewrite::DestinationState state) {
  switch (state) {
    case remotewrite::DestinationState::kIdle:
      return "idle";
    case remotewrite::DestinationState::kSending:
      return "sending";
    case remotewrite::DestinationState::kRetrying:
      return "retrying";
    case remotewrite::DestinationState::kPaused:
      return "paused";
  }
  return "unknown";
}

Json LostJson(const std::vector<buffer::LostRange>& lost) {
  Json list = Json::array();
  for (const buffer::LostRange& range : lost) {
    list.push_back(Json{{"reason", buffer::DropReasonName(range.reason)},
                        {"from", FormatTime(range.from_ms)},
                        {"to", FormatTime(range.to_ms)},
                        {"samples", range.samples}});
  }
  return list;
}

Json LedgerJson(const buffer::DestinationProgress& progress) {
  Json dropped = Json::object();
  for (size_t i = 0; i < buffer::kDropReasonCount; ++i) {
    const auto reason = static_cast<buffer::DropReason>(i);
    dropped[std::string(buffer::DropReasonName(reason))] = progress.ledger.dropped.at(i);
  }
  return Json{
      {"appended", progress.ledger.appended},
      {"acknowledged", progress.ledger.acknowledged},
      {"pending", progress.ledger.pending},
      {"dropped", std::move(dropped)},
  };
}

Json TroublesJson(const std::vector<remotewrite::TenantTrouble>& troubles) {
  Json list = Json::array();
  for (const remotewrite::TenantTrouble& each : troubles) {
    list.push_back(Json{{"tenant", each.tenant},
                        {"state", each.paused ? "paused" : "retrying"},
                        {"branched", each.branched},
                        {"lastError", each.last_error}});
  }
  return list;
}

Json BuildInfo() {
  return Json{{"version", SLUICE_VERSION}, {"revision", ""},  {"branch", ""},
              {"buildUser", ""},           {"buildDate", ""}, {"goVersion", ""}};
}

}  // namespace

std::string ApiError(std::string_view type, std::string_view message) {
  return Dump(Json{{"status", "error"}, {"errorType", type}, {"error", message}});
}

std::string TargetsJson(const scrape::ScraperStatus& status, std::string_view state,
                        std::string_view scrape_pool) {
  const bool any = state.empty() || state == "any";
  const auto in_pool = [&](const std::string& job) {
    return scrape_pool.empty() || job == scrape_pool;
  };
  // Target by target: a tree of many thousands would be many times their text.
  std::string active;
  if (any || state == "active") {
    for (const scrape::TargetStatus& target : status.active) {
      if (in_pool(target.job)) AppendItem(active, ActiveTargetJson(target));
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
  return R"({"status":"success","data":{"activeTargets":[)" + active + R"(],"droppedTargets":[)" +
         dropped + R"(],"droppedTargetCounts":)" + Dump(counts) + "}}";
}

std::string ScrapePoolsJson(const scrape::ScraperStatus& status) {
  return Success(Json{{"scrapePools", status.jobs}});
}

std::string DestinationsJson(const std::vector<remotewrite::DestinationStatus>& destinations) {
  Json list = Json::array();
  for (const remotewrite::DestinationStatus& destination : destinations) {
    list.push_back(Json{
        {"name", destination.name},
        {"url", destination.url},
        {"state", StateName(destination.state)},
        {"lastError", destination.last_error},
        {"tenants", destination.tenants},
        {"tenantsInTrouble", destination.tenants_in_trouble},
        {"troubles", TroublesJson(destination.troubles)},
        {"protocol", destination.protocol},
        {"protocolFallback", destination.protocol_fallback},
        {"shards", destination.shards},
        {"leaving", destination.leaving},
        {"replaying", destination.replaying},
        {"catchUpSeconds", destination.catch_up ? Json(destination.catch_up->count()) : Json()},
        {"requestsInFlight", destination.requests_in_flight},
        {"samplesInFlight", destination.samples_in_flight},
        {"highestSentTimestamp", FormatTime(destination.highest_sent_ms)},
        {"pendingBytes", destination.progress.pending_bytes},
        {"pendingSeconds", destination.pending_seconds},
        {"quarantined", destination.quarantined_samples},
        {"ledger", LedgerJson(destination.progress)},
        {"lost", LostJson(destination.progress.lost)},
    });
  }
  return Success(Json{{"destinations", std::move(list)}});
}

std::string ClusterJson(const scrape::ClusterStatus& status) {
  Json counts = Json::array();
  for (size_t member = 0; member < status.counts.size(); ++member) {
    counts.push_back(Json{{"member", member}, {"targets", status.counts[member]}});
  }
  Json targets = Json::array();
  for (const scrape::ClusterStatus::Target& target : status.targets) {
    targets.push_back(Json{{"scrapePool", target.job},
                           {"scrapeUrl", target.url},
                           {"labels", LabelsJson(target.labels)},
                           {"members", target.members}});
  }
  return Success(Json{{"name", status.cluster.name},
                      {"member", status.cluster.member},
                      {"membersCount", status.cluster.members},
                      {"replicationFactor", status.cluster.replication},
                      {"members", std::move(counts)},
                      {"targets", std::move(targets)},
                      {"targetsLeftOut", status.left_out}});
}

std::string ConfigJson(const std::string& yaml) { return Success(Json{{"yaml", yaml}}); }

std::string FlagsJson(const std::map<std::string, std::string>& flags) {
  return Success(Json(flags));
}

std::string BuildInfoJson() { return Success(BuildInfo()); }

std::string VersionJson() { return Dump(BuildInfo()); }

std::string FormatTime(TimestampMs time_ms) {
  if (time_ms == 0) return "0001-01-01T00:00:00Z";
  int64_t millis = time_ms % 1000;
  if (millis < 0) millis += 1000;
  const auto seconds = static_cast<std::time_t>((time_ms - millis) / 1000);
  std::tm parts{};
  if (gmtime_r(&seconds, &parts) == nullptr) return "0001-01-01T00:00:00Z";
  std::array<char, 64> text{};
  const size_t size = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &parts);
  std::string fraction = std::to_string(1000 + millis).substr(1);
  return std::string(text.data(), size) + "." + fraction + "Z";
}

}  // namespace sluice::agent
