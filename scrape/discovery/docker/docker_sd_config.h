// An entry of docker_sd_configs.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/http_client.h"
#include "scrape/discovery/docker/moby_api.h"

namespace sluice::scrape {

struct DockerSdConfig {
  static constexpr std::string_view kMechanism = "docker";

  MobyHost host;
  MobyFilters filters;
  uint16_t port = 80;  // of containers that expose none
  std::string host_networking_host = "localhost";
  bool match_first_network = true;
  std::chrono::milliseconds refresh_interval{60'000};
  std::shared_ptr<const HttpClient> client;
};

}  // namespace sluice::scrape
