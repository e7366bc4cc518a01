// An entry of http_sd_configs.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

#include "base/http_client.h"

namespace sluice::scrape {

struct HttpSdConfig {
  static constexpr std::string_view kMechanism = "http";

  std::string url;
  std::chrono::milliseconds refresh_interval{60'000};
  std::shared_ptr<const HttpClient> client;
};

}  // namespace sluice::scrape
