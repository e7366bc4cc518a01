// The parts of HTTP that the server reads and writes as text. Pure functions.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/http_server.h"
#include "base/clock.h"
#include "base/result.h"

namespace sluice::agent::internal {

struct HttpTarget {
  std::string path;
  std::vector<std::pair<std::string, std::string>> query;
};

// "/a%20b?c=d+e" or "http://host/a%20b?c=d+e", decoded. An error for a bad percent sequence and for
// what is no path.
Result<HttpTarget> ParseHttpTarget(std::string_view target);

// Whether a list of codings as in Accept-Encoding takes gzip (RFC 9110, 12.5.3).
bool AcceptsGzip(std::string_view accept_encoding);

// "HOST:PORT", "[IPV6]:PORT" or ":PORT"; the host without brackets, may be empty.
struct ListenAddress {
  std::string host;
  uint16_t port = 0;
};

Result<ListenAddress> ParseListenAddress(std::string_view address);

// How the connection goes on after a response.
struct ResponseFraming {
  bool keep_alive = false;
  bool http_1_0 = false;
};

// Status line and headers, up to and with the empty line.
std::string RenderResponseHead(const HttpServerResponse& response, ResponseFraming framing,
                               TimestampMs now);

}  // namespace sluice::agent::internal
