#include "agent/config/url_text.h"

#include <algorithm>
#include <utility>

#include "agent/config/header_rules.h"

namespace sluice::agent {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

bool IsHexDigit(char c) { return IsDigit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

bool IsControl(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

// The length of the scheme, without its colon; 0 where there is none.
size_t SchemeLength(std::string_view url) {
  for (size_t i = 0; i < url.size(); ++i) {
    if (url[i] == ':') return i;
    const bool follows =
        IsDigit(url[i]) || std::string_view("+-.").find(url[i]) != std::string::npos;
    if (!IsLetter(url[i]) && (i == 0 || !follows)) return 0;
  }
  return 0;
}

bool HasBadEscape(std::string_view text) {
  for (size_t i = text.find('%'); i != std::string_view::npos; i = text.find('%', i + 1)) {
    if (i + 2 >= text.size() || !IsHexDigit(text[i + 1]) || !IsHexDigit(text[i + 2])) return true;
  }
  return false;
}

Status CheckHost(std::string_view host) {
  size_t port = host.rfind(':');
  if (!host.empty() && host[0] == '[') {
    const size_t close = host.find(']');
    if (close == std::string_view::npos) return InvalidInput("missing ']' in host");
    port = close + 1;
    if (port < host.size() && host[port] != ':') return InvalidInput("invalid port after host");
  }
  const auto is_bad = [](char c) {
    return c == ' ' || std::string_view("\"<>\\^`{|}").find(c) != std::string_view::npos;
  };
  if (std::any_of(host.begin(), host.end(), is_bad)) {
    return InvalidInput("invalid character in host name");
  }
  if (port >= host.size()) return Status::Ok();
  const std::string_view digits = host.substr(port + 1);
  if (std::all_of(digits.begin(), digits.end(), IsDigit)) return Status::Ok();
  return InvalidInput("invalid port after host");
}

}  // namespace

Result<UrlText> ReadUrlText(std::string_view url) {
  UrlText out;
  if (std::any_of(url.begin(), url.end(), IsControl)) {
    return InvalidInput("invalid control character in URL");
  }
  if (!url.empty() && url[0] == ':') return InvalidInput("missing protocol scheme");
  const size_t scheme = SchemeLength(url);
  out.scheme = LowerAscii(std::string(url.substr(0, scheme)));
  std::string_view rest = url.substr(scheme == 0 ? 0 : scheme + 1);
  rest = rest.substr(0, rest.find_first_of("?#"));
  if (HasBadEscape(rest)) return InvalidInput("invalid URL escape");
  if (scheme == 0 && rest.substr(0, rest.find('/')).find(':') != std::string_view::npos) {
    return InvalidInput("first path segment in URL cannot contain colon");
  }
  if (rest.substr(0, 2) != "//") return out;
  std::string_view host = rest.substr(2, rest.substr(2).find('/'));
  if (const size_t user = host.rfind('@'); user != std::string_view::npos) {
    host.remove_prefix(user + 1);
  }
  if (Status status = CheckHost(host); !status.ok()) return status.error();
  out.host = host;
  return out;
}

}  // namespace sluice::agent
