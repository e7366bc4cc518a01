// The web pages of the running agent.
#include <string>
#include <string_view>
#include <utility>

#include "agent/agent.h"
#include "agent/api/answer.h"
#include "agent/pages/assets.h"
#include "agent/pages/destinations_page.h"
#include "agent/pages/discovery_page.h"
#include "agent/pages/explain_page.h"
#include "agent/pages/overview_page.h"
#include "agent/pages/own_metrics.h"
#include "agent/pages/page_shell.h"
#include "agent/pages/relabel_page.h"
#include "agent/pages/status_page.h"
#include "agent/pages/targets_page.h"

namespace sluice::agent {
namespace {

std::string Asked(const HttpServerRequest& request, std::string_view name) {
  return std::string(request.Query(name));
}

HttpServerResponse AssetAnswer(const Asset& asset) {
  HttpServerResponse response;
  response.content_type = std::string(asset.content_type);
  response.body = std::string(asset.content);
  response.headers = {{"X-Content-Type-Options", "nosniff"}, {"Cache-Control", "max-age=300"}};
  return response;
}

}  // namespace

void Agent::NoteDeliveries() {
  const MutexLock lock(history_mu_);
  const MonotonicTime now = clock_.MonotonicNow();
  if (!ready_ || now < next_note_) return;
  next_note_ = now + DeliveryHistory::kInterval;
  history_.Note(clock_.WallNowMs(), destinations_->Snapshot());
}

std::map<std::string, DeliveryPoints> Agent::History() const {
  const MutexLock lock(history_mu_);
  return history_.all();
}

HttpServerResponse Agent::Page(const HttpServerRequest& request) {
  const std::string_view name = std::string_view(request.path).substr(1);
  if (name.empty()) return {.status = 302, .headers = {{"Location", "overview"}}};
  if (const Asset asset = FindAsset(name); !asset.content_type.empty()) return AssetAnswer(asset);
  if (!IsPage(name)) return TextAnswer(404, "404 page not found\n");
  if (!ready_) return NotReady();
  return PageAnswer(name, PageContent(name, request));
}

Html Agent::PageContent(std::string_view name, const HttpServerRequest& request) {
  if (name == "targets") {
    return TargetsPage(scraper_->Snapshot(),
                       {.text = Asked(request, "q"),
                        .state = Asked(request, "state"),
                        .job = Asked(request, "job")},
                       clock_.WallNowMs());
  }
  if (name == "service-discovery") {
    return DiscoveryPage(scraper_->View(), {.text = Asked(request, "q"),
                                            .state = Asked(request, "state"),
                                            .job = Asked(request, "job")});
  }
  if (name == "destinations") return DestinationsContent();
  if (name == "explain") return ExplainContent(Asked(request, "match"));
  if (name == "relabel") {
    return RelabelPage(TryRules(Asked(request, "rules"), Asked(request, "labels")));
  }
  if (name == "config") return ConfigPage(ShownConfig());
  if (name == "flags") return FlagsPage(options_.flags);
  if (name == "status") return StatusContent();
  return OverviewContent();
}

Html Agent::OverviewContent() const {
  OverviewView view{.scraper = scraper_->Snapshot(),
                    .log = log_->status(),
                    .log_bytes_max = log_bytes_max_,
                    .destinations = destinations_->Snapshot(),
                    .history = History(),
                    .reload_error = {},
                    .now_ms = clock_.WallNowMs()};
  const MutexLock lock(shown_mu_);
  view.reload_error = reload_error_;
  return OverviewPage(view);
}

Html Agent::DestinationsContent() {
  DestinationsView view{.destinations = destinations_->Snapshot(),
                        .history = History(),
                        .retried = {},
                        .now_ms = clock_.WallNowMs()};
  const OwnMetrics metrics(telemetry_.ExposeText());
  for (const auto& [destination, samples] :
       metrics.SumBy("prometheus_remote_storage_samples_retried_total", "remote_name")) {
    view.retried[destination] = static_cast<uint64_t>(samples);
  }
  return DestinationsPage(view);
}

Html Agent::ExplainContent(std::string match) const {
  ExplainView view{.match = std::move(match), .error = {}, .explanation = std::nullopt};
  if (view.match.empty()) return ExplainPage(view);
  const Result<Selector> selector = Selector::Parse(view.match);
  if (selector.ok()) {
    view.explanation = ExplainNow(*selector);
  } else {
    view.error = selector.error().message;
  }
  return ExplainPage(view);
}

Html Agent::StatusContent() {
  const OwnMetrics metrics(telemetry_.ExposeText());
  StatusView view;
  view.now_ms = clock_.WallNowMs();
  view.start_ms = start_ms_;
  view.config_ms = last_config_ms_;
  view.reload_succeeded = reload_succeeded_;
  view.config_file = options_.config_file;
  view.data_directory = options_.data_directory;
  view.url = options_.own_url.text();
  view.memory = {
      {.name = "process", .used = metrics.Sum("process_resident_memory_bytes"), .text = {}},
      {.name = "frames held while the disk is full or fails",
       .used = metrics.Sum("sluice_buffer_held_bytes"),
       .limit = static_cast<double>(options_.held_bytes_max),
       .text = "the samples of a scrape are dropped, counted"}};
  view.disk = {{.name = "buffer",
                .used = static_cast<double>(log_->status().bytes),
                .limit = static_cast<double>(log_bytes_max_),
                .text = "the oldest samples go, counted"}};
  for (const remotewrite::DestinationStatus& destination : destinations_->Snapshot()) {
    const bool drops = destination.disk.when_full == buffer::WhenFull::kDropOldest;
    view.disk.push_back({.name = "of it, for " + destination.name,
                         .used = static_cast<double>(destination.progress.kept_bytes),
                         .limit = static_cast<double>(destination.disk.bytes_max),
                         .text = destination.disk.bytes_max == 0 ? "as the buffer"
                                 : drops                         ? "its oldest samples go, counted"
                                         : "what is new is dropped for it, counted"});
  }
  view.cpu_seconds = metrics.Sum("process_cpu_seconds_total");
  view.open_files = static_cast<uint64_t>(metrics.Sum("process_open_fds"));
  view.open_files_max = static_cast<uint64_t>(metrics.Sum("process_max_fds"));
  view.damaged_records = log_->status().damaged_records;
  return StatusPage(view);
}

}  // namespace sluice::agent
