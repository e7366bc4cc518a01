// An entry of marathon_sd_configs.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/http_client.h"

namespace sluice::scrape {

struct MarathonSdConfig {
  static constexpr std::string_view kMechanism = "marathon";

  std::vector<std::string> servers;  // URLs, at least one
  // Of DC/OS, which has a header of its own kind; at most one of them is set.
  Secret auth_token;
  std::string auth_token_file;
  std::chrono::milliseconds refresh_interval{30'000};
  std::shared_ptr<const HttpClient> client;
};

}  // namespace sluice::scrape
