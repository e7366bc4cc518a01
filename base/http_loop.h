// HTTP client for scraping, discovery and remote write: the only place that includes libcurl.
//
// One HttpLoop belongs to one thread, which starts transfers and calls Poll(); handlers are called
// from within Poll(). Only Wakeup() may be called from other threads. Connections are kept alive
// and reused per host. Bodies are handed on as they arrive, decompressed (gzip), so that memory
// does not depend on their size; but small ones in gzip are kept until they are whole. The process
// must ignore SIGPIPE: TLS connections raise it when the peer is gone.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/aws_signature.h"
#include "base/http_client.h"
#include "base/result.h"

namespace sluice {

struct HttpRequest {
  std::string method = "GET";
  std::string url;
  std::vector<std::pair<std::string, std::string>> headers;
  // Sent as it is; shared so that a retry does not copy it. Null for no body.
  std::shared_ptr<const std::string> body;
  // Of everything together: redirects, and waiting for credentials.
  std::chrono::milliseconds timeout{10'000};
  // When not 0: so long without a byte is a timeout, too.
  std::chrono::seconds silence_max{0};
  // A connection that is older is closed instead of being used again, so that a new one finds out
  // where the name leads now. 0 for no limit.
  std::chrono::seconds connection_age_max{0};
  // New connections go to any of the addresses that the name has, and not to the first.
  bool any_address = false;
  bool accept_gzip = false;  // asks for gzip, and decodes it
  // Unless the client's settings say no. Credentials stay with the origin that they are for.
  bool follow_redirects = true;
  bool redirects_keep_method = false;  // follow only what keeps a POST a POST: 307 and 308
  // Credentials, TLS, proxy; null for none of them.
  std::shared_ptr<const HttpClient> client;
  // Signs the request, unless a redirect led it away from where it was sent. In place of the
  // credentials that the client may have.
  std::shared_ptr<const AwsSignature> aws_signature;
  std::string unix_socket;  // path of a socket to connect to instead of the URL's host
};

struct HttpResponseHead {
  int status = 0;
  std::string reason;                      // "Service Unavailable"; may be empty (HTTP/2)
  std::string content_type;                // as sent; empty if absent
  std::optional<std::string> retry_after;  // as sent
  std::vector<std::pair<std::string, std::string>> headers;  // names in lower case
};

// How a transfer ended. `status.ok()` says only that the whole response arrived; its HTTP status
// may be anything.
struct HttpOutcome {
  // kTimeout: the deadline passed. kRetryable: DNS, connect, reset, truncated or undecodable body.
  // Also: credentials that cannot be had now. kCancelled: the handler or Cancel() ended it.
  // kInvalidInput: unusable URL.
  Status status;
  int http_status = 0;      // 0 when no response line arrived
  uint64_t wire_bytes = 0;  // body bytes as received
  bool connection_reused = false;
};

// Receives one transfer. It must stay alive until OnDone() or Cancel() has returned; it may start
// other transfers, and destroy itself in OnDone().
class HttpHandler {
 public:
  virtual ~HttpHandler() = default;

  // The head of the final response (after redirects). False ends the transfer.
  virtual bool OnHead(const HttpResponseHead& head) = 0;

  // A piece of the decoded body. False ends the transfer.
  virtual bool OnBody(std::string_view bytes) = 0;

  // Exactly once for each Start() that was not cancelled.
  virtual void OnDone(const HttpOutcome& outcome) = 0;
};

struct HttpLoopOptions {
  size_t max_idle_connections = 4096;  // kept over all hosts
  std::string user_agent = {};         // e.g. "sluice/0.1.0"
  // Plain GETs and POSTs to IP addresses go around libcurl, which costs more than all else that
  // they take.
  bool lean = true;
  // While several transfers run, Poll() waits at least so long before it looks at what arrived: to
  // be woken costs as much as a small response. Makes transfers seem longer by as much.
  std::chrono::milliseconds gather{0};
};

// Bound to the thread that calls Poll(), but for Wakeup().
class HttpLoop {
 public:
  using TransferId = uint64_t;

  explicit HttpLoop(HttpLoopOptions options);
  ~HttpLoop();  // cancels what is running, without OnDone()
  HttpLoop(const HttpLoop&) = delete;
  HttpLoop& operator=(const HttpLoop&) = delete;

  // Never blocks. Errors, even an unusable URL, come through OnDone() from a later Poll().
  TransferId Start(HttpRequest request, HttpHandler& handler);
  // The same, for a request that is made again and again.
  TransferId Start(std::shared_ptr<const HttpRequest> request, HttpHandler& handler);

  // Ends a transfer without OnDone(). Unknown ids are ignored.
  void Cancel(TransferId id);

  // Moves transfers on; waits at most `wait` when there is nothing to do.
  void Poll(std::chrono::milliseconds wait);

  // For a loop around this one, which calls Poll(0) when `fd()` is readable, or after as long as
  // WaitTime() says, at most `most`.
  int fd() const;
  std::chrono::milliseconds WaitTime(std::chrono::milliseconds most) const;

  // Makes a Poll() that waits return at once. Thread-safe.
  void Wakeup();

  size_t active() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sluice
