// An HttpHandler that keeps what it gets, and what the tests of HttpLoop share.
#pragma once

#include <algorithm>
#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/http_loop.h"
#include "tests/support/scripted_http_server.h"

namespace sluice::test {

class HttpRecorder final : public HttpHandler {
 public:
  bool OnHead(const HttpResponseHead& got) override {
    ++heads;
    head = got;
    return !on_head || on_head();
  }

  bool OnBody(std::string_view bytes) override {
    largest_piece = std::max(largest_piece, bytes.size());
    body_bytes += bytes.size();
    if (keep_body) body += bytes;
    return !on_body || on_body();
  }

  void OnDone(const HttpOutcome& got) override {
    ++done_calls;
    outcome = got;
    if (on_done) on_done();
  }

  bool done() const { return outcome.has_value(); }

  // The error's message, "ok", or "not done".
  std::string Message() const {
    if (!outcome.has_value()) return "not done";
    return outcome->status.ok() ? "ok" : outcome->status.error().message;
  }

  std::optional<ErrorCode> Code() const {
    if (!outcome.has_value() || outcome->status.ok()) return std::nullopt;
    return outcome->status.error().code;
  }

  std::function<bool()> on_head;
  std::function<bool()> on_body;
  std::function<void()> on_done;
  bool keep_body = true;

  int heads = 0;
  int done_calls = 0;
  HttpResponseHead head;
  std::string body;
  size_t body_bytes = 0;
  size_t largest_piece = 0;
  std::optional<HttpOutcome> outcome;
};

// Polls until `ready`; false when that takes longer than a test may.
inline bool PollUntil(HttpLoop& loop, const std::function<bool()>& ready) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (!ready()) {
    if (std::chrono::steady_clock::now() > end) return false;
    loop.Poll(std::chrono::milliseconds(100));
  }
  return true;
}

inline HttpRequest Get(std::string url) {
  HttpRequest request;
  request.url = std::move(url);
  request.timeout = std::chrono::milliseconds(30'000);
  return request;
}

// A script that answers everything alike.
inline ScriptedHttpServer::Script Always(ScriptedResponse response) {
  return [response](const ScriptedRequest&) { return response; };
}

}  // namespace sluice::test
