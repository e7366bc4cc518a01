// The running agent: log, scraper, destinations and HTTP server, wired together.
#pragma once

#include <atomic>
#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/config/config.h"
#include "agent/explain/explain.h"
#include "agent/http_server.h"
#include "agent/options.h"
#include "agent/pages/delivery_history.h"
#include "agent/pages/html.h"
#include "agent/web_config/web_gate.h"
#include "base/clock.h"
#include "base/logger.h"
#include "base/mutex.h"
#include "base/telemetry.h"
#include "buffer/log.h"
#include "remotewrite/destinations.h"
#include "scrape/scraper.h"

namespace sluice::agent {

// Of this process.
std::optional<std::string> ProcessEnvironment(std::string_view name);

// Thread-safe after Start(). Members are made in the order in which they depend on each other, and
// die in the reverse one.
class Agent {
 public:
  // Opens the data directory, loads the configuration, listens, and starts to scrape and send.
  // Errors are ready to be printed.
  static Result<std::unique_ptr<Agent>> Start(Options options, Logger logger);
  ~Agent();
  Agent(const Agent&) = delete;
  Agent& operator=(const Agent&) = delete;

  // Loads the configuration file again. On an error the old configuration goes on running.
  Status Reload() SLUICE_EXCLUDES(reload_mu_);

  // The same when the configuration differs on disk from what was loaded last. Does nothing most of
  // the time: to be called often.
  void ReloadIfChanged() SLUICE_EXCLUDES(reload_mu_);

  // Remembers now and then how destinations fare, for the pages: to be called often.
  void NoteDeliveries() SLUICE_EXCLUDES(history_mu_);

  // True once somebody asked for an end over HTTP.
  bool stop_requested() const { return stop_requested_.load(); }

  // Stops scraping, drains for at most the flush deadline, closes everything. Idempotent.
  void Stop();

  std::vector<remotewrite::DestinationStatus> Deliveries() const;

  // What has not come around for longer than `limit`; nothing when all is well.
  std::optional<std::string> Stalled(std::chrono::milliseconds limit) const;

  // Ends the drain of a Stop() that another thread is in; what is pending stays in the buffer.
  void EndDrain();

  // Where the HTTP server listens, first of all.
  std::string address() const;

 private:
  Agent(Options options, Logger logger);

  Status OpenAll();
  Status OpenServer();
  // Loads and applies.
  Status LoadAndApply() SLUICE_REQUIRES(reload_mu_);
  Status Apply(Config config) SLUICE_REQUIRES(reload_mu_);
  void NoteChecksum() SLUICE_REQUIRES(reload_mu_);
  void NoteReload(bool good);
  std::string ShownConfig() const SLUICE_EXCLUDES(shown_mu_);

  // explain_routes.cc
  AgentView View() const SLUICE_EXCLUDES(shown_mu_);
  Explanation ExplainNow(const Selector& selector) const SLUICE_EXCLUDES(shown_mu_);
  HttpServerResponse ExplainApi(const HttpServerRequest& request) const;

  // page_routes.cc
  HttpServerResponse Page(const HttpServerRequest& request);
  Html PageContent(std::string_view name, const HttpServerRequest& request);
  Html OverviewContent() const SLUICE_EXCLUDES(shown_mu_);
  Html DestinationsContent();
  Html ExplainContent(std::string match) const;
  Html StatusContent();
  std::map<std::string, DeliveryPoints> History() const SLUICE_EXCLUDES(history_mu_);

  // routes.cc
  HttpServerResponse Handle(const HttpServerRequest& request);
  HttpServerResponse Route(const HttpServerRequest& request);
  HttpServerResponse Lifecycle(const HttpServerRequest& request);
  HttpServerResponse NotReady() const;

  // api_routes.cc
  HttpServerResponse Api(const HttpServerRequest& request);
  HttpServerResponse AnswerApi(std::string_view name, const HttpServerRequest& request);
  HttpServerResponse Cluster(const HttpServerRequest& request) const;
  HttpServerResponse TargetMetadata(const HttpServerRequest& request) const;
  HttpServerResponse Metadata(const HttpServerRequest& request) const;
  HttpServerResponse RelabelSteps(const HttpServerRequest& request) const;
  HttpServerResponse ScrapePoolConfig(const HttpServerRequest& request) const;
  HttpServerResponse Runtime();

  // Set once.
  const Options options_;
  const Logger logger_;
  SystemClock clock_;
  const TimestampMs start_ms_;
  Telemetry telemetry_;
  std::shared_ptr<void> process_metrics_;
  std::unique_ptr<buffer::Log> log_;
  std::unique_ptr<remotewrite::Destinations> destinations_;
  std::unique_ptr<scrape::Scraper> scraper_;

  Mutex reload_mu_;  // one reload at a time; taken before the next
  std::string checksum_ SLUICE_GUARDED_BY(reload_mu_);  // of what was loaded last, good or bad
  MonotonicTime next_check_ SLUICE_GUARDED_BY(reload_mu_);
  mutable Mutex shown_mu_;
  std::string shown_config_ SLUICE_GUARDED_BY(shown_mu_);  // of the running configuration
  std::string reload_error_ SLUICE_GUARDED_BY(shown_mu_);  // of the last load, if it failed
  std::shared_ptr<const DestinationConfigs> destination_configs_ SLUICE_GUARDED_BY(shown_mu_) =
      std::make_shared<DestinationConfigs>();

  std::atomic<bool> reload_succeeded_{false};   // of the last load
  std::atomic<TimestampMs> last_config_ms_{0};  // when the running configuration was loaded
  mutable Mutex history_mu_;
  DeliveryHistory history_ SLUICE_GUARDED_BY(history_mu_);
  MonotonicTime next_note_ SLUICE_GUARDED_BY(history_mu_);

  uint64_t log_bytes_max_ = 0;  // set by Start

  std::atomic<bool> ready_{false};           // set by Start, cleared by Stop
  std::atomic<bool> stopping_{false};        // set by Stop
  std::atomic<bool> stop_requested_{false};  // set by the HTTP server, read by main

  std::unique_ptr<WebGate> web_gate_;   // null: plain HTTP, for everybody
  std::unique_ptr<HttpServer> server_;  // last: its thread uses everything above
};

}  // namespace sluice::agent
