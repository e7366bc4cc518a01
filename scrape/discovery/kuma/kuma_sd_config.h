// An entry of kuma_sd_configs.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

#include "base/http_client.h"

namespace sluice::scrape {

struct KumaSdConfig {
  static constexpr std::string_view kMechanism = "kuma";

  std::string server;     // a URL
  std::string client_id;  // how the server knows us
  std::chrono::milliseconds refresh_interval{15'000};
  std::chrono::milliseconds fetch_timeout{120'000};  // how long the server may hold an answer back
  std::shared_ptr<const HttpClient> client;
};

}  // namespace sluice::scrape
