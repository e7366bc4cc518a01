#include "base/internal/proxy_choice.h"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <charconv>
#include <cstdint>
#include <optional>

#include "base/internal/http_text.h"
#include "base/internal/url_parts.h"

namespace sluice::internal {
namespace {

// Both families as IPv6, so that they compare alike.
using Address = std::array<uint8_t, 16>;

constexpr size_t kMappedBits = 96;

std::optional<Address> ParseAddress(std::string_view text) {
  const std::string copy(text);
  Address address{};
  if (inet_pton(AF_INET6, copy.c_str(), address.data()) == 1) return address;
  address[10] = address[11] = 0xff;
  if (inet_pton(AF_INET, copy.c_str(), address.data() + kMappedBits / 8) == 1) return address;
  return std::nullopt;
}

bool SharePrefix(const Address& a, const Address& b, size_t bits) {
  for (size_t bit = 0; bit < bits; ++bit) {
    const auto mask = static_cast<uint8_t>(0x80 >> (bit % 8));
    if (((a[bit / 8] ^ b[bit / 8]) & mask) != 0) return false;
  }
  return true;
}

bool IsLoopback(const Address& address) {
  static constexpr Address kV6 = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
  static constexpr Address kV4 = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 127};
  return address == kV6 || SharePrefix(address, kV4, kMappedBits + 8);
}

bool IsInNetwork(const Address& address, std::string_view network) {
  const size_t slash = network.find('/');
  const std::string_view base = network.substr(0, slash);
  const std::optional<Address> first = ParseAddress(base);
  if (!first) return false;
  const bool is_v4 = base.find(':') == std::string_view::npos;
  size_t bits = 0;
  const std::string_view text = network.substr(slash + 1);
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), bits);
  if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size()) return false;
  if (bits > (is_v4 ? 32U : 128U)) return false;
  return SharePrefix(address, *first, is_v4 ? kMappedBits + bits : bits);
}

// Splits the port off "host:port" and "[::1]:port".
std::string_view TakePort(std::string_view& entry) {
  const size_t colon = entry.rfind(':');
  const bool is_bare_v6 = entry.find(':') != colon && entry[0] != '[';
  if (colon == std::string_view::npos || is_bare_v6 || entry.back() == ']') return {};
  const std::string_view port = entry.substr(colon + 1);
  entry = entry.substr(0, colon);
  return port;
}

std::string_view WithoutBrackets(std::string_view host) {
  if (host.size() < 2 || host.front() != '[' || host.back() != ']') return host;
  return host.substr(1, host.size() - 2);
}

bool Names(std::string_view entry, const UrlParts& url) {
  if (entry == "*") return true;
  const std::string_view host = WithoutBrackets(url.host);
  const std::optional<Address> address = ParseAddress(host);
  if (entry.find('/') != std::string_view::npos) return address && IsInNetwork(*address, entry);
  const std::string_view port = TakePort(entry);
  if (!port.empty() && port != url.port) return false;
  if (const auto named = ParseAddress(WithoutBrackets(entry))) return named == address;
  if (address) return false;
  if (entry.starts_with("*.")) entry.remove_prefix(1);
  if (entry.starts_with('.')) return host.ends_with(entry);
  return host == entry || (host.ends_with(entry) && host[host.size() - entry.size() - 1] == '.');
}

}  // namespace

bool IsExemptFromProxy(const std::string& url, std::string_view no_proxy) {
  const std::optional<UrlParts> parts = SplitUrl(url);
  if (!parts) return false;
  const std::optional<Address> address = ParseAddress(WithoutBrackets(parts->host));
  if (parts->host == "localhost" || (address && IsLoopback(*address))) return true;
  const std::string lower = LowerAscii(no_proxy);
  std::string_view rest = lower;
  while (!rest.empty()) {
    const size_t comma = std::min(rest.find(','), rest.size());
    const std::string_view entry = TrimBlank(rest.substr(0, comma));
    if (!entry.empty() && Names(entry, *parts)) return true;
    rest.remove_prefix(std::min(comma + 1, rest.size()));
  }
  return false;
}

}  // namespace sluice::internal
