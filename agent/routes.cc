// What the agent answers over HTTP: paths, methods and texts are Prometheus's (agent mode).
#include <optional>
#include <string>
#include <string_view>

#include "agent/agent.h"
#include "agent/api.h"

namespace sluice::agent {
namespace {

constexpr std::string_view kApiPrefix = "/api/v1/";

bool IsRead(const HttpServerRequest& request) {
  return request.method == "GET" || request.method == "HEAD";
}

HttpServerResponse Text(int status, std::string body) {
  HttpServerResponse response;
  response.status = status;
  response.body = std::move(body);
  return response;
}

HttpServerResponse Json(int status, std::string body) {
  HttpServerResponse response;
  response.status = status;
  response.content_type = "application/json";
  response.body = std::move(body);
  return response;
}

HttpServerResponse StartPage() {
  HttpServerResponse response;
  response.content_type = "text/html; charset=utf-8";
  response.body =
      "<!doctype html><title>Sluice</title><h1>Sluice</h1><ul>"
      "<li><a href=\"/api/v1/targets\">targets</a>"
      "<li><a href=\"/api/v1/cluster\">cluster</a>"
      "<li><a href=\"/api/v1/destinations\">destinations</a>"
      "<li><a href=\"/api/v1/status/config\">configuration</a>"
      "<li><a href=\"/api/v1/status/flags\">flags</a>"
      "<li><a href=\"/metrics\">metrics</a></ul>\n";
  return response;
}

}  // namespace

HttpServerResponse Agent::Handle(const HttpServerRequest& request) {
  HttpServerResponse response = Route(request);
  // Unknown paths and methods share one label: whoever asks for nonsense must not make series.
  const bool unknown = response.status == 404 || response.status == 405;
  const std::string handler = unknown ? "other" : request.path;
  telemetry_
      .AddCounter("prometheus_http_requests_total", "HTTP requests answered.",
                  {{"handler", handler}, {"code", std::to_string(response.status)}})
      .Increment();
  return response;
}

HttpServerResponse Agent::Route(const HttpServerRequest& request) {
  const std::string& path = request.path;
  if (path == "/-/reload" || path == "/-/quit") return Lifecycle(request);
  if (!IsRead(request)) return Text(405, "Method Not Allowed\n");
  if (path == "/-/healthy") return Text(200, "Sluice is Healthy.\n");
  if (path == "/-/ready") return ready_ ? Text(200, "Sluice is Ready.\n") : NotReady();
  if (path == "/metrics") {
    HttpServerResponse response = Text(200, telemetry_.ExposeText());
    response.content_type = "text/plain; version=0.0.4; charset=utf-8";
    return response;
  }
  if (path == "/version") return Json(200, VersionJson());
  if (path == "/") return StartPage();
  if (path.starts_with(kApiPrefix)) return Api(request);
  return Text(404, "404 page not found\n");
}

HttpServerResponse Agent::NotReady() const {
  HttpServerResponse response = Text(503, "Service Unavailable");
  response.headers.emplace_back("X-Prometheus-Stopping", stopping_ ? "true" : "false");
  return response;
}

HttpServerResponse Agent::Api(const HttpServerRequest& request) {
  if (!ready_) return NotReady();
  const std::string_view name = std::string_view(request.path).substr(kApiPrefix.size());
  if (name == "targets") {
    return Json(200, TargetsJson(scraper_->Snapshot(), request.Query("state"),
                                 request.Query("scrapePool")));
  }
  if (name == "scrape_pools") return Json(200, ScrapePoolsJson(scraper_->Snapshot()));
  if (name == "cluster") return Cluster(request);
  if (name == "destinations") return Json(200, DestinationsJson(destinations_->Snapshot()));
  if (name == "status/buildinfo") return Json(200, BuildInfoJson());
  if (name == "status/config") return Json(200, ConfigJson(ShownConfig()));
  if (name == "status/flags") return Json(200, FlagsJson(options_.flags));
  return Json(404, ApiError("not_found", "no such endpoint: " + request.path));
}

HttpServerResponse Agent::Cluster(const HttpServerRequest& request) const {
  const std::string text(request.Query("member"));
  std::optional<uint32_t> member;
  if (!text.empty()) {
    const Result<uint32_t> number = scrape::ParseMemberNumber(text);
    if (!number.ok()) return Json(400, ApiError("bad_data", number.error().message));
    member = *number;
  }
  return Json(200, ClusterJson(scraper_->Cluster(request.Query("scrapePool"), member)));
}

HttpServerResponse Agent::Lifecycle(const HttpServerRequest& request) {
  if (!options_.enable_lifecycle) {
    return Text(403, "Lifecycle API is not enabled. Start with --web.enable-lifecycle.\n");
  }
  if (request.method != "POST" && request.method != "PUT") {
    return Text(405, "Only POST or PUT requests allowed");
  }
  if (request.path == "/-/quit") {
    const bool again = stop_requested_.exchange(true);
    return Text(200,
                again ? "Termination already in progress." : "Requesting termination... Goodbye!");
  }
  const Status status = Reload();
  if (status.ok()) return Text(200, "");
  return Text(500, "failed to reload config: " + status.error().message + "\n");
}

}  // namespace sluice::agent
