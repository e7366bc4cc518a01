// IP addresses as Go's net package writes them, which is what meta labels have.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace sluice::scrape {

// What Go writes for an address or a network that is not there. Rules of relabeling may know it.
inline constexpr std::string_view kNoIp = "<nil>";

bool IsIpv4(std::string_view text);

// "2001:DB8:0::1" -> "2001:db8::1"; nothing if it is no address.
std::optional<std::string> CanonicalIp(std::string_view text);

// "2001:db8::1/64" -> "2001:db8::/64"; nothing if it is no network.
std::optional<std::string> CanonicalNetwork(std::string_view text);

}  // namespace sluice::scrape
