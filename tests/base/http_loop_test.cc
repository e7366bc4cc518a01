#include "base/http_loop.h"

#include <memory>
#include <netinet/in.h>
#include <string>
#include <sys/resource.h>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>
#include <vector>

#include <catch2/catch.hpp>

#include "base/gzip.h"
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

// Runs one transfer to its end.
void Run(HttpLoop& loop, HttpRequest request, HttpRecorder& recorder) {
  loop.Start(std::move(request), recorder);
  REQUIRE(PollUntil(loop, [&] { return recorder.done(); }));
  CHECK(loop.active() == 0);
}

TEST_CASE("a response arrives with its status, headers and body", "[http]") {
  ScriptedHttpServer server(Always({.status = 503,
                                    .reason = "Come Back Later",
                                    .headers = {{"Content-Type", "text/plain; version=0.0.4"},
                                                {"Retry-After", "7"},
                                                {"X-Twice", "1"},
                                                {"X-Twice", "2"}},
                                    .body = "hello"}));
  HttpLoop loop({.user_agent = "sluice/test", .lean = GENERATE(true, false)});
  HttpRecorder recorder;
  HttpRequest request = Get(server.Url("/metrics?a=b"));
  request.headers = {{"X-Own", "mine"}, {"X-Empty", ""}};
  Run(loop, std::move(request), recorder);

  CHECK(recorder.Message() == "ok");
  CHECK(recorder.heads == 1);
  CHECK(recorder.done_calls == 1);
  CHECK(recorder.head.status == 503);
  CHECK(recorder.head.reason == "Come Back Later");
  CHECK(recorder.head.content_type == "text/plain; version=0.0.4");
  CHECK(recorder.head.retry_after == "7");
  CHECK(recorder.body == "hello");
  CHECK(recorder.outcome->http_status == 503);
  CHECK(recorder.outcome->wire_bytes == 5);
  CHECK_FALSE(recorder.outcome->connection_reused);
  using Header = std::pair<std::string, std::string>;
  CHECK(std::count(recorder.head.headers.begin(), recorder.head.headers.end(),
                   Header("x-twice", "2")) == 1);
  const ScriptedRequest got = server.requests().at(0);
  CHECK(got.method == "GET");
  CHECK(got.target == "/metrics?a=b");
  CHECK(got.headers.at("user-agent") == "sluice/test");
  CHECK(got.headers.at("x-own") == "mine");
  CHECK(got.headers.at("x-empty").empty());
  CHECK(got.headers.count("accept-encoding") == 0);
}

TEST_CASE("connections are kept and reused per host", "[http]") {
  ScriptedHttpServer server(Always({.body = "x"}));
  HttpLoop loop({.lean = GENERATE(true, false)});
  for (int i = 0; i < 5; ++i) {
    HttpRecorder recorder;
    Run(loop, Get(server.Url()), recorder);
    CHECK(recorder.outcome->connection_reused == (i > 0));
  }
  CHECK(server.connection_count() == 1);
}

TEST_CASE("a connection that is older than a request wants is not used for it", "[http]") {
  ScriptedHttpServer server(Always({.body = "x"}));
  HttpLoop loop({.lean = GENERATE(true, false)});
  const auto ask = [&](std::chrono::seconds age_max) {
    HttpRecorder recorder;
    HttpRequest request = Get(server.Url());
    request.connection_age_max = age_max;
    loop.Start(std::move(request), recorder);
    REQUIRE(PollUntil(loop, [&] { return recorder.done(); }));
    CHECK(recorder.Message() == "ok");
  };
  ask(std::chrono::hours(1));
  ask(std::chrono::hours(1));
  CHECK(server.connection_count() == 1);
  // As long as it takes for the first one to be a second old.
  while (server.connection_count() < 2) {
    REQUIRE(server.request_count() < 10'000'000);
    ask(std::chrono::seconds(1));
  }
  ask(std::chrono::seconds(0));
  ask(std::chrono::hours(1));
  CHECK(server.connection_count() == 2);
}

TEST_CASE("every one of many targets keeps its connection", "[http]") {
  constexpr size_t kTargets = 100;
  std::vector<std::unique_ptr<ScriptedHttpServer>> servers;
  for (size_t i = 0; i < kTargets; ++i) {
    servers.push_back(std::make_unique<ScriptedHttpServer>(Always({.body = "x"})));
  }
  HttpLoop loop({.max_idle_connections = kTargets, .lean = GENERATE(true, false)});
  for (int round = 0; round < 3; ++round) {
    for (const auto& server : servers) {
      HttpRecorder recorder;
      Run(loop, Get(server->Url()), recorder);
    }
  }
  for (const auto& server : servers) CHECK(server->connection_count() == 1);
}

TEST_CASE("where more connections are idle than may be, the oldest goes", "[http]") {
  ScriptedHttpServer first(Always({.body = "x"}));
  ScriptedHttpServer second(Always({.body = "x"}));
  ScriptedHttpServer third(Always({.body = "x"}));
  HttpLoop loop({.max_idle_connections = 2});
  for (const ScriptedHttpServer* server : {&first, &second, &first, &third, &first, &third}) {
    HttpRecorder recorder;
    Run(loop, Get(server->Url()), recorder);
    CHECK(recorder.Message() == "ok");
  }
  CHECK(first.connection_count() == 1);
  CHECK(third.connection_count() == 1);
  HttpRecorder recorder;
  Run(loop, Get(second.Url()), recorder);
  CHECK_FALSE(recorder.outcome->connection_reused);
}

TEST_CASE("a connection that the server closed meanwhile is replaced without an error", "[http]") {
  ScriptedHttpServer server(Always({.body = "x"}));
  HttpLoop loop({.lean = GENERATE(true, false)});
  HttpRecorder first;
  Run(loop, Get(server.Url()), first);
  server.GoDown();
  server.ComeUp();
  HttpRecorder second;
  Run(loop, Get(server.Url()), second);
  CHECK(second.Message() == "ok");
  CHECK_FALSE(second.outcome->connection_reused);
}

TEST_CASE("gzip is asked for and decoded only on demand", "[http]") {
  const std::string text(100'000, 'a');
  ScriptedHttpServer server(
      Always({.headers = {{"Content-Encoding", "gzip"}}, .body = Gzip(text)}));
  HttpLoop loop({.lean = GENERATE(true, false)});
  HttpRecorder plain;
  Run(loop, Get(server.Url()), plain);
  CHECK(plain.body == Gzip(text));
  HttpRecorder decoded;
  HttpRequest request = Get(server.Url());
  request.accept_gzip = true;
  Run(loop, std::move(request), decoded);
  CHECK(decoded.Message() == "ok");
  CHECK(decoded.body == text);
  CHECK(decoded.outcome->wire_bytes == Gzip(text).size());
  CHECK(server.requests().at(1).headers.at("accept-encoding") == "gzip");
}

TEST_CASE("a body is gzip when its first encoding is just that", "[http]") {
  using Headers = std::vector<std::pair<std::string, std::string>>;
  const auto [headers, is_decoded] = GENERATE(
      table<Headers, bool>({{{{"Content-Encoding", "  gzip "}}, true},
                            {{{"content-encoding", "gzip"}, {"Content-Encoding", "br"}}, true},
                            {{{"Content-Encoding", "br"}, {"Content-Encoding", "gzip"}}, false},
                            {{{"Content-Encoding", "GZIP"}}, false},
                            {{{"Content-Encoding", "x-gzip"}}, false},
                            {{{"Content-Encoding", "gzip, gzip"}}, false}}));
  const std::string body = Gzip("text");
  ScriptedHttpServer server(Always({.headers = headers, .body = body}));
  HttpLoop loop({.lean = GENERATE(true, false)});
  HttpRecorder recorder;
  HttpRequest request = Get(server.Url());
  request.accept_gzip = true;
  Run(loop, std::move(request), recorder);
  CHECK(recorder.Message() == "ok");
  CHECK(recorder.body == (is_decoded ? "text" : body));
}

TEST_CASE("a body that is not the gzip it claims to be is an error", "[http]") {
  const std::string whole = Gzip(std::string(100'000, 'a') + "the end");
  const std::string body = GENERATE_COPY(as<std::string>{}, "plain text", whole + "garbage",
                                         whole.substr(0, whole.size() - 9),
                                         whole.substr(0, whole.size() - 1), whole.substr(0, 3));
  ScriptedHttpServer server(Always({.headers = {{"Content-Encoding", "gzip"}}, .body = body}));
  HttpLoop loop({.lean = GENERATE(true, false)});
  HttpRecorder recorder;
  HttpRequest request = Get(server.Url());
  request.accept_gzip = true;
  Run(loop, std::move(request), recorder);
  CHECK(recorder.Message() == "invalid gzip body");
  CHECK(recorder.Code() == ErrorCode::kRetryable);
  CHECK(recorder.outcome->http_status == 200);
}

TEST_CASE("a gzip bomb comes in small pieces and stops where the handler says so", "[http]") {
  std::string bomb;
  const std::string member = Gzip(std::string(16 << 20, '\0'));
  for (int i = 0; i < 64; ++i) bomb += member;  // a gibibyte in a megabyte
  ScriptedHttpServer server(Always({.headers = {{"Content-Encoding", "gzip"}}, .body = bomb}));
  HttpLoop loop({.lean = GENERATE(true, false)});
  HttpRecorder recorder;
  recorder.keep_body = false;
  recorder.on_body = [&] { return recorder.body_bytes < 10'000'000; };
  HttpRequest request = Get(server.Url());
  request.accept_gzip = true;
  Run(loop, std::move(request), recorder);
  CHECK(recorder.Code() == ErrorCode::kCancelled);
  CHECK(recorder.body_bytes < 10'100'000);
  CHECK(recorder.largest_piece <= 64 * 1024);
}

TEST_CASE("a head may be as large as libcurl reads one line", "[http]") {
  ScriptedHttpServer server(Always({.headers = {{"X-Large", std::string(100'000, 'x')}}}));
  HttpLoop loop({.lean = GENERATE(true, false)});
  HttpRecorder recorder;
  Run(loop, Get(server.Url()), recorder);
  CHECK(recorder.Message() == "ok");
  CHECK(recorder.heads == 1);
}

TEST_CASE("faults of the peer are told apart in short words", "[http]") {
  struct Case {
    ScriptedResponse response;
    std::string message;
    bool head_arrives;
  };

  const std::string body(1000, 'x');
  const std::vector<Case> cases = {
      {{.body = body, .fault = Fault::kCloseMidBody}, "response body is truncated", true},
      {{.body = "short", .content_length = 100, .close = true}, "response body is truncated", true},
      {{.chunks = {body, body}, .fault = Fault::kCloseMidBody}, "response body is truncated", true},
      {{.fault = Fault::kClose}, "connection closed without a response", false},
      {{.fault = Fault::kReset}, "receive: connection reset by peer", false},
      {{.raw = "220 not http\r\n\r\n", .fault = Fault::kNone}, "malformed HTTP response", false},
      {{.raw = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nno chunk\r\n",
        .fault = Fault::kNone},
       "receive: ",
       true},
      {{.headers = {{"X-Large", std::string(90'000, 'x')},
                    {"X-Large", std::string(90'000, 'x')},
                    {"X-Large", std::string(90'000, 'x')}}},
       "response head is too large",
       false},
      {{.headers = {{"X-Large", std::string(1 << 20, 'x')}}}, "response head is too large", false},
  };
  for (const Case& test : cases) {
    CAPTURE(test.message);
    ScriptedHttpServer server(Always(test.response));
    HttpLoop loop({.lean = GENERATE(true, false)});
    HttpRecorder recorder;
    Run(loop, Get(server.Url()), recorder);
    CHECK(recorder.Message().starts_with(test.message));
    CHECK(recorder.Message().find("refused") == std::string::npos);
    CHECK(recorder.Code() == ErrorCode::kRetryable);
    CHECK((recorder.heads == 1) == test.head_arrives);
    CHECK(recorder.done_calls == 1);
  }
}

TEST_CASE("a reset amid the body is an error after what arrived", "[http]") {
  ScriptedHttpServer server(
      Always({.body = std::string(1 << 20, 'x'), .fault = Fault::kResetMidBody}));
  HttpLoop loop({.lean = GENERATE(true, false)});
  HttpRecorder recorder;
  Run(loop, Get(server.Url()), recorder);
  CHECK(recorder.Code() == ErrorCode::kRetryable);
  CHECK(recorder.body_bytes < (1 << 20));
}

TEST_CASE("bytes after the stated length do not reach the handler", "[http]") {
  ScriptedHttpServer server(Always({.body = "hello, world", .content_length = 5}));
  HttpLoop loop({.lean = GENERATE(true, false)});
  HttpRecorder recorder;
  Run(loop, Get(server.Url()), recorder);
  CHECK(recorder.Message() == "ok");
  CHECK(recorder.body == "hello");
}

TEST_CASE("a body in chunks or up to the end of the connection is complete", "[http]") {
  const ScriptedResponse response =
      GENERATE(ScriptedResponse{.chunks = {"hel", "lo"}},
               ScriptedResponse{.body = "hello", .until_close = true});
  ScriptedHttpServer server(Always(response));
  HttpLoop loop({.lean = GENERATE(true, false)});
  HttpRecorder recorder;
  Run(loop, Get(server.Url()), recorder);
  CHECK(recorder.Message() == "ok");
  CHECK(recorder.body == "hello");
}

TEST_CASE("the timeout covers a server that hangs, before or amid the body", "[http]") {
  const Fault fault = GENERATE(Fault::kHang, Fault::kHangMidBody);
  ScriptedHttpServer server(Always({.body = "hello, world", .fault = fault}));
  HttpLoop loop({.lean = GENERATE(true, false)});
  HttpRecorder recorder;
  HttpRequest request = Get(server.Url());
  request.timeout = milliseconds(150);
  const auto start = std::chrono::steady_clock::now();
  Run(loop, std::move(request), recorder);
  const auto took = std::chrono::steady_clock::now() - start;
  CHECK(recorder.Message() == "timeout");
  CHECK(recorder.Code() == ErrorCode::kTimeout);
  CHECK(took >= milliseconds(140));
  CHECK(took < std::chrono::seconds(60));
}

TEST_CASE("silence may be a timeout of its own", "[http]") {
  ScriptedHttpServer server(Always({.body = "hello, world", .fault = Fault::kHangMidBody}));
  HttpLoop loop({.lean = GENERATE(true, false)});
  HttpRecorder recorder;
  HttpRequest request = Get(server.Url());
  request.timeout = std::chrono::seconds(120);
  request.silence_max = std::chrono::seconds(1);
  const auto start = std::chrono::steady_clock::now();
  Run(loop, std::move(request), recorder);
  CHECK(recorder.Code() == ErrorCode::kTimeout);
  CHECK(recorder.body == "hello,");
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(60));
}

TEST_CASE("waiting for a server that hangs does not burn the processor", "[http]") {
  ScriptedHttpServer server(Always({.fault = Fault::kHang}));
  HttpLoop loop({.lean = GENERATE(true, false)});
  HttpRecorder recorder;
  HttpRequest request = Get(server.Url());
  request.timeout = milliseconds(300);
  loop.Start(std::move(request), recorder);
  int polls = 0;
  REQUIRE(PollUntil(loop, [&] {
    ++polls;
    return recorder.done();
  }));
  CHECK(polls < 60);
}

TEST_CASE("a refused connection says so", "[http]") {
  ScriptedHttpServer server(Always({}));
  server.GoDown();
  HttpLoop loop({.lean = GENERATE(true, false)});
  HttpRecorder recorder;
  Run(loop, Get(server.Url()), recorder);
  CHECK(recorder.Message() == "connect: connection refused");
  CHECK(recorder.Code() == ErrorCode::kRetryable);
  CHECK(recorder.outcome->http_status == 0);
  CHECK_FALSE(recorder.outcome->connection_reused);
}

TEST_CASE("redirects are followed, and only the last head is told", "[http]") {
  ScriptedHttpServer server([](const ScriptedRequest& request) -> ScriptedResponse {
    if (request.target == "/loop") return {.status = 302, .headers = {{"Location", "/loop"}}};
    if (request.target == "/file") {
      return {.status = 302, .headers = {{"Location", "file:///etc/hostname"}}};
    }
    if (request.target != "/start") return {.headers = {{"X-Here", "end"}}, .body = "arrived"};
    return {.status = 302, .headers = {{"Location", "/end"}, {"X-Here", "start"}}, .body = "away"};
  });
  HttpLoop loop({.lean = GENERATE(true, false)});
  HttpRecorder followed;
  Run(loop, Get(server.Url("/start")), followed);
  CHECK(followed.Message() == "ok");
  CHECK(followed.heads == 1);
  CHECK(followed.head.status == 200);
  CHECK(followed.body == "arrived");

  HttpRecorder kept;
  HttpRequest request = Get(server.Url("/start"));
  request.follow_redirects = false;
  Run(loop, std::move(request), kept);
  CHECK(kept.head.status == 302);
  CHECK(kept.body == "away");

  HttpRecorder endless;
  Run(loop, Get(server.Url("/loop")), endless);
  CHECK(endless.Message() == "too many redirects");
  HttpRecorder elsewhere;
  Run(loop, Get(server.Url("/file")), elsewhere);
  CHECK(elsewhere.Code() == ErrorCode::kRetryable);
  CHECK(elsewhere.body.empty());
}

TEST_CASE("a body is sent as it is, and again on a retry", "[http]") {
  ScriptedHttpServer server(Always({.status = 204}));
  HttpLoop loop({.lean = GENERATE(true, false)});
  const auto body = std::make_shared<const std::string>(std::string(3 << 20, 'b') + '\0' + "end");
  for (int i = 0; i < 2; ++i) {
    HttpRequest request = Get(server.Url("/write"));
    request.method = i == 0 ? "POST" : "PUT";
    request.headers = {{"Content-Type", "application/x-protobuf"}};
    request.body = body;
    HttpRecorder recorder;
    Run(loop, std::move(request), recorder);
    CHECK(recorder.Message() == "ok");
    CHECK(recorder.head.status == 204);
  }
  for (const ScriptedRequest& request : server.requests()) {
    CHECK(request.body == *body);
    CHECK(request.headers.at("content-type") == "application/x-protobuf");
    CHECK(request.headers.count("expect") == 0);
  }
  CHECK(server.requests().at(0).method == "POST");
  CHECK(server.requests().at(1).method == "PUT");
  CHECK(body.use_count() == 1);
}

// Accepts one connection; answers as soon as there is a byte of the request, and closes.
class HastyServer {
 public:
  explicit HastyServer(std::string answer)
      : listener_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)), answer_(std::move(answer)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    REQUIRE(bind(listener_, reinterpret_cast<sockaddr*>(&address), size) == 0);
    REQUIRE(listen(listener_, 1) == 0);
    REQUIRE(getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) == 0);
    url_ = "http://127.0.0.1:" + std::to_string(ntohs(address.sin_port)) + "/";
    thread_ = std::jthread([this] { Serve(); });
  }

  ~HastyServer() {
    thread_.join();
    close(listener_);
  }

  const std::string& url() const { return url_; }

 private:
  void Serve() {
    const int fd = accept(listener_, nullptr, nullptr);
    char byte = 0;
    if (recv(fd, &byte, 1, 0) == 1) send(fd, answer_.data(), answer_.size(), MSG_NOSIGNAL);
    close(fd);  // with much that is unread: this resets the connection
  }

  const int listener_;
  const std::string answer_;
  std::string url_;
  std::jthread thread_;
};

TEST_CASE("who answers before the whole body is there is heard", "[http]") {
  HastyServer server("HTTP/1.1 413 Too Large\r\nContent-Length: 5\r\n\r\nlarge");
  HttpLoop loop({.lean = true});
  HttpRequest request = Get(server.url());
  request.method = "POST";
  request.body = std::make_shared<const std::string>(std::string(16 << 20, 'b'));
  HttpRecorder recorder;
  Run(loop, std::move(request), recorder);
  CHECK(recorder.Message() == "ok");
  CHECK(recorder.head.status == 413);
  CHECK(recorder.body == "large");
}

TEST_CASE("a method without a body is sent without one", "[http]") {
  const std::string method = GENERATE(as<std::string>{}, "HEAD", "POST", "DELETE");
  ScriptedHttpServer server(Always({.body = "hello"}));
  HttpLoop loop({.lean = GENERATE(true, false)});
  HttpRequest request = Get(server.Url());
  request.method = method;
  HttpRecorder recorder;
  Run(loop, std::move(request), recorder);
  CHECK(recorder.Message() == "ok");
  CHECK(recorder.heads == 1);
  CHECK(recorder.body == (method == "HEAD" ? "" : "hello"));
  CHECK(server.requests().at(0).method == method);
  CHECK(server.requests().at(0).body.empty());
}

TEST_CASE("an unusable request ends by OnDone in a later Poll", "[http]") {
  HttpLoop loop({.lean = GENERATE(true, false)});
  HttpRequest request = Get("http://127.0.0.1:9/");
  SECTION("no scheme") { request.url = "localhost:9090/metrics"; }
  SECTION("another scheme") { request.url = "file:///etc/passwd"; }
  SECTION("empty") { request.url = ""; }
  SECTION("no host") { request.url = "http:///metrics"; }
  SECTION("bad port") { request.url = "http://host:99999/"; }
  SECTION("a space") { request.url = "http://127.0.0.1:9/a b"; }
  SECTION("a zero byte") { request.url = std::string("http://127.0.0.1:9/a\0b", 22); }
  SECTION("endless") { request.url += std::string(9'000'000, 'x'); }
  SECTION("bad method") { request.method = "GET / HTTP/1.1\r\nX: "; }
  SECTION("bad header name") { request.headers = {{"a b", "c"}}; }
  SECTION("bad header value") { request.headers = {{"A", "b\r\nC: d"}}; }
  HttpRecorder recorder;
  loop.Start(std::move(request), recorder);
  CHECK_FALSE(recorder.done());
  REQUIRE(PollUntil(loop, [&] { return recorder.done(); }));
  CHECK(recorder.Code() == ErrorCode::kInvalidInput);
  CHECK(recorder.Message().starts_with("bad "));
}

}  // namespace
}  // namespace sluice
