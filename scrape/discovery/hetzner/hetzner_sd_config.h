// An entry of hetzner_sd_configs.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/http_client.h"

namespace sluice::scrape {

enum class HetznerRole { kHcloud, kRobot };

struct HetznerSdConfig {
  static constexpr std::string_view kMechanism = "hetzner";

  HetznerRole role = HetznerRole::kHcloud;
  std::string label_selector;  // of hcloud
  uint16_t port = 80;
  std::chrono::milliseconds refresh_interval{60'000};
  std::shared_ptr<const HttpClient> client;
  // Where the APIs are. Not to be configured.
  std::string hcloud_url = "https://api.hetzner.cloud/v1";
  std::string robot_url = "https://robot-ws.your-server.de";
};

}  // namespace sluice::scrape
