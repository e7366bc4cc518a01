// An entry of azure_sd_configs.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/http_client.h"

namespace sluice::scrape {

struct AzureSdConfig {
  static constexpr std::string_view kMechanism = "azure";

  std::string api_url;  // of the Resource Manager; empty if there is no such cloud
  std::string environment = "AzurePublicCloud";
  std::string subscription_id;
  std::string tenant_id;
  std::string resource_group;  // empty for all of the subscription
  uint16_t port = 80;
  std::chrono::milliseconds refresh_interval{300'000};
  std::shared_ptr<const HttpClient> client;  // with credentials
};

}  // namespace sluice::scrape
