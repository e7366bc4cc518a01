// HTTP client settings for tests.
#pragma once

#include <string>

#include "base/http_client_config.h"

namespace sluice::test {

inline HttpClientConfig WithBasicAuth(const std::string& username, const std::string& password) {
  HttpClientConfig config;
  config.basic_auth.emplace();
  config.basic_auth->username = username;
  config.basic_auth->password = Secret(password);
  return config;
}

inline HttpClientConfig WithBearer(const std::string& token) {
  HttpClientConfig config;
  config.authorization.emplace();
  config.authorization->credentials = Secret(token);
  return config;
}

inline HttpClientConfig WithBearerFile(const std::string& path) {
  HttpClientConfig config;
  config.authorization.emplace();
  config.authorization->credentials_file = path;
  return config;
}

}  // namespace sluice::test
