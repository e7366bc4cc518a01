// Keystone, the identity service of OpenStack, version 3: how a token is asked for, and what comes
// with it. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/environment.h"
#include "base/result.h"
#include "scrape/discovery/http_plan.h"
#include "scrape/discovery/openstack/openstack_sd_config.h"

namespace sluice::scrape {

// OS_AUTH_URL, OS_USERNAME and so on, as the openrc files of OpenStack set them.
OpenStackCredentials CredentialsOfEnvironment(const Environment& environment);

// POST /v3/auth/tokens. Fails when the credentials do not say who, or for what; the message has no
// secrets in it. The request must not follow redirects: it holds the password.
Result<HttpRequest> TokenRequest(const OpenStackCredentials& credentials);

struct OpenStackEndpoint {
  std::string service;    // "compute"
  std::string interface;  // "public"
  std::string region;
  std::string region_id;
  std::string url;
};

struct OpenStackSession {
  std::string token;
  std::vector<OpenStackEndpoint> endpoints;

  // The URL of a service, without a slash or a version "v2.0" at its end.
  Result<std::string> Find(std::string_view service, std::string_view interface,
                           std::string_view region) const;
};

Result<OpenStackSession> ReadSession(const HttpAnswer& answer);

}  // namespace sluice::scrape
