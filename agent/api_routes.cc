// The paths below /api/v1/.
#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <string>
#include <string_view>

#include "agent/agent.h"
#include "agent/api/answer.h"
#include "agent/api/cluster_api.h"
#include "agent/api/delivery_api.h"
#include "agent/api/metadata_api.h"
#include "agent/api/scrape_pool_api.h"
#include "agent/api/status_api.h"
#include "agent/api/targets_api.h"

namespace sluice::agent {
namespace {

constexpr std::string_view kApiPrefix = "/api/v1/";

// What only a server can answer, as it has samples to be asked for.
bool NeedsServer(std::string_view name) {
  constexpr std::array<std::string_view, 12> kNames = {
      "query",       "query_range", "query_exemplars", "format_query",
      "parse_query", "labels",      "series",          "alertmanagers",
      "alerts",      "rules",       "status/tsdb",     "status/tsdb/blocks"};
  return std::find(kNames.begin(), kNames.end(), name) != kNames.end() ||
         name.starts_with("admin/tsdb/") ||
         (name.starts_with("label/") && name.ends_with("/values"));
}

// Pages of other origins may read the answer, if they are of those.
void AllowOrigin(const Pattern& origins, const HttpServerRequest& request,
                 HttpServerResponse& response) {
  const auto origin = request.headers.find("origin");
  if (origin == request.headers.end() || origin->second.empty()) return;
  response.headers.emplace_back("Access-Control-Allow-Headers",
                                "Accept, Authorization, Content-Type, Origin");
  response.headers.emplace_back("Access-Control-Allow-Methods", "GET, POST, OPTIONS");
  response.headers.emplace_back("Access-Control-Expose-Headers", "Date");
  response.headers.emplace_back("Vary", "Origin");
  if (origins.Matches(origin->second)) {
    response.headers.emplace_back("Access-Control-Allow-Origin", origin->second);
  }
}

// A number that may be missing.
Result<std::optional<int64_t>> ReadLimit(const HttpServerRequest& request, std::string_view name) {
  const std::string_view text = request.Query(name);
  if (text.empty()) return std::optional<int64_t>();
  int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) {
    return InvalidInput(std::string(name) + " must be a number");
  }
  return std::optional<int64_t>(number);
}

HttpServerResponse BadData(const std::string& message) {
  return ErrorAnswer(ApiErrorType::kBadData, message);
}

HttpServerResponse DataOrError(const Result<std::string>& data) {
  return data.ok() ? DataAnswer(*data) : ErrorAnswer(ApiErrorType::kInternal, data.error().message);
}

std::string ConfigError(const Error& error) {
  return "error retrieving scrape config: " + error.message;
}

}  // namespace

HttpServerResponse Agent::Api(const HttpServerRequest& request) {
  const std::string_view name = std::string_view(request.path).substr(kApiPrefix.size());
  HttpServerResponse response;
  if (request.method == "OPTIONS") {
    response.status = 204;
  } else if (name == "status/walreplay") {
    response = DataAnswer(WalReplayJson());
  } else if (!ready_) {
    response = NotReady();
  } else if (NeedsServer(name)) {
    response = ErrorAnswer(ApiErrorType::kExecution, "unavailable with Prometheus Agent");
  } else if (request.method != "GET") {
    response = TextAnswer(405, "Method Not Allowed\n");
  } else {
    response = AnswerApi(name, request);
  }
  AllowOrigin(options_.cors_origin, request, response);
  return response;
}

HttpServerResponse Agent::AnswerApi(std::string_view name, const HttpServerRequest& request) {
  if (name == "targets") {
    return DataAnswer(TargetsJson(scraper_->Snapshot(), request.Query("state"),
                                  request.Query("scrapePool"), options_.own_url));
  }
  if (name == "targets/metadata") return TargetMetadata(request);
  if (name == "targets/relabel_steps") return RelabelSteps(request);
  if (name == "metadata") return Metadata(request);
  if (name == "scrape_pools") return DataAnswer(ScrapePoolsJson(scraper_->Snapshot()));
  if (name == "scrape_pools/config") return ScrapePoolConfig(request);
  if (name == "cluster") return Cluster(request);
  if (name == "destinations") return DataAnswer(DestinationsJson(destinations_->Snapshot()));
  if (name == "explain") return ExplainApi(request);
  if (name == "status/buildinfo") return DataAnswer(BuildInfoJson());
  if (name == "status/config") return DataAnswer(ConfigJson(ShownConfig()));
  if (name == "status/flags") return DataAnswer(FlagsJson(options_.flags));
  if (name == "status/runtimeinfo") return Runtime();
  return ErrorAnswer(ApiErrorType::kNotFound, "no such endpoint: " + request.path);
}

HttpServerResponse Agent::Cluster(const HttpServerRequest& request) const {
  const std::string text(request.Query("member"));
  std::optional<uint32_t> member;
  if (!text.empty()) {
    const Result<uint32_t> number = scrape::ParseMemberNumber(text);
    if (!number.ok()) return BadData(number.error().message);
    member = *number;
  }
  return DataAnswer(ClusterJson(scraper_->Cluster(request.Query("scrapePool"), member)));
}

HttpServerResponse Agent::TargetMetadata(const HttpServerRequest& request) const {
  TargetMetadataQuery query;
  query.metric = request.Query("metric");
  const auto limit = ReadLimit(request, "limit");
  if (!limit.ok()) return BadData(limit.error().message);
  query.limit = *limit;
  if (const std::string_view match = request.Query("match_target"); !match.empty()) {
    Result<Selector> selector = Selector::Parse(match);
    if (!selector.ok()) {
      return BadData("invalid parameter \"match_target\": " + selector.error().message);
    }
    query.match_target = std::move(*selector);
  }
  return DataOrError(TargetMetadataJson(scraper_->Snapshot().active, query));
}

HttpServerResponse Agent::Metadata(const HttpServerRequest& request) const {
  MetadataQuery query;
  query.metric = request.Query("metric");
  const auto limit = ReadLimit(request, "limit");
  if (!limit.ok()) return BadData(limit.error().message);
  const auto limit_per_metric = ReadLimit(request, "limit_per_metric");
  if (!limit_per_metric.ok()) return BadData(limit_per_metric.error().message);
  query.limit = *limit;
  query.limit_per_metric = *limit_per_metric;
  return DataOrError(MetadataJson(scraper_->Snapshot().active, query));
}

HttpServerResponse Agent::RelabelSteps(const HttpServerRequest& request) const {
  const std::string pool(request.Query("scrapePool"));
  if (pool.empty()) return BadData("no scrapePool parameter provided");
  const std::string_view text = request.Query("labels");
  if (text.empty()) return BadData("no labels parameter provided");
  const Result<relabel::Labels> labels = ReadLabelsJson(text);
  if (!labels.ok()) return BadData("error parsing labels: " + labels.error().message);
  const auto job = scraper_->Job(pool);
  if (job == nullptr) return BadData(ConfigError(InvalidInput("scrape pool not found: " + pool)));
  return DataAnswer(RelabelStepsJson(job->relabel, *labels));
}

HttpServerResponse Agent::ScrapePoolConfig(const HttpServerRequest& request) const {
  const std::string_view pool = request.Query("scrapePool");
  if (pool.empty()) return BadData("no scrapePool parameter provided");
  const Result<std::string> yaml = ScrapePoolYaml(ShownConfig(), pool);
  if (!yaml.ok()) return ErrorAnswer(ApiErrorType::kNotFound, ConfigError(yaml.error()));
  return DataAnswer(ScrapePoolConfigJson(*yaml));
}

HttpServerResponse Agent::Runtime() {
  const Counter damaged = telemetry_.AddCounter("sluice_buffer_damaged_records_total", "");
  const auto bytes = options_.flags.find("storage.agent.max-bytes");
  return DataAnswer(
      RuntimeInfoJson({.start_ms = start_ms_,
                       .now_ms = clock_.WallNowMs(),
                       .reload_succeeded = reload_succeeded_,
                       .last_config_ms = last_config_ms_,
                       .corruption_count = static_cast<uint64_t>(damaged.value()),
                       .retention = bytes == options_.flags.end() ? "" : bytes->second}));
}

}  // namespace sluice::agent
