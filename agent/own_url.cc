#include "agent/own_url.h"

#include <algorithm>
#include <array>
#include <optional>
#include <unistd.h>
#include <utility>

#include "agent/config/url_text.h"

namespace sluice::agent {
namespace {

struct HostPort {
  std::string_view host;  // without brackets
  std::string_view port;
};

// "host:port", "[::1]:port"; nothing without a port.
std::optional<HostPort> SplitHostPort(std::string_view text) {
  const size_t colon = text.rfind(':');
  const size_t bracket = text.rfind(']');
  if (colon == std::string_view::npos) return std::nullopt;
  if (bracket != std::string_view::npos && colon < bracket) return std::nullopt;
  HostPort parts{text.substr(0, colon), text.substr(colon + 1)};
  if (parts.host.starts_with('[') && parts.host.ends_with(']')) {
    parts.host = parts.host.substr(1, parts.host.size() - 2);
  }
  return parts;
}

bool IsQuote(char c) { return c == '"' || c == '\''; }

std::string HostName() {
  std::array<char, 256> name{};
  return gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "localhost";
}

std::string WithoutSlashes(std::string_view path) {
  while (path.starts_with('/')) path.remove_prefix(1);
  while (path.ends_with('/')) path.remove_suffix(1);
  return path.empty() ? std::string() : "/" + std::string(path);
}

// What follows the host, without query and fragment.
std::string_view PathOf(std::string_view url) {
  const size_t authority = url.find("://");
  const size_t path = url.find('/', authority == std::string_view::npos ? 0 : authority + 3);
  if (path == std::string_view::npos) return {};
  const std::string_view rest = url.substr(path);
  return rest.substr(0, rest.find_first_of("?#"));
}

bool IsLoopback(std::string_view host) {
  constexpr std::array<std::string_view, 3> kNames = {"127.0.0.1", "localhost", "::1"};
  return std::find(kNames.begin(), kNames.end(), host) != kNames.end();
}

}  // namespace

Result<OwnUrl> OwnUrl::Make(const std::string& external_url, const std::string& route_prefix,
                            const std::string& listen_address) {
  OwnUrl own;
  const std::optional<HostPort> listening = SplitHostPort(listen_address);
  if (listening) own.listen_port_ = listening->port;
  if (external_url.empty()) {
    own.host_ = HostName() + ":" + own.listen_port_;
  } else {
    if (IsQuote(external_url.front()) || IsQuote(external_url.back())) {
      return InvalidInput("URL must not begin or end with quotes");
    }
    const Result<UrlText> url = ReadUrlText(external_url);
    if (!url.ok()) return url.error();
    if (url->scheme != "http" && url->scheme != "https") {
      return InvalidInput("must begin with http:// or https://");
    }
    own.scheme_ = url->scheme;
    own.host_ = url->host;
    own.path_ = WithoutSlashes(PathOf(external_url));
  }
  own.route_prefix_ = route_prefix.empty() ? own.path_ : WithoutSlashes(route_prefix);
  return own;
}

std::string OwnUrl::GlobalUrl(std::string_view url) const {
  const size_t scheme_end = url.find("://");
  if (scheme_end == std::string_view::npos) return std::string(url);
  const std::string_view after = url.substr(scheme_end + 3);
  const size_t host_size = std::min(after.find_first_of("/?#"), after.size());
  const std::optional<HostPort> target = SplitHostPort(after.substr(0, host_size));
  if (!target || !IsLoopback(target->host)) return std::string(url);
  const std::string_view rest = after.substr(host_size);
  if (target->port == listen_port_) return scheme_ + "://" + host_ + std::string(rest);
  const std::optional<HostPort> ours = SplitHostPort(host_);
  const std::string_view host = ours ? ours->host : std::string_view(host_);
  std::string global(url.substr(0, scheme_end + 3));
  return global.append(host).append(":").append(target->port).append(rest);
}

}  // namespace sluice::agent
