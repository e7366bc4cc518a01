// The HTTP server of the agent: the only place that includes Boost.Beast.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/tls_settings.h"
#include "base/logger.h"
#include "base/result.h"

namespace sluice::agent {

struct HttpServerRequest {
  std::string method;                                      // "GET"
  std::string path;                                        // decoded, without the query
  std::vector<std::pair<std::string, std::string>> query;  // decoded, in order
  std::map<std::string, std::string> headers;              // names in lower case
  std::string body;

  // The first value, or "".
  std::string_view Query(std::string_view name) const;
};

struct HttpServerResponse {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body = {};
  std::vector<std::pair<std::string, std::string>> headers = {};
};

using HttpServerHandler = std::function<HttpServerResponse(const HttpServerRequest&)>;

struct HttpServerOptions {
  // host:port each; port 0 = any free one.
  std::vector<std::string> listen_addresses = {"0.0.0.0:9090"};
  std::chrono::milliseconds read_timeout{30'000};  // also of idle keep-alive connections
  // When a further one comes, the one that has kept us waiting for longest makes room.
  size_t connections_max = 512;
  size_t body_bytes_max = 1 << 20;
  // Of all answers that peers have not taken yet. One that does not fit beside others is 503.
  size_t answer_bytes_max = 128 << 20;
  // Asked at each connection, on the server's thread: how it is to speak TLS. Empty: plain HTTP.
  std::function<std::shared_ptr<const TlsSettings>()> tls = {};
};

// One thread, which runs the handler too: handlers must not block for long. gzip is negotiated for
// bodies of more than a kilobyte. HEAD is answered from GET. Every limit has a clear answer (413,
// 431, 408), no request can crash the process.
class HttpServer {
 public:
  // Listens before it returns; errors name the address.
  static Result<std::unique_ptr<HttpServer>> Start(HttpServerOptions options,
                                                   HttpServerHandler handler, Logger logger);
  ~HttpServer();  // stops
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  // "127.0.0.1:9090": where it listens, in the order of the options.
  const std::vector<std::string>& addresses() const;

  // Finishes responses under way (at most a second), then closes. Idempotent.
  void Stop();

 private:
  struct Impl;
  explicit HttpServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace sluice::agent
