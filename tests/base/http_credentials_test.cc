#include <algorithm>
#include <array>
#include <fstream>
#include <memory>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <sys/un.h>
#include <thread>
#include <unistd.h>
#include <vector>

#include <catch2/catch.hpp>

#include "base/http_loop.h"
#include "tests/base/http_recorder.h"
#include "tests/base/http_settings.h"
#include "tests/support/scripted_http_server.h"
#include "tests/support/temp_dir.h"

namespace sluice {
namespace {

using test::Always;
using test::Fault;
using test::Get;
using test::HttpRecorder;
using test::PollUntil;
using test::ScriptedHttpServer;
using test::ScriptedRequest;
using test::ScriptedResponse;

std::shared_ptr<const HttpClient> Client(HttpClientConfig config) {
  return std::make_shared<const HttpClient>(std::move(config), ProxyEnvironment{});
}

void Run(HttpLoop& loop, HttpRequest request, HttpRecorder& recorder) {
  loop.Start(std::move(request), recorder);
  REQUIRE(PollUntil(loop, [&] { return recorder.done(); }));
}

HttpRecorder RunWith(HttpLoop& loop, const std::string& url, const HttpClientConfig& config) {
  HttpRecorder recorder;
  HttpRequest request = Get(url);
  request.client = Client(config);
  Run(loop, std::move(request), recorder);
  return recorder;
}

std::string Header(const ScriptedRequest& request, const std::string& name) {
  const auto found = request.headers.find(name);
  return found == request.headers.end() ? "(none)" : found->second;
}

TEST_CASE("requests to AWS are signed, and what they are signed with is not sent", "[http]") {
  ScriptedHttpServer elsewhere(Always({.body = "x"}));
  ScriptedHttpServer server([&](const ScriptedRequest& request) {
    ScriptedResponse response;
    if (request.target == "/moved") {
      response.status = 307;
      response.headers = {{"Location", elsewhere.Url("/")}};
    }
    return response;
  });
  HttpLoop loop({.lean = GENERATE(true, false)});
  AwsSignature signature{.region = "eu-west-1",
                         .service = "ec2",
                         .access_key = "AKID",
                         .secret_key = Secret("s3cret"),
                         .session_token = Secret("t0ken")};
  for (const std::string path : {"/", "/moved"}) {
    HttpRecorder recorder;
    HttpRequest request = Get(server.Url(path));
    request.method = "POST";
    request.body = std::make_shared<const std::string>("Action=X");
    request.headers = {{"Content-Type", "application/x-www-form-urlencoded"}};
    request.aws_signature = std::make_shared<const AwsSignature>(signature);
    request.client = Client(test::WithBasicAuth("u", "p"));
    Run(loop, std::move(request), recorder);
    CHECK(recorder.Message() == "ok");
    const ScriptedRequest sent = server.requests().back();
    CHECK_THAT(Header(sent, "authorization"),
               Catch::StartsWith("AWS4-HMAC-SHA256 Credential=AKID/") &&
                   Catch::Contains("/eu-west-1/ec2/aws4_request, SignedHeaders=content-type;host;"
                                   "x-amz-date;x-amz-security-token, Signature="));
    CHECK(Header(sent, "x-amz-security-token") == "t0ken");
    CHECK(Header(sent, "x-amz-date").size() == std::string("20260102T030405Z").size());
    CHECK(sent.body == "Action=X");
  }
  REQUIRE(elsewhere.request_count() == 1);
  CHECK(Header(elsewhere.requests()[0], "authorization") == "(none)");
  CHECK(Header(elsewhere.requests()[0], "x-amz-security-token") == "(none)");
}

TEST_CASE("credentials and custom headers are sent", "[http]") {
  ScriptedHttpServer server(Always({.body = "x"}));
  HttpLoop loop({.lean = GENERATE(true, false)});
  HttpClientConfig config = test::WithBasicAuth("u", "p");
  config.http_headers = {{.name = "X-Key", .values = {}, .secrets = {Secret("k")}, .files = {}}};
  CHECK(RunWith(loop, server.Url(), config).Message() == "ok");
  CHECK(RunWith(loop, server.Url(), test::WithBearer("tok")).Message() == "ok");
  CHECK(Header(server.requests().at(0), "authorization") == "Basic dTpw");
  CHECK(Header(server.requests().at(0), "x-key") == "k");
  CHECK(Header(server.requests().at(1), "authorization") == "Bearer tok");
}

TEST_CASE("a header with several values is sent once for each", "[http]") {
  ScriptedHttpServer server(Always({.body = "x"}));
  HttpLoop loop({.lean = GENERATE(true, false)});
  HttpClientConfig config;
  config.http_headers = {
      {.name = "X-A", .values = {"1"}, .secrets = {Secret("2"), Secret("3")}, .files = {}}};
  CHECK(RunWith(loop, server.Url(), config).Message() == "ok");
  // The server joins what comes again.
  CHECK(Header(server.requests().at(0), "x-a") == "1, 2, 3");
}

TEST_CASE("an Authorization header that the request has is not overwritten", "[http]") {
  ScriptedHttpServer server(Always({.body = "x"}));
  HttpLoop loop({.lean = GENERATE(true, false)});
  HttpRecorder recorder;
  HttpRequest request = Get(server.Url());
  request.headers = {{"authorization", "own"}};
  request.client = Client(test::WithBearer("tok"));
  Run(loop, std::move(request), recorder);
  CHECK(Header(server.requests().at(0), "authorization") == "own");
}

TEST_CASE("a rotated token is sent on the connection that is open", "[http]") {
  const test::TempDir dir;
  std::ofstream(dir.File("t")) << "one\n";
  const HttpClientConfig config = test::WithBearerFile(dir.File("t"));
  ScriptedHttpServer server(Always({.body = "x"}));
  HttpLoop loop({.lean = GENERATE(true, false)});
  const auto client = Client(config);
  for (const std::string token : {"one", "two", "3"}) {
    std::ofstream(dir.File("t")) << token << "\n";
    HttpRecorder recorder;
    HttpRequest request = Get(server.Url());
    request.client = client;
    Run(loop, std::move(request), recorder);
    CHECK(Header(server.requests().back(), "authorization") == "Bearer " + token);
  }
  CHECK(server.connection_count() == 1);
}

TEST_CASE("a missing credentials file fails the request before it is sent", "[http]") {
  ScriptedHttpServer server(Always({.body = "x"}));
  HttpLoop loop({.lean = GENERATE(true, false)});
  const HttpClientConfig config = test::WithBearerFile("/nonexistent/token");
  const HttpRecorder recorder = RunWith(loop, server.Url(), config);
  CHECK(recorder.Message() ==
        "unable to read authorization credentials file: /nonexistent/token: No such file or "
        "directory");
  CHECK(recorder.Code() == ErrorCode::kRetryable);
  CHECK(server.connection_count() == 0);
  CHECK(loop.active() == 0);
}

TEST_CASE("a redirect to another origin drops credentials, for good", "[http]") {
  std::string home;
  ScriptedHttpServer other([&home](const ScriptedRequest&) -> ScriptedResponse {
    return {.status = 302, .headers = {{"Location", home + "/end"}}};
  });
  ScriptedHttpServer server([&other](const ScriptedRequest& request) -> ScriptedResponse {
    if (request.target == "/start") return {.status = 302, .headers = {{"Location", "/near"}}};
    if (request.target == "/end") return {.body = "arrived"};
    return {.status = 307, .headers = {{"Location", other.Url("/away")}}};
  });
  home = "http://" + server.address();
  HttpLoop loop({.lean = GENERATE(true, false)});
  HttpClientConfig config = test::WithBearer("tok");
  config.http_headers = {{.name = "X-Open", .values = {"v"}, .secrets = {}, .files = {}},
                         {.name = "X-Secret", .values = {}, .secrets = {Secret("s")}, .files = {}}};
  const HttpRecorder recorder = RunWith(loop, server.Url("/start"), config);
  CHECK(recorder.body == "arrived");
  CHECK(recorder.heads == 1);
  const std::vector<ScriptedRequest> near = server.requests();
  REQUIRE(near.size() == 3);
  for (const size_t i : {size_t{0}, size_t{1}}) {
    CHECK(Header(near[i], "authorization") == "Bearer tok");
    CHECK(Header(near[i], "x-secret") == "s");
  }
  for (const ScriptedRequest& request : {other.requests().at(0), near[2]}) {
    CHECK(Header(request, "authorization") == "(none)");
    CHECK(Header(request, "x-secret") == "(none)");
    CHECK(Header(request, "x-open") == "v");
  }
}

TEST_CASE("redirects keep or change the method by their status", "[http]") {
  ScriptedHttpServer server([](const ScriptedRequest& request) -> ScriptedResponse {
    if (request.target == "/end") return {.body = request.method + " " + request.body};
    const int status = std::stoi(request.target.substr(1));
    return {.status = status, .headers = {{"Location", "/end"}}, .body = "away"};
  });
  HttpLoop loop({.lean = GENERATE(true, false)});
  const auto post = [&](const std::string& target, bool keep_method) {
    HttpRecorder recorder;
    HttpRequest request = Get(server.Url(target));
    request.method = "POST";
    request.headers = {{"Content-Type", "a/b"}};
    request.body = std::make_shared<const std::string>("body");
    request.redirects_keep_method = keep_method;
    Run(loop, std::move(request), recorder);
    return recorder.body;
  };
  CHECK(post("/302", false) == "GET ");
  CHECK(Header(server.requests().back(), "content-type") == "(none)");
  CHECK(post("/303", false) == "GET ");
  CHECK(post("/307", false) == "POST body");
  CHECK(post("/308", true) == "POST body");
  CHECK(Header(server.requests().back(), "content-type") == "a/b");
  CHECK(post("/302", true) == "away");
  HttpClientConfig config;
  config.follow_redirects = false;
  CHECK(RunWith(loop, server.Url("/302"), config).body == "away");
}

TEST_CASE("the body of a redirect may be long, or none, or not end", "[http]") {
  ScriptedHttpServer server([](const ScriptedRequest& request) -> ScriptedResponse {
    if (request.target == "/end") return {.body = "arrived"};
    ScriptedResponse response{.status = 301, .headers = {{"Location", "/end"}}};
    if (request.target == "/long") response.body = std::string(1 << 20, 'x');
    if (request.target == "/cut") {
      response.body = "half of it";
      response.fault = Fault::kCloseMidBody;
    }
    return response;
  });
  HttpLoop loop({.lean = GENERATE(true, false)});
  for (const std::string target : {"/long", "/none"}) {
    HttpRecorder recorder;
    Run(loop, Get(server.Url(target)), recorder);
    CHECK(recorder.body == "arrived");
  }
  HttpRecorder cut;
  Run(loop, Get(server.Url("/cut")), cut);
  CHECK(cut.Message() == "response body is truncated");
}

TEST_CASE("a proxy gets the whole URL, and credentials of its own", "[http]") {
  ScriptedHttpServer proxy(Always({.body = "from the proxy"}));
  HttpLoop loop({.lean = GENERATE(true, false)});
  HttpClientConfig config = test::WithBearer("tok");
  config.proxy.url = Secret("http://pu:pw@" + proxy.address());
  config.proxy.connect_headers = {{"X-Connect", {Secret("c")}}};
  config.proxy.no_proxy = "direct.invalid";
  const HttpRecorder recorder = RunWith(loop, "http://target.invalid:9100/metrics", config);
  CHECK(recorder.body == "from the proxy");
  const ScriptedRequest got = proxy.requests().at(0);
  CHECK(got.target == "http://target.invalid:9100/metrics");
  CHECK(Header(got, "authorization") == "Bearer tok");
  CHECK(Header(got, "proxy-authorization") == "Basic cHU6cHc=");
  CHECK(Header(got, "x-connect") == "(none)");
  CHECK(RunWith(loop, "http://direct.invalid/", config).Message() == "resolve: no such host");
  CHECK(proxy.request_count() == 1);
}

TEST_CASE("TLS goes through a proxy by CONNECT, without the target's credentials", "[http]") {
  ScriptedHttpServer proxy(Always({.status = 403, .body = "no"}));
  HttpLoop loop({.lean = GENERATE(true, false)});
  HttpClientConfig config = test::WithBearer("tok");
  config.proxy.url = Secret("http://" + proxy.address());
  config.proxy.connect_headers = {{"X-Connect", {Secret("c")}}};
  const HttpRecorder recorder = RunWith(loop, "https://target.invalid/metrics", config);
  CHECK_FALSE(recorder.outcome->status.ok());
  const ScriptedRequest got = proxy.requests().at(0);
  CHECK(got.method == "CONNECT");
  CHECK(got.target == "target.invalid:443");
  CHECK(Header(got, "x-connect") == "c");
  CHECK(Header(got, "authorization") == "(none)");
}

// Answers one request on a Unix socket.
std::string ServeOnce(int listener) {
  const int fd = accept(listener, nullptr, nullptr);
  std::array<char, 4096> buffer{};
  const ssize_t got = recv(fd, buffer.data(), buffer.size(), 0);
  constexpr std::string_view kAnswer = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nunix";
  send(fd, kAnswer.data(), kAnswer.size(), MSG_NOSIGNAL);
  close(fd);
  return std::string(buffer.data(), static_cast<size_t>(std::max<ssize_t>(got, 0)));
}

TEST_CASE("a request can go to a Unix socket, whatever the proxy", "[http]") {
  const test::TempDir dir;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  dir.File("s").copy(address.sun_path, sizeof address.sun_path - 1);
  const int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  REQUIRE(bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
  REQUIRE(listen(listener, 1) == 0);
  const timeval most{.tv_sec = 20, .tv_usec = 0};  // of accept(), so that a failure ends
  setsockopt(listener, SOL_SOCKET, SO_RCVTIMEO, &most, sizeof most);
  std::string request_text;
  {
    const std::jthread server([&] { request_text = ServeOnce(listener); });
    HttpLoop loop({.lean = GENERATE(true, false)});
    HttpClientConfig config = test::WithBearer("tok");
    config.proxy.url = Secret("http://proxy.invalid");
    HttpRequest request = Get("http://localhost/metrics");
    request.client = Client(config);
    request.unix_socket = dir.File("s");
    HttpRecorder recorder;
    Run(loop, std::move(request), recorder);
    CHECK(recorder.body == "unix");
  }
  close(listener);
  CHECK_THAT(request_text, Catch::StartsWith("GET /metrics HTTP/1.1\r\nHost: localhost\r\n"));
  CHECK_THAT(request_text, Catch::Contains("Authorization: Bearer tok"));
  HttpLoop loop({.lean = GENERATE(true, false)});
  HttpRequest request = Get("http://localhost/");
  request.unix_socket = dir.File("nobody");
  HttpRecorder recorder;
  Run(loop, std::move(request), recorder);
  CHECK_THAT(recorder.Message(), Catch::StartsWith("connect: "));
}

TEST_CASE("no message about a failed transfer has a secret in it", "[http]") {
  HttpLoop loop({.lean = GENERATE(true, false)});
  HttpClientConfig config = test::WithBearer("hunter2");
  for (const std::string proxy : {"http://u:hunter2@no-such-host.invalid", "http://u:hunter2@[",
                                  "what://u:hunter2@h", "http://u:hunter2@127.0.0.1:99999"}) {
    config.proxy.url = Secret(proxy);
    const HttpRecorder recorder = RunWith(loop, "http://u:hunter2@target.invalid/", config);
    CAPTURE(proxy, recorder.Message());
    CHECK_FALSE(recorder.outcome->status.ok());
    CHECK(recorder.Message().find("hunter2") == std::string::npos);
  }
  const HttpRecorder bad = RunWith(loop, "http://u:hunter2@a b/", test::WithBearer("hunter2"));
  CHECK(bad.Message().find("hunter2") == std::string::npos);
}

TEST_CASE("certificates that cannot be read end the request, not the process", "[http]") {
  ScriptedHttpServer server(Always({.body = "x"}));
  HttpLoop loop({.lean = GENERATE(true, false)});
  HttpClientConfig config;
  config.tls.ca = "not a certificate";
  CHECK(RunWith(loop, "https://" + server.address(), config).Code() == ErrorCode::kRetryable);
  config = {};
  config.tls.cert = "no";
  config.tls.key = Secret("no");
  const HttpRecorder recorder = RunWith(loop, "https://" + server.address(), config);
  CHECK_THAT(recorder.Message(), Catch::StartsWith("tls: "));
}

}  // namespace
}  // namespace sluice
