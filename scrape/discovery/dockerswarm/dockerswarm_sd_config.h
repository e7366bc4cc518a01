// An entry of dockerswarm_sd_configs.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string_view>

#include "base/http_client.h"
#include "scrape/discovery/docker/moby_api.h"

namespace sluice::scrape {

enum class SwarmRole { kServices, kTasks, kNodes };

struct DockerSwarmSdConfig {
  static constexpr std::string_view kMechanism = "dockerswarm";

  MobyHost host;
  SwarmRole role = SwarmRole::kServices;
  MobyFilters filters;  // of what the role names
  uint16_t port = 80;   // of nodes, and of what publishes none
  std::chrono::milliseconds refresh_interval{60'000};
  std::shared_ptr<const HttpClient> client;
};

}  // namespace sluice::scrape
