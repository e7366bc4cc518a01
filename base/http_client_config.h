// How requests authenticate and travel: Prometheus's HTTP client settings, the same for scraping,
// remote write and discovery.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/cloud_config.h"
#include "base/json_text.h"
#include "base/rsa_signature.h"
#include "base/secret.h"

namespace sluice {

// At most one of a text and its `_file` is set, here and below. Paths are as the process opens
// them.
struct BasicAuthConfig {
  std::string username;
  std::string username_file;
  Secret password;
  std::string password_file;
};

struct AuthorizationConfig {
  std::string type = "Bearer";
  Secret credentials;
  std::string credentials_file;
};

enum class TlsVersion { kDefault, kTls10, kTls11, kTls12, kTls13 };

// PEM throughout. Without an authority, those of the system are trusted.
struct TlsConfig {
  std::string ca;
  std::string ca_file;
  std::string cert;
  std::string cert_file;
  Secret key;
  std::string key_file;
  std::string server_name;  // instead of the URL's host, in SNI and in the check of the certificate
  bool insecure_skip_verify = false;
  TlsVersion min_version = TlsVersion::kDefault;
  TlsVersion max_version = TlsVersion::kDefault;
};

struct ProxyConfig {
  Secret url;            // it may hold a password
  std::string no_proxy;  // hosts, domains, addresses and networks, separated by commas
  bool from_environment = false;
  // Sent with CONNECT.
  std::vector<std::pair<std::string, std::vector<Secret>>> connect_headers;
};

// The grant "JWT bearer" (RFC 7523, 2.1).
struct JwtGrantConfig {
  Secret key;  // RSA, PEM
  std::string key_file;
  std::string key_id;
  RsaDigest digest = RsaDigest::kSha256;
  std::string issuer;    // empty: the client_id
  std::string audience;  // empty: the token_url
  JsonMembers claims;    // instead of those that we make, or beside them
};

// The grant "client credentials" (RFC 6749, 4.4), unless there is a jwt_grant.
struct OAuth2Config {
  std::string client_id;
  Secret client_secret;
  std::string client_secret_file;
  std::string token_url;
  std::vector<std::string> scopes;
  std::vector<std::pair<std::string, std::string>> endpoint_params;
  std::optional<JwtGrantConfig> jwt_grant;
  TlsConfig tls;  // of the requests for tokens, as is the proxy
  ProxyConfig proxy;
};

// One header line for each value: first `values`, then `secrets`, then the content of `files`.
struct HttpHeaderConfig {
  std::string name;
  std::vector<std::string> values;
  std::vector<Secret> secrets;
  std::vector<std::string> files;
};

// At most one of the first six is set.
struct HttpClientConfig {
  std::optional<BasicAuthConfig> basic_auth;
  std::optional<AuthorizationConfig> authorization;
  std::optional<OAuth2Config> oauth2;
  std::optional<AwsConfig> aws;  // every request is signed (Signature Version 4)
  std::optional<AzureConfig> azure;
  std::optional<GoogleConfig> google;
  TlsConfig tls;
  ProxyConfig proxy;
  bool follow_redirects = true;
  bool enable_http2 = true;
  std::vector<HttpHeaderConfig> http_headers;

  // Whether somebody must be asked for the credentials.
  bool FetchesCredentials() const { return oauth2 || aws || azure || google; }
};

}  // namespace sluice
