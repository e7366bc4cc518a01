// An entry of eureka_sd_configs.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

#include "base/http_client.h"

namespace sluice::scrape {

struct EurekaSdConfig {
  static constexpr std::string_view kMechanism = "eureka";

  std::string server;  // "http://host:8761/eureka"
  std::chrono::milliseconds refresh_interval{30'000};
  std::shared_ptr<const HttpClient> client;
};

}  // namespace sluice::scrape
