// URLs taken apart, by libcurl's rules.
#pragma once

#include <optional>
#include <string>

namespace sluice::internal {

struct UrlParts {
  std::string scheme;  // in lower case
  std::string host;    // in lower case, an IPv6 address with its brackets
  std::string port;    // never empty

  friend bool operator==(const UrlParts&, const UrlParts&) = default;
};

// Nothing for what is not a URL with a scheme and a host.
std::optional<UrlParts> SplitUrl(const std::string& url);

// The same URL with another host and port.
std::string WithHost(const std::string& url, const std::string& host, const std::string& port);

// Where a Location leads that came with the answer of `base`: an absolute http(s) URL, or nothing.
// User and password of `base` stay as long as the origin does.
std::optional<std::string> ResolveLocation(const std::string& base, const std::string& location);

// Whether credentials for one URL may be sent to the other: the same origin, or the same host at
// the standard ports with TLS where there was none.
bool MaySendCredentials(const std::string& from, const std::string& to);

}  // namespace sluice::internal
