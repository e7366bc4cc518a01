// An entry of puppetdb_sd_configs.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/http_client.h"

namespace sluice::scrape {

struct PuppetDbSdConfig {
  static constexpr std::string_view kMechanism = "puppetdb";

  std::string url;    // of the server, without the path of the API
  std::string query;  // for resources, in PQL
  bool include_parameters = false;
  uint16_t port = 80;
  std::chrono::milliseconds refresh_interval{60'000};
  std::shared_ptr<const HttpClient> client;
};

}  // namespace sluice::scrape
