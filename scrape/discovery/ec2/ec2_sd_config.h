// An entry of ec2_sd_configs.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/http_client.h"

namespace sluice::scrape {

struct Ec2SdConfig {
  static constexpr std::string_view kMechanism = "ec2";

  std::string endpoint;  // a URL; empty for that of the region
  std::vector<std::pair<std::string, std::vector<std::string>>> filters;  // name and values
  uint16_t port = 80;
  std::chrono::milliseconds refresh_interval{60'000};
  std::shared_ptr<const HttpClient> client;  // with the settings for AWS, whose region may be empty
};

}  // namespace sluice::scrape
