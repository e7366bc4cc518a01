// What the agent answers over HTTP: paths, methods and texts are Prometheus's (agent mode).
#include <algorithm>
#include <array>
#include <string>
#include <string_view>

#include "agent/agent.h"
#include "agent/api/answer.h"
#include "agent/api/status_api.h"
#include "agent/compat_metrics.h"

namespace sluice::agent {
namespace {

constexpr std::string_view kApiPrefix = "/api/v1/";

HttpServerResponse RedirectTo(const std::string& path) {
  return {.status = 302, .headers = {{"Location", path}}};
}

}  // namespace

HttpServerResponse Agent::Handle(const HttpServerRequest& request) {
  const std::string& prefix = options_.own_url.route_prefix();
  HttpServerResponse response;
  HttpServerRequest local = request;  // with the path below the prefix
  if (request.path == prefix || (request.path == "/" && !prefix.empty())) {
    response = RedirectTo(prefix + "/");
  } else if (request.path.starts_with(prefix + "/")) {
    local.path.erase(0, prefix.size());
    response = Route(local);
  } else {
    response = TextAnswer(404, "404 page not found\n");
  }
  // Unknown paths and methods share one label: whoever asks for nonsense must not make series.
  constexpr std::array<int, 4> kForeign = {302, 404, 405, 422};
  const bool known = request.method != "OPTIONS" &&
                     std::find(kForeign.begin(), kForeign.end(), response.status) == kForeign.end();
  telemetry_
      .AddCounter(
          "prometheus_http_requests_total", "HTTP requests answered.",
          {{"handler", known ? local.path : "other"}, {"code", std::to_string(response.status)}})
      .Increment();
  return response;
}

HttpServerResponse Agent::Route(const HttpServerRequest& request) {
  const std::string& path = request.path;
  if (path == "/-/reload" || path == "/-/quit") return Lifecycle(request);
  if (path.starts_with(kApiPrefix)) return Api(request);
  if (request.method != "GET") return TextAnswer(405, "Method Not Allowed\n");
  if (path == "/-/healthy") return TextAnswer(200, "Sluice is Healthy.\n");
  if (path == "/-/ready") return ready_ ? TextAnswer(200, "Sluice is Ready.\n") : NotReady();
  // As vmagent has them.
  if (path == "/health") return TextAnswer(200, "OK");
  if (path == "/ready") return ready_ ? TextAnswer(200, "OK") : TextAnswer(425, "Too Early");
  if (path == "/metrics") {
    HttpServerResponse response = TextAnswer(200, telemetry_.ExposeText());
    if (options_.compat_metrics) response.body += ExposeCompatMetrics(response.body);
    response.content_type = "text/plain; version=0.0.4; charset=utf-8";
    return response;
  }
  if (path == "/version") return JsonAnswer(200, BuildInfoJson());
  return Page(request);
}

HttpServerResponse Agent::NotReady() const {
  HttpServerResponse response = TextAnswer(503, "Service Unavailable");
  response.headers.emplace_back("X-Prometheus-Stopping", stopping_ ? "true" : "false");
  return response;
}

HttpServerResponse Agent::Lifecycle(const HttpServerRequest& request) {
  const bool by_get = options_.reload_by_get && request.path == "/-/reload";
  if (request.method != "POST" && request.method != "PUT" && !by_get) {
    return TextAnswer(405, "Only POST or PUT requests allowed");
  }
  const bool quits = request.path == "/-/quit";
  if (quits ? !options_.enable_quit : !options_.enable_reload) {
    return TextAnswer(403, "Lifecycle API is not enabled.");
  }
  if (quits) {
    const bool again = stop_requested_.exchange(true);
    return TextAnswer(
        200, again ? "Termination already in progress." : "Requesting termination... Goodbye!");
  }
  const Status status = Reload();
  if (status.ok()) return TextAnswer(200, "");
  return TextAnswer(500, "failed to reload config: " + status.error().message + "\n");
}

}  // namespace sluice::agent
