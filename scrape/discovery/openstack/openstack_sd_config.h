// An entry of openstack_sd_configs.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/http_client.h"

namespace sluice::scrape {

enum class OpenStackRole { kInstance, kHypervisor, kLoadBalancer };

// Who we are, and for which project or domain we ask. What is not set is empty.
struct OpenStackCredentials {
  std::string identity_endpoint;  // "https://host:5000/v3"
  std::string username;
  std::string user_id;
  Secret password;
  std::string project_name;
  std::string project_id;
  std::string domain_name;
  std::string domain_id;
  std::string application_credential_name;
  std::string application_credential_id;
  Secret application_credential_secret;
};

struct OpenStackSdConfig {
  static constexpr std::string_view kMechanism = "openstack";

  // Without an endpoint: those of the environment.
  OpenStackCredentials credentials;
  OpenStackRole role = OpenStackRole::kInstance;
  std::string region;
  std::string availability = "public";  // or "internal", "admin": which endpoint of a service
  bool all_tenants = false;             // instances of all projects
  uint16_t port = 80;
  std::chrono::milliseconds refresh_interval{60'000};
  std::shared_ptr<const HttpClient> client;  // for TLS alone
};

}  // namespace sluice::scrape
