// HTTP client settings at work: what a request is sent with at this moment.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/http_client_config.h"
#include "base/mutex.h"
#include "base/result.h"

namespace sluice {

// The settings with the contents of all their files. Immutable; has secrets in it.
struct ResolvedHttpClient {
  std::string authorization;  // the value of the header; empty for none, or with OAuth2
  // Custom headers. Those that are secret are not sent to another origin after a redirect.
  std::vector<std::pair<std::string, std::string>> headers;
  std::vector<std::pair<std::string, std::string>> secret_headers;
  std::string ca;  // PEM; empty for the authorities of the system
  std::string cert;
  std::string key;
  std::string oauth2_secret;  // or the key of a jwt_grant
};

// Proxies as the environment names them, in either case of the variables' names.
struct ProxyEnvironment {
  std::string http_proxy;
  std::string https_proxy;
  std::string no_proxy;
};

ProxyEnvironment ReadProxyEnvironment();

// Shared by all requests under the same settings. Thread-safe.
class HttpClient {
 public:
  explicit HttpClient(HttpClientConfig config,
                      ProxyEnvironment environment = ReadProxyEnvironment());
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  const HttpClientConfig& config() const { return config_; }

  // Never null. Files are looked at each time and read again when they changed, so that rotated
  // credentials need no restart. Fails when one cannot be read: that request fails, no other.
  Result<std::shared_ptr<const ResolvedHttpClient>> Resolve() const;

  // The proxy for a URL; empty for none.
  std::string ProxyFor(const std::string& url) const;

  // For requests to a token endpoint; null where there is none.
  const std::shared_ptr<const HttpClient>& token_client() const { return token_client_; }

 private:
  // How a file looked when it was read.
  struct FileState {
    int64_t modified_ns = 0;
    int64_t changed_ns = 0;
    uint64_t size = 0;
    uint64_t inode = 0;
    // Written just before it was read: another write may leave all of the above as it is.
    bool fresh = true;

    bool SameAs(const FileState& other) const;
  };

  static Result<FileState> Look(const std::string& path);
  std::vector<std::string> Files() const;
  bool FilesUnchanged() const SLUICE_REQUIRES(mu_);
  Result<std::shared_ptr<const ResolvedHttpClient>> ReadAll(
      std::map<std::string, FileState>& files) const;

  // Set once.
  const HttpClientConfig config_;
  const ProxyEnvironment environment_;
  const std::vector<std::string> files_;
  std::shared_ptr<const HttpClient> token_client_;

  mutable Mutex mu_;
  mutable std::shared_ptr<const ResolvedHttpClient> resolved_ SLUICE_GUARDED_BY(mu_);
  mutable std::map<std::string, FileState> states_ SLUICE_GUARDED_BY(mu_);
};

}  // namespace sluice
