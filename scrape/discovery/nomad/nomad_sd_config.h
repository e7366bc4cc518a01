// An entry of nomad_sd_configs.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

#include "base/http_client.h"

namespace sluice::scrape {

struct NomadSdConfig {
  static constexpr std::string_view kMechanism = "nomad";

  std::string server = "http://localhost:4646";
  std::string ns = "default";  // namespace
  std::string region = "global";
  bool allow_stale = true;
  std::string tag_separator = ",";
  std::chrono::milliseconds refresh_interval{60'000};
  std::shared_ptr<const HttpClient> client;
};

}  // namespace sluice::scrape
