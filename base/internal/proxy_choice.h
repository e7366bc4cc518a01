// Which requests go around a proxy.
#pragma once

#include <string>
#include <string_view>

namespace sluice::internal {

// Whether `no_proxy` names the host of the URL, by the rules of Go's httpproxy: `*` names all;
// "example.com" and "*.example.com" a domain, the first with the name itself, the second, as
// ".example.com", without; addresses and networks in CIDR notation; names and addresses may have a
// port. Loopback is always exempt. Not for what is no URL.
bool IsExemptFromProxy(const std::string& url, std::string_view no_proxy);

}  // namespace sluice::internal
