// Under which URL this agent is reached: --web.external-url and --web.route-prefix.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace sluice::agent {

// Immutable value.
class OwnUrl {
 public:
  // What is not given follows as in Prometheus: the URL from the name of the host and the port of
  // `listen_address`, the prefix from the path of the URL.
  static Result<OwnUrl> Make(const std::string& external_url, const std::string& route_prefix,
                             const std::string& listen_address);

  OwnUrl() = default;  // of no use but as a place

  // "https://example.org/sluice/"
  std::string text() const { return scheme_ + "://" + host_ + path_ + "/"; }

  // What comes before every path that is served: "" or "/sluice".
  const std::string& route_prefix() const { return route_prefix_; }

  // The URL of a target as others see it: a loopback address is replaced by our own host, and for
  // our own port by our whole external address.
  std::string GlobalUrl(std::string_view url) const;

 private:
  std::string scheme_ = "http";
  std::string host_;  // with the port, if it has one
  std::string path_;  // without a slash at its end
  std::string route_prefix_;
  std::string listen_port_;
};

}  // namespace sluice::agent
