// What handlers may do from their callbacks, other threads, and many transfers at once.
#include <atomic>
#include <string>
#include <sys/resource.h>
#include <thread>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "base/http_loop.h"
#include "tests/base/http_recorder.h"
#include "tests/support/scripted_http_server.h"

namespace sluice {
namespace {

using std::chrono::milliseconds;
using test::Always;
using test::Fault;
using test::Get;
using test::HttpRecorder;
using test::PollUntil;
using test::ScriptedHttpServer;
using test::ScriptedRequest;
using test::ScriptedResponse;

TEST_CASE("the handler ends a transfer by returning false", "[http]") {
  const bool in_head = GENERATE(true, false);
  ScriptedHttpServer server(Always({.body = std::string(1 << 20, 'x')}));
  HttpLoop loop({.lean = GENERATE(true, false)});
  HttpRecorder recorder;
  if (in_head) recorder.on_head = [] { return false; };
  if (!in_head) recorder.on_body = [] { return false; };
  loop.Start(Get(server.Url()), recorder);
  REQUIRE(PollUntil(loop, [&] { return recorder.done(); }));
  CHECK(recorder.Code() == ErrorCode::kCancelled);
  CHECK(recorder.outcome->http_status == 200);
  CHECK(recorder.body_bytes < (1 << 20));
}

TEST_CASE("a transfer may be cancelled from any of its callbacks", "[http]") {
  ScriptedHttpServer server(Always({.body = std::string(1 << 20, 'x')}));
  HttpLoop loop({.lean = GENERATE(true, false)});
  HttpRecorder recorder;
  HttpRecorder other;
  HttpLoop::TransferId id = 0;
  const auto cancel = [&] {
    loop.Cancel(id);
    loop.Cancel(id);  // again, for nothing
    return true;
  };
  SECTION("OnHead") { recorder.on_head = cancel; }
  SECTION("OnBody") { recorder.on_body = cancel; }
  SECTION("OnHead, without a body") {
    server.SetScript(Always({.status = 204}));
    recorder.on_head = cancel;
  }
  SECTION("OnDone of another") {
    server.SetScript([](const ScriptedRequest& request) -> ScriptedResponse {
      return {.fault = request.target == "/other" ? Fault::kNone : Fault::kHang};
    });
    other.on_done = cancel;
  }
  id = loop.Start(Get(server.Url()), recorder);
  loop.Start(Get(server.Url("/other")), other);
  REQUIRE(PollUntil(loop, [&] { return other.done() && loop.active() == 0; }));
  CHECK(recorder.done_calls == 0);
  CHECK(other.Message() == "ok");
}

TEST_CASE("a transfer cancelled before or amid its run never ends by OnDone", "[http]") {
  ScriptedHttpServer server(Always({.fault = Fault::kHang}));
  HttpLoop loop({.lean = GENERATE(true, false)});
  HttpRecorder recorder;
  loop.Cancel(loop.Start(Get(server.Url()), recorder));
  const auto id = loop.Start(Get(server.Url()), recorder);
  REQUIRE(PollUntil(loop, [&] { return server.request_count() == 1; }));
  loop.Cancel(id);
  loop.Cancel(12345);
  CHECK(loop.active() == 0);
  loop.Poll(milliseconds(1));
  CHECK(recorder.done_calls == 0);
}

TEST_CASE("a loop that dies ends its transfers without OnDone", "[http]") {
  ScriptedHttpServer server(Always({.fault = Fault::kHang}));
  HttpRecorder recorder;
  {
    HttpLoop loop({.lean = GENERATE(true, false)});
    loop.Start(Get(server.Url()), recorder);
    REQUIRE(PollUntil(loop, [&] { return server.request_count() == 1; }));
    loop.Start(Get(server.Url()), recorder);
  }
  CHECK(recorder.done_calls == 0);
}

// Fetches the same page some times, then deletes itself.
class SelfDestroying final : public HttpHandler {
 public:
  SelfDestroying(HttpLoop& loop, std::string url, int& alive, int times)
      : loop_(loop), url_(std::move(url)), alive_(alive), times_(times) {
    ++alive_;
    loop_.Start(Get(url_), *this);
  }

  ~SelfDestroying() override { --alive_; }

  SelfDestroying(const SelfDestroying&) = delete;
  SelfDestroying& operator=(const SelfDestroying&) = delete;

  bool OnHead(const HttpResponseHead&) override { return true; }

  bool OnBody(std::string_view) override { return true; }

  void OnDone(const HttpOutcome& outcome) override {
    CHECK(outcome.status.ok());
    if (--times_ > 0) {
      loop_.Start(Get(url_), *this);
    } else {
      delete this;
    }
  }

 private:
  HttpLoop& loop_;
  const std::string url_;
  int& alive_;
  int times_;
};

TEST_CASE("a handler may start again and destroy itself in OnDone", "[http]") {
  ScriptedHttpServer server(Always({.body = "x"}));
  HttpLoop loop({.lean = GENERATE(true, false)});
  int alive = 0;
  for (int i = 0; i < 10; ++i) new SelfDestroying(loop, server.Url(), alive, 5);
  REQUIRE(PollUntil(loop, [&] { return alive == 0; }));
  CHECK(server.request_count() == 50);
}

TEST_CASE("Wakeup from another thread ends a long Poll", "[http]") {
  HttpLoop loop({.lean = GENERATE(true, false)});
  std::atomic<bool> polling = false;
  const auto start = std::chrono::steady_clock::now();
  std::jthread waker([&] {
    while (!polling.load()) std::this_thread::yield();
    loop.Wakeup();
  });
  polling = true;
  loop.Poll(std::chrono::minutes(1));
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(30));
}

TEST_CASE("a thousand transfers run at once", "[http]") {
  rlimit files{};
  REQUIRE(getrlimit(RLIMIT_NOFILE, &files) == 0);
  files.rlim_cur = files.rlim_max;
  REQUIRE(setrlimit(RLIMIT_NOFILE, &files) == 0);
  constexpr size_t kTransfers = 1000;
  if (files.rlim_cur < 4 * kTransfers) return;

  const std::string body(20'000, 'x');
  ScriptedHttpServer server(Always({.body = body, .fault = Fault::kHang}));
  HttpLoop loop({.lean = GENERATE(true, false)});
  std::vector<HttpRecorder> recorders(kTransfers);
  for (HttpRecorder& recorder : recorders) loop.Start(Get(server.Url()), recorder);
  REQUIRE(PollUntil(loop, [&] { return server.request_count() == kTransfers; }));
  CHECK(server.connection_count() == kTransfers);
  server.ReleaseHanging();
  REQUIRE(PollUntil(loop, [&] { return loop.active() == 0; }));
  size_t good = 0;
  for (const HttpRecorder& recorder : recorders) {
    if (recorder.Message() == "ok" && recorder.body == body) ++good;
  }
  CHECK(good == kTransfers);
}

}  // namespace
}  // namespace sluice
