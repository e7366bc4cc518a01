// Which name servers to ask, and for which names: /etc/resolv.conf.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace sluice::scrape {

struct ResolverConfig {
  // Each as c-ares reads it: "192.0.2.1", "192.0.2.1:5353", "[2001:db8::1]:53".
  std::vector<std::string> servers;
  std::vector<std::string> search;  // domains
  size_t ndots = 1;

  friend bool operator==(const ResolverConfig&, const ResolverConfig&) = default;
};

// resolv.conf(5). Unlike the C library, and like Prometheus, there is no default: without a name
// server nobody is asked, without a search list names are only tried as they are.
ResolverConfig ParseResolverConfig(std::string_view text);
Result<ResolverConfig> ReadResolverConfig(const std::string& path);

// The absolute names to try for one that may be relative, in order.
std::vector<std::string> CandidateNames(const std::string& name, const ResolverConfig& config);

}  // namespace sluice::scrape
