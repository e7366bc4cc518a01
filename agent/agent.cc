#include "agent/agent.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string_view>
#include <sys/resource.h>
#include <utility>

#include "agent/config/checksum.h"
#include "base/process_metrics.h"

namespace sluice::agent {
namespace {

// Of targets: half of the files that the process may have, as the other half is for all the rest.
size_t IdleConnectionsMax() {
  constexpr rlim_t kLeast = 64;
  constexpr rlim_t kMost = 32'768;
  rlimit files{};
  if (getrlimit(RLIMIT_NOFILE, &files) != 0) return kLeast;
  return std::clamp(files.rlim_cur / 2, kLeast, kMost);
}

}  // namespace

std::optional<std::string> ProcessEnvironment(std::string_view name) {
  const char* value = std::getenv(std::string(name).c_str());
  if (value == nullptr) return std::nullopt;
  return std::string(value);
}

Agent::Agent(Options options, Logger logger)
    : options_(std::move(options)), logger_(std::move(logger)), start_ms_(clock_.WallNowMs()) {}

Result<std::unique_ptr<Agent>> Agent::Start(Options options, Logger logger) {
  std::unique_ptr<Agent> agent(new Agent(std::move(options), std::move(logger)));
  if (const Status status = agent->OpenAll(); !status.ok()) return status.error();
  return agent;
}

Agent::~Agent() { Stop(); }

Status Agent::OpenAll() {
  process_metrics_ = AddProcessMetrics(telemetry_);
  telemetry_
      .AddGauge("prometheus_build_info", "Always 1; the version is in the labels.",
                {{"version", SLUICE_VERSION}})
      .Set(1);

  // The configuration comes first: a file that does not load must not create anything.
  Result<Config> config =
      LoadConfig(options_.config_file, ProcessEnvironment, options_.config_flags);
  if (!config.ok()) return config.error();

  // The log makes the last folder of the path only. Where this fails, so does that, and says why.
  std::error_code ignored;
  std::filesystem::create_directories(
      std::filesystem::absolute(options_.data_directory, ignored).parent_path(), ignored);
  buffer::LogOptions log_options;
  log_options.directory = options_.data_directory;
  log_options.sync_interval = options_.sync_interval;
  log_options.bytes_max = options_.buffer_bytes_max != 0
                              ? options_.buffer_bytes_max
                              : DefaultBufferBytes(options_.data_directory);
  log_bytes_max_ = log_options.bytes_max;
  log_options.held_bytes_max = options_.held_bytes_max;
  Result<std::unique_ptr<buffer::Log>> log =
      buffer::Log::Open(log_options, clock_, logger_.With({"component", "buffer"}), telemetry_);
  if (!log.ok()) return log.error();
  log_ = std::move(*log);

  const std::string user_agent = std::string("sluice/") + SLUICE_VERSION;
  destinations_ = std::make_unique<remotewrite::Destinations>(
      remotewrite::DestinationsOptions{
          .user_agent = user_agent,
          .quarantine = {.directory = options_.data_directory + "/quarantine",
                         .bytes_max = options_.quarantine_bytes_max}},
      remotewrite::Destinations::Deps{.clock = clock_,
                                      .logger = logger_.With({"component", "remotewrite"}),
                                      .telemetry = telemetry_,
                                      .log = *log_});
  scraper_ = std::make_unique<scrape::Scraper>(
      scrape::ScraperOptions{.user_agent = user_agent,
                             .body_bytes_max = options_.scrape_body_bytes_max,
                             .idle_connections_max = IdleConnectionsMax(),
                             .discovery_directory = options_.data_directory + "/discovery",
                             .cluster = options_.cluster},
      scrape::Scraper::Deps{.clock = clock_,
                            .logger = logger_.With({"component", "scrape"}),
                            .telemetry = telemetry_,
                            .log = *log_});

  if (Status status = OpenServer(); !status.ok()) return status;

  MutexLock lock(reload_mu_);
  NoteChecksum();
  if (Status status = Apply(std::move(*config)); !status.ok()) return status;
  ready_ = true;
  logger_.Info("ready to scrape and send", {{"address", address()},
                                            {"config", options_.config_file},
                                            {"data", options_.data_directory}});
  return Status::Ok();
}

Status Agent::OpenServer() {
  const Logger logger = logger_.With({"component", "web"});
  HttpServerOptions web = options_.web;
  HttpServerHandler handler = [this](const HttpServerRequest& request) { return Handle(request); };
  if (options_.web_config) {
    Result<std::unique_ptr<WebGate>> gate = WebGate::Open(options_.web_config, clock_, logger);
    if (!gate.ok()) return gate.error();
    web_gate_ = std::move(*gate);
    if (web_gate_->Tls() != nullptr) web.tls = [this] { return web_gate_->Tls(); };
    handler = [this, inner = std::move(handler)](const HttpServerRequest& request) {
      return web_gate_->Serve(request, inner);
    };
  }
  Result<std::unique_ptr<HttpServer>> server =
      HttpServer::Start(std::move(web), std::move(handler), logger);
  if (!server.ok()) return server.error();
  server_ = std::move(*server);
  return Status::Ok();
}

Status Agent::Apply(Config config) {
  for (const std::string& warning : config.warnings) logger_.Warn(warning);
  auto destination_configs = std::make_shared<DestinationConfigs>(config.destinations);
  // Destinations first: the log keeps frames for those that it knows.
  if (Status status = destinations_->Apply(std::move(config.destinations)); !status.ok()) {
    return status;
  }
  scraper_->Apply(std::move(config.jobs), config.external_labels);
  {
    const MutexLock lock(shown_mu_);
    shown_config_ = std::move(config.shown);
    destination_configs_ = std::move(destination_configs);
    reload_error_.clear();
  }
  NoteReload(true);
  return Status::Ok();
}

Status Agent::Reload() {
  MutexLock lock(reload_mu_);
  NoteChecksum();  // before the file is read: what changes in between is noticed later
  return LoadAndApply();
}

void Agent::ReloadIfChanged() {
  if (!options_.auto_reload) return;
  MutexLock lock(reload_mu_);
  const MonotonicTime now = clock_.MonotonicNow();
  if (now < next_check_) return;
  const std::string before = checksum_;
  NoteChecksum();
  // Loaded once for each change: a file that is bad is not complained about again and again.
  if (checksum_ != before) static_cast<void>(LoadAndApply().ok());
}

void Agent::NoteChecksum() {
  next_check_ = clock_.MonotonicNow() + options_.auto_reload_interval;
  if (!options_.auto_reload) return;
  const Result<std::string> checksum = ConfigChecksum(options_.config_file);
  checksum_ = checksum.ok() ? *checksum : checksum.error().message;
}

Status Agent::LoadAndApply() {
  if (stopping_) return Error{ErrorCode::kCancelled, "the agent is stopping"};
  Result<Config> config =
      LoadConfig(options_.config_file, ProcessEnvironment, options_.config_flags);
  Status status = config.ok() ? Apply(std::move(*config)) : Status(config.error());
  if (!status.ok()) {
    NoteReload(false);
    {
      const MutexLock lock(shown_mu_);
      reload_error_ = status.error().message;
    }
    logger_.Error("reload failed; the old configuration goes on running",
                  {{"err", status.error().message},
                   {"advice", "mend the file; sluice check-config FILE says when it would load"}});
    return status;
  }
  logger_.Info("configuration reloaded", {{"config", options_.config_file}});
  return Status::Ok();
}

std::string Agent::ShownConfig() const {
  const MutexLock lock(shown_mu_);
  return shown_config_;
}

void Agent::NoteReload(bool good) {
  telemetry_
      .AddGauge("prometheus_config_last_reload_successful",
                "Whether the last load of the configuration file succeeded.")
      .Set(good ? 1 : 0);
  reload_succeeded_ = good;
  if (!good) return;
  last_config_ms_ = clock_.WallNowMs();
  telemetry_
      .AddGauge("prometheus_config_last_reload_success_timestamp_seconds",
                "When the running configuration was loaded.")
      .Set(static_cast<double>(last_config_ms_) / 1000);
}

void Agent::Stop() {
  if (stopping_.exchange(true)) return;
  ready_ = false;
  if (scraper_ != nullptr) scraper_->Stop();
  if (destinations_ != nullptr) destinations_->Stop(options_.flush_deadline);
  if (server_ != nullptr) server_->Stop();
}

void Agent::EndDrain() { destinations_->Stop(std::chrono::milliseconds(0)); }

std::vector<remotewrite::DestinationStatus> Agent::Deliveries() const {
  return destinations_->Snapshot();
}

std::optional<std::string> Agent::Stalled(std::chrono::milliseconds limit) const {
  const MonotonicTime limit_at = clock_.MonotonicNow() - limit;
  if (scraper_->OldestPulse() < limit_at) return "scraping";
  const auto delivery = destinations_->OldestPulse();
  if (delivery && delivery->at < limit_at) return "destination " + delivery->name;
  return std::nullopt;
}

std::string Agent::address() const { return server_->addresses().front(); }

}  // namespace sluice::agent
