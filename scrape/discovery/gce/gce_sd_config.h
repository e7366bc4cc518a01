// An entry of gce_sd_configs.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/http_client.h"

namespace sluice::scrape {

struct GceSdConfig {
  static constexpr std::string_view kMechanism = "gce";

  std::string project;
  std::string zone;
  std::string filter;
  uint16_t port = 80;
  std::string tag_separator = ",";
  std::chrono::milliseconds refresh_interval{60'000};
  std::shared_ptr<const HttpClient> client;  // with the application default credentials
  // Where the API is. Not to be configured.
  std::string api_url = "https://compute.googleapis.com";
};

}  // namespace sluice::scrape
