// An entry of uyuni_sd_configs.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

#include "base/http_client.h"

namespace sluice::scrape {

struct UyuniSdConfig {
  static constexpr std::string_view kMechanism = "uyuni";

  std::string server;  // a URL
  std::string username;
  Secret password;
  std::string entitlement = "monitoring_entitled";
  std::string separator = ",";
  std::chrono::milliseconds refresh_interval{60'000};
  std::shared_ptr<const HttpClient> client;
};

}  // namespace sluice::scrape
