// An entry of lightsail_sd_configs.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/http_client.h"

namespace sluice::scrape {

struct LightsailSdConfig {
  static constexpr std::string_view kMechanism = "lightsail";

  std::string endpoint;  // a URL; empty for that of the region
  uint16_t port = 80;
  std::chrono::milliseconds refresh_interval{60'000};
  std::shared_ptr<const HttpClient> client;  // with the settings for AWS, whose region may be empty
};

}  // namespace sluice::scrape
