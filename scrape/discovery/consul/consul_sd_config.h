// An entry of consul_sd_configs.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/http_client.h"

namespace sluice::scrape {

struct ConsulSdConfig {
  static constexpr std::string_view kMechanism = "consul";

  // "host:port", also with "http://", "https://" or "unix://" before it, which wins over `scheme`.
  std::string server = "localhost:8500";
  std::string path_prefix;
  std::string scheme = "http";
  std::string datacenter;  // empty: that of the agent
  std::string ns;          // namespace
  std::string partition;
  std::string tag_separator = ",";
  bool allow_stale = true;
  std::vector<std::string> services;  // empty: all
  std::vector<std::string> tags;      // instances have all of them
  std::vector<std::pair<std::string, std::string>> node_meta;
  std::string filter;         // of the catalog
  std::string health_filter;  // of the instances of a service
  std::chrono::milliseconds refresh_interval{30'000};
  std::shared_ptr<const HttpClient> client;  // it sends the token, too
};

}  // namespace sluice::scrape
