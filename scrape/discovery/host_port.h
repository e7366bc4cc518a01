// Addresses of targets.
#pragma once

#include <string>
#include <string_view>

namespace sluice::scrape {

// "host:port", with brackets around a host that has colons: an IPv6 address.
inline std::string HostPort(std::string_view host, std::string_view port) {
  const bool has_colon = host.find(':') != std::string_view::npos;
  std::string address = has_colon ? "[" : "";
  return address.append(host).append(has_colon ? "]:" : ":").append(port);
}

}  // namespace sluice::scrape
