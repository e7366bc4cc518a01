// An entry of ionos_sd_configs.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/http_client.h"

namespace sluice::scrape {

struct IonosSdConfig {
  static constexpr std::string_view kMechanism = "ionos";

  std::string datacenter_id;
  uint16_t port = 80;
  std::chrono::milliseconds refresh_interval{60'000};
  std::shared_ptr<const HttpClient> client;
  // Where the API is. Not to be configured.
  std::string api_url = "https://api.ionos.com/cloudapi/v6";
};

}  // namespace sluice::scrape
