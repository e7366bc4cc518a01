#include "agent/internal/http_text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <ctime>

#include <boost/beast/http/status.hpp>

namespace sluice::agent::internal {
namespace {

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

enum class Plus { kIsPlus, kIsSpace };

bool PercentDecode(std::string_view text, Plus plus, std::string& out) {
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && plus == Plus::kIsSpace) {
      out += ' ';
    } else if (text[i] != '%') {
      out += text[i];
    } else {
      const int high = i + 2 < text.size() ? HexDigit(text[i + 1]) : -1;
      const int low = i + 2 < text.size() ? HexDigit(text[i + 2]) : -1;
      if (high < 0 || low < 0) return false;
      out += static_cast<char>(high * 16 + low);
      i += 2;
    }
  }
  return true;
}

// Cuts `text` at the first `separator` and gives what was before it.
std::string_view TakeUntil(std::string_view& text, char separator) {
  const size_t end = text.find(separator);
  const std::string_view front = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return front;
}

std::string_view Trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

bool EqualsIgnoringCase(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
    const auto lower = [](char c) {
      return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    };
    return lower(x) == lower(y);
  });
}

// "q=0", "q=0.0" ... among the parameters of a coding.
bool IsRefused(std::string_view parameters) {
  while (!parameters.empty()) {
    const std::string_view parameter = Trim(TakeUntil(parameters, ';'));
    if (!parameter.starts_with("q=") && !parameter.starts_with("Q=")) continue;
    return parameter.find_first_not_of("0.", 2) == std::string_view::npos;
  }
  return false;
}

bool IsOneLine(std::string_view text) {
  return text.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos;
}

std::string HttpDate(TimestampMs now) {
  const std::time_t seconds = now / 1000;
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  std::array<char, 40> text{};
  const size_t size = std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
  return {text.data(), size};
}

}  // namespace

Result<HttpTarget> ParseHttpTarget(std::string_view target) {
  // A proxy may send the absolute form (RFC 9112, 3.2.2).
  if (target.starts_with("http://") || target.starts_with("https://")) {
    const size_t path = target.find('/', target.find("://") + 3);
    target = path == std::string_view::npos ? std::string_view("/") : target.substr(path);
  }
  if (!target.starts_with('/')) return InvalidInput("the request target is no path");
  HttpTarget decoded;
  std::string_view rest = target.substr(0, target.find('#'));
  if (!PercentDecode(TakeUntil(rest, '?'), Plus::kIsPlus, decoded.path)) {
    return InvalidInput("bad percent-encoding in the path");
  }
  while (!rest.empty()) {
    std::string_view value = TakeUntil(rest, '&');
    if (value.empty()) continue;
    const std::string_view name = TakeUntil(value, '=');
    auto& pair = decoded.query.emplace_back();
    if (!PercentDecode(name, Plus::kIsSpace, pair.first) ||
        !PercentDecode(value, Plus::kIsSpace, pair.second)) {
      return InvalidInput("bad percent-encoding in the query");
    }
  }
  return decoded;
}

bool AcceptsGzip(std::string_view accept_encoding) {
  bool any = false;
  while (!accept_encoding.empty()) {
    std::string_view parameters = TakeUntil(accept_encoding, ',');
    const std::string_view coding = Trim(TakeUntil(parameters, ';'));
    // What is said of gzip itself counts more than `*`.
    if (EqualsIgnoringCase(coding, "gzip")) return !IsRefused(parameters);
    if (coding == "*") any = !IsRefused(parameters);
  }
  return any;
}

Result<ListenAddress> ParseListenAddress(std::string_view address) {
  const Error bad = InvalidInput("bad listen address \"" + std::string(address) +
                                 "\": must be host:port, [IPv6]:port or :port");
  const size_t colon = address.rfind(':');
  if (colon == std::string_view::npos) return bad;
  ListenAddress parsed;
  std::string_view host = address.substr(0, colon);
  const std::string_view port = address.substr(colon + 1);
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), parsed.port);
  if (port.empty() || error != std::errc() || end != port.data() + port.size()) return bad;
  if (host.starts_with('[') && host.ends_with(']')) {
    host = host.substr(1, host.size() - 2);
    if (host.empty()) return bad;
  } else if (host.find(':') != std::string_view::npos) {
    return bad;
  }
  parsed.host = host;
  return parsed;
}

std::string RenderResponseHead(const HttpServerResponse& response, ResponseFraming framing,
                               TimestampMs now) {
  const std::string_view reason = [&] {
    const auto status = static_cast<unsigned>(response.status);
    const auto text =
        boost::beast::http::obsolete_reason(boost::beast::http::int_to_status(status));
    return std::string_view(text.data(), text.size());
  }();
  std::string head = "HTTP/1.1 " + std::to_string(response.status) + " ";
  head += reason;
  head += "\r\nDate: " + HttpDate(now) + "\r\n";
  const bool has_body = response.status >= 200 && response.status != 204 && response.status != 304;
  if (has_body) {
    if (!response.content_type.empty() && IsOneLine(response.content_type)) {
      head += "Content-Type: " + response.content_type + "\r\n";
    }
    head += "Content-Length: " + std::to_string(response.body.size()) + "\r\n";
  }
  for (const auto& [name, value] : response.headers) {
    // A line break in a value that came from outside would make it two headers.
    if (IsOneLine(name) && IsOneLine(value)) head += name + ": " + value + "\r\n";
  }
  if (!framing.keep_alive) {
    head += "Connection: close\r\n";
  } else if (framing.http_1_0) {
    head += "Connection: keep-alive\r\n";
  }
  return head + "\r\n";
}

}  // namespace sluice::agent::internal
