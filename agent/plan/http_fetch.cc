#include "agent/plan/http_fetch.h"

#include <optional>
#include <string_view>

#include "base/http_loop.h"

namespace sluice::agent {
namespace {

constexpr size_t kBodyBytesMax = 256U << 20;

class Body final : public HttpHandler {
 public:
  bool OnHead(const HttpResponseHead&) override { return true; }

  bool OnBody(std::string_view bytes) override {
    if (text.size() + bytes.size() > kBodyBytesMax) return false;
    text += bytes;
    return true;
  }

  void OnDone(const HttpOutcome& done) override { outcome = done; }

  std::string text;
  std::optional<HttpOutcome> outcome;
};

}  // namespace

Result<std::string> FetchHttp(const std::string& url, std::chrono::milliseconds timeout,
                              const Clock& clock) {
  Body body;
  HttpLoop loop({.user_agent = std::string("sluice/") + SLUICE_VERSION});
  HttpRequest request;
  request.url = url;
  request.timeout = timeout;
  request.accept_gzip = true;
  loop.Start(std::move(request), body);
  // The loop keeps the deadline; this one is in case that it does not.
  const MonotonicTime end = clock.MonotonicNow() + timeout + std::chrono::seconds(5);
  while (!body.outcome && clock.MonotonicNow() < end) loop.Poll(std::chrono::milliseconds(100));
  if (!body.outcome) return Error{ErrorCode::kTimeout, "no answer"};
  if (!body.outcome->status.ok()) return body.outcome->status.error();
  if (body.outcome->http_status != 200) {
    return InvalidInput("HTTP status " + std::to_string(body.outcome->http_status));
  }
  return std::move(body.text);
}

}  // namespace sluice::agent
