// What the command line says about how the agent is to run.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "agent/config/config.h"
#include "agent/http_server.h"
#include "agent/own_url.h"
#include "agent/pattern.h"
#include "agent/web_config/web_gate.h"
#include "base/logger.h"
#include "base/result.h"
#include "scrape/cluster.h"

namespace sluice::agent {

// Flags of the process. Names and defaults are Prometheus's where it has the flag (agent mode).
struct Options {
  std::string config_file = "prometheus.yml";
  bool auto_reload = false;  // when the file changed
  std::chrono::milliseconds auto_reload_interval{30'000};
  ConfigFlags config_flags;
  bool dry_run = false;  // only check the configuration file

  HttpServerOptions web;
  bool compat_metrics = false;  // expose CompatMetrics(), too
  WebConfigLoader web_config;   // empty: plain HTTP, for everybody
  std::string external_url;     // as given, as is the next
  std::string route_prefix;
  OwnUrl own_url;              // of them
  Pattern cors_origin;         // of requests that pages of other origins may make
  bool enable_reload = false;  // allows POST /-/reload
  bool reload_by_get = false;  // GET /-/reload does the same
  bool enable_quit = false;    // allows POST /-/quit

  std::string data_directory = "data-agent/";
  uint64_t buffer_bytes_max = 0;  // 0 = a share of the file system, see DefaultBufferBytes
  uint64_t quarantine_bytes_max = 16 << 20;  // of each destination
  uint64_t held_bytes_max = 64 << 20;        // in memory, while the disk is full or fails
  std::chrono::milliseconds sync_interval{1'000};
  std::chrono::milliseconds flush_deadline{4'000};  // of the drain when the process stops

  uint64_t scrape_body_bytes_max = 1ULL << 30;
  scrape::ClusterConfig cluster;

  LogLevel log_level = LogLevel::kInfo;
  LogFormat log_format = LogFormat::kLogfmt;

  // Said at start about flags that do not do all that they say.
  std::vector<std::string> warnings;
  // Flags of Prometheus that are accepted so that a command line can be kept, and have no effect.
  std::vector<std::string> ignored;
  // Every flag with its effective value, for /api/v1/status/flags.
  std::map<std::string, std::string> flags;
};

// 10 % of the file system that holds `directory` (or would), at most 16 GiB, at least 256 MiB.
uint64_t DefaultBufferBytes(const std::string& directory);

}  // namespace sluice::agent
