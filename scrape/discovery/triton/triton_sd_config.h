// An entry of triton_sd_configs.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/http_client.h"

namespace sluice::scrape {

enum class TritonRole { kContainer, kComputeNode };

struct TritonSdConfig {
  static constexpr std::string_view kMechanism = "triton";

  TritonRole role = TritonRole::kContainer;
  std::string dns_suffix;
  std::string endpoint;  // a host
  std::vector<std::string> groups;
  uint16_t port = 9163;  // of the endpoint and of the targets
  int64_t version = 1;
  std::chrono::milliseconds refresh_interval{60'000};
  std::shared_ptr<const HttpClient> client;  // for TLS alone
  std::string scheme = "https";              // not to be configured
};

}  // namespace sluice::scrape
