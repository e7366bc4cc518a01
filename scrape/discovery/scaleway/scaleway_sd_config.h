// An entry of scaleway_sd_configs.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/http_client.h"

namespace sluice::scrape {

enum class ScalewayRole { kInstance, kBaremetal };

struct ScalewaySdConfig {
  static constexpr std::string_view kMechanism = "scaleway";

  ScalewayRole role = ScalewayRole::kInstance;
  std::string api_url = "https://api.scaleway.com";
  std::string zone = "fr-par-1";
  std::string project_id;
  std::string name_filter;
  std::vector<std::string> tags_filter;
  uint16_t port = 80;
  std::chrono::milliseconds refresh_interval{60'000};
  std::shared_ptr<const HttpClient> client;  // sends the secret key
};

}  // namespace sluice::scrape
