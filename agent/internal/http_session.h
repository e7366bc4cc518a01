// One connection of the HTTP server.
#pragma once

#include <array>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include "agent/http_server.h"
#include "agent/internal/byte_stream.h"

namespace sluice::agent::internal {

// What all sessions of a server share; outlives them.
struct SessionContext {
  HttpServerOptions options;
  HttpServerHandler handler;
  Logger logger;
  mutable size_t answer_bytes = 0;  // that peers have not taken yet; of the server's thread
};

// Reads requests and answers them until the peer goes, errs or is too slow. Bound to the thread of
// its executor. Kept alive by whoever holds it and by its pending operations.
class HttpSession : public std::enable_shared_from_this<HttpSession> {
 public:
  // `tls` is null when the stream is plain. `on_end` is called once, when the socket is closed.
  HttpSession(ByteStream stream, std::shared_ptr<const TlsSettings> tls,
              const SessionContext& context, std::function<void(HttpSession&)> on_end);

  void Start();

  // Ends it: now when no response is under way, else after that.
  void Finish();

  void Close();

  // Since when it waits for its peer: to send the whole of a request, or to take the answer.
  std::chrono::steady_clock::time_point waits_since() const { return waits_since_; }

 private:
  using ErrorCode = boost::system::error_code;
  using Parser = boost::beast::http::request_parser<boost::beast::http::string_body>;

  // The handler of an asynchronous operation, which keeps this session alive.
  template <class Method>
  auto Then(Method method) {
    return [self = shared_from_this(), method](ErrorCode error, size_t size) {
      ((*self).*method)(error, size);
    };
  }

  void OnHandshake(ErrorCode error);
  void ReadHead();
  void OnHead(ErrorCode error, size_t size);
  void OnContinueSent(ErrorCode error, size_t size);
  void ReadBody();
  void OnRequest(ErrorCode error, size_t size);
  void OnReadError(ErrorCode error);
  void Refuse(int status, const std::string& why);
  void Answer();
  HttpServerResponse CallHandler();
  bool FitsBesideOthers(const HttpServerResponse& response) const;
  // Counts this much of `body_` among what peers have not taken yet.
  void HoldBytes(size_t bytes);
  void Write(HttpServerResponse response, bool head_only, bool keep_alive);
  void OnWritten(ErrorCode error, size_t size);
  void Linger();
  void OnLingerRead(ErrorCode error, size_t size);
  void StartTimer(std::chrono::milliseconds after);
  void OnTimeout();

  const SessionContext& context_;
  const std::function<void(HttpSession&)> on_end_;
  ByteStream stream_;
  const std::shared_ptr<const TlsSettings> tls_;
  boost::asio::steady_timer timer_;
  boost::beast::flat_buffer buffer_;
  std::optional<Parser> parser_;  // of the request being read
  std::string head_;              // of the response being written
  std::string body_;
  size_t held_bytes_ = 0;
  std::array<char, 4096> discarded_{};
  std::chrono::steady_clock::time_point waits_since_;
  bool timed_out_ = false;
  bool responding_ = false;
  bool keep_alive_ = false;
  bool linger_ = false;  // the peer may still be sending what nobody reads
  bool finishing_ = false;
  bool closed_ = false;
};

}  // namespace sluice::agent::internal
