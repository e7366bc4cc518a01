#include "agent/http_server.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <random>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <catch2/catch.hpp>

#include "agent/internal/http_text.h"
#include "base/gzip.h"
#include "tests/agent/raw_connection.h"
#include "tests/base/http_recorder.h"

namespace sluice::agent {
namespace {

using std::chrono::milliseconds;
using test::HttpRecorder;
using test::PollUntil;
using test::RawConnection;

std::unique_ptr<HttpServer> StartServer(HttpServerOptions options, HttpServerHandler handler) {
  if (options.listen_addresses.front() == "0.0.0.0:9090")
    options.listen_addresses = {"127.0.0.1:0"};
  auto server = HttpServer::Start(std::move(options), std::move(handler), Logger());
  REQUIRE(server.ok());
  return std::move(*server);
}

HttpServerResponse Echo(const HttpServerRequest& request) {
  HttpServerResponse response;
  response.body = request.method + " " + request.path;
  for (const auto& [name, value] : request.query) {
    response.body.append(" ").append(name).append("=").append(value);
  }
  response.body += " [" + request.body + "]";
  return response;
}

HttpServerHandler Body(std::string body) {
  return [body](const HttpServerRequest&) { return HttpServerResponse{.body = body}; };
}

void Run(HttpLoop& loop, HttpRequest request, HttpRecorder& recorder) {
  loop.Start(std::move(request), recorder);
  REQUIRE(PollUntil(loop, [&] { return recorder.done(); }));
  CHECK(recorder.Message() == "ok");
}

HttpRequest Request(const HttpServer& server, std::string_view target) {
  return test::Get("http://" + server.addresses().front() + std::string(target));
}

TEST_CASE("a request reaches the handler decoded", "[http_server]") {
  HttpServerRequest seen;
  const auto server = StartServer({}, [&seen](const HttpServerRequest& request) {
    seen = request;
    return HttpServerResponse{
        .status = 201, .content_type = "application/json", .body = "{}", .headers = {{"X-A", "b"}}};
  });
  HttpLoop loop({});
  HttpRecorder recorder;
  HttpRequest request = Request(*server, "/a%20b+c/%C3%BC?x=1+2&y=%26%3d&x=3&z&=e");
  request.method = "POST";
  request.headers = {{"X-Mixed-Case", "V"}, {"Content-Type", "text/plain"}};
  request.body = std::make_shared<const std::string>("the body");
  Run(loop, std::move(request), recorder);
  CHECK(seen.method == "POST");
  CHECK(seen.path == "/a b+c/\xc3\xbc");
  using Query = std::vector<std::pair<std::string, std::string>>;
  CHECK(seen.query == Query{{"x", "1 2"}, {"y", "&="}, {"x", "3"}, {"z", ""}, {"", "e"}});
  CHECK(seen.Query("x") == "1 2");
  CHECK(seen.Query("absent").empty());
  CHECK(seen.headers.at("x-mixed-case") == "V");
  CHECK(seen.body == "the body");
  CHECK(recorder.head.status == 201);
  CHECK(recorder.head.reason == "Created");
  CHECK(recorder.head.content_type == "application/json");
  CHECK(recorder.body == "{}");
}

TEST_CASE("a connection serves many requests, pipelined ones in order", "[http_server]") {
  const auto server = StartServer({}, Echo);
  HttpLoop loop({});
  for (int i = 0; i < 3; ++i) {
    HttpRecorder recorder;
    Run(loop, Request(*server, "/"), recorder);
    CHECK(recorder.outcome->connection_reused == (i > 0));
  }
  RawConnection raw(server->addresses().front());
  raw.Send(
      "GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  const std::string text = raw.ReadToEnd();
  CHECK(text.find("GET /1 []") < text.find("GET /2 []"));
  CHECK(text.ends_with("GET /2 []"));
}

TEST_CASE("HTTP/1.0 closes unless asked to keep", "[http_server]") {
  const auto server = StartServer({}, Echo);
  RawConnection raw(server->addresses().front());
  raw.Send("GET /1 HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET /2 HTTP/1.0\r\n\r\n");
  const std::string text = raw.ReadToEnd();
  CHECK(text.find("Connection: keep-alive\r\n") != std::string::npos);
  CHECK(text.ends_with("GET /2 []"));
}

TEST_CASE("HEAD is answered from GET, without the body", "[http_server]") {
  const auto server = StartServer({}, Echo);
  RawConnection raw(server->addresses().front());
  raw.Send("HEAD /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  const std::string text = raw.ReadToEnd();
  CHECK(text.starts_with("HTTP/1.1 200 OK\r\n"));
  CHECK(text.find("Content-Length: 9\r\n") != std::string::npos);
  CHECK(text.ends_with("\r\n\r\n"));
}

TEST_CASE("large bodies are compressed for those who take gzip", "[http_server]") {
  const std::string large(5000, 'x');
  const auto server = StartServer({}, [&](const HttpServerRequest& request) {
    return HttpServerResponse{.body = request.path == "/large" ? large : "small"};
  });
  HttpLoop loop({});
  const auto fetch = [&](std::string_view path, bool gzip, HttpRecorder& recorder) {
    HttpRequest request = Request(*server, path);
    request.accept_gzip = gzip;
    Run(loop, std::move(request), recorder);
  };
  HttpRecorder packed;
  fetch("/large", true, packed);
  CHECK(packed.body == large);
  CHECK(packed.outcome->wire_bytes < 200);
  HttpRecorder plain;
  fetch("/large", false, plain);
  CHECK(plain.outcome->wire_bytes == large.size());
  HttpRecorder small;
  fetch("/small", true, small);
  CHECK(small.outcome->wire_bytes == 5);
}

TEST_CASE("every limit and malformed request has a clear answer", "[http_server]") {
  struct Case {
    std::string request;
    std::string status;
  };

  const std::string host = "Host: a\r\n";
  const std::vector<Case> cases = {
      {"complete garbage\r\n\r\n", "400 Bad Request"},
      {"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", "400 Bad Request"},  // a TLS greeting
      {"GET / HTTP/1.1\r\nBad Header: x\r\n\r\n", "400 Bad Request"},
      {"GET /%zz HTTP/1.1\r\n" + host + "Connection: close\r\n\r\n", "400 Bad Request"},
      {"GET /%4 HTTP/1.1\r\n" + host + "Connection: close\r\n\r\n", "400 Bad Request"},
      {"GET /?a=%x0 HTTP/1.1\r\n" + host + "Connection: close\r\n\r\n", "400 Bad Request"},
      {"OPTIONS * HTTP/1.1\r\n" + host + "Connection: close\r\n\r\n", "400 Bad Request"},
      {"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", "400 Bad Request"},
      {"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "400 Bad Request"},
      {"GET / HTTP/1.1\r\nX: " + std::string(100'000, 'x') + "\r\n\r\n",
       "431 Request Header Fields Too Large"},
      {"GET /" + std::string(100'000, 'x') + " HTTP/1.1\r\n\r\n",
       "431 Request Header Fields Too Large"},
      {"POST / HTTP/1.1\r\nContent-Length: 1001\r\n\r\n", "413 Payload Too Large"},
      {"POST / HTTP/1.1\r\nContent-Length: 2000000\r\n\r\n" + std::string(2'000'000, 'x'),
       "413 Payload Too Large"},
      {"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3e9\r\n" + std::string(1001, 'x') +
           "\r\n0\r\n\r\n",
       "413 Payload Too Large"},
  };
  const auto server = StartServer({.body_bytes_max = 1000}, Echo);
  for (const Case& test : cases) {
    CAPTURE(test.request.substr(0, 60));
    RawConnection raw(server->addresses().front());
    raw.Send(test.request);
    CHECK(raw.ReadToEnd().starts_with("HTTP/1.1 " + test.status + "\r\n"));
  }
  HttpLoop loop({});
  HttpRecorder recorder;
  Run(loop, Request(*server, "/alive"), recorder);
  CHECK(recorder.body == "GET /alive []");
}

TEST_CASE("a client that is too slow gets 408, an idle one is closed without a word",
          "[http_server]") {
  const auto server = StartServer({.read_timeout = milliseconds(150)}, Echo);
  const auto answer_to = [&](std::string_view part) {
    std::string answer;
    // Where a machine is too slow for it to arrive in time, it is an idle one.
    for (int tries = 0; answer.empty() && tries < 100; ++tries) {
      RawConnection slow(server->addresses().front());
      slow.Send(part);
      answer = slow.ReadToEnd();
    }
    return answer;
  };
  CHECK(answer_to("GET / HT").starts_with("HTTP/1.1 408 Request Timeout\r\n"));
  CHECK(answer_to("POST / HTTP/1.1\r\nContent-Length: 10\r\n\r\nabc")
            .starts_with("HTTP/1.1 408 Request Timeout\r\n"));
  RawConnection idle(server->addresses().front());
  CHECK(idle.ReadToEnd().empty());
}

TEST_CASE("a client that asks first is told to go on", "[http_server]") {
  const auto server = StartServer({}, Echo);
  RawConnection raw(server->addresses().front());
  raw.Send(
      "PUT /x HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 3\r\nConnection: close\r\n\r\n");
  CHECK(raw.ReadUntil("\r\n\r\n") == "HTTP/1.1 100 Continue\r\n\r\n");
  raw.Send("abc");
  CHECK(raw.ReadToEnd().ends_with("PUT /x [abc]"));
}

TEST_CASE("an exception of a handler is a 500, and no more", "[http_server]") {
  const auto server = StartServer({}, [](const HttpServerRequest& request) -> HttpServerResponse {
    if (request.path == "/std") throw std::runtime_error("no");
    if (request.path == "/int") throw 42;
    return {.body = "fine"};
  });
  HttpLoop loop({});
  for (const auto& [path, status] :
       std::vector<std::pair<std::string, int>>{{"/std", 500}, {"/int", 500}, {"/", 200}}) {
    HttpRecorder recorder;
    Run(loop, Request(*server, path), recorder);
    CHECK(recorder.head.status == status);
  }
}

TEST_CASE("a header value cannot smuggle in another header", "[http_server]") {
  const auto server = StartServer({}, [](const HttpServerRequest& request) {
    return HttpServerResponse{.status = 302,
                              .headers = {{"Location", std::string(request.Query("to"))}}};
  });
  RawConnection raw(server->addresses().front());
  raw.Send("GET /?to=a%0d%0aX-Evil:%201 HTTP/1.1\r\nConnection: close\r\n\r\n");
  CHECK(raw.ReadToEnd().find("X-Evil") == std::string::npos);
}

TEST_CASE("slow peers, however many, keep nobody out", "[http_server]") {
  const auto server = StartServer({.connections_max = 3}, Echo);
  std::vector<std::unique_ptr<RawConnection>> slow;
  for (int i = 0; i < 20; ++i) {
    slow.push_back(std::make_unique<RawConnection>(server->addresses().front()));
    slow.back()->Send("GET /slow HTTP/1.1\r\nX-Never: en");
    RawConnection quick(server->addresses().front());
    quick.Send("GET /quick HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    CHECK(quick.ReadToEnd().ends_with("GET /quick []"));
  }
  CHECK(slow.front()->ReadToEnd().empty());
}

TEST_CASE("answers that nobody takes do not fill the memory", "[http_server]") {
  const auto server = StartServer({.answer_bytes_max = 40 << 20}, [](const auto& request) {
    return HttpServerResponse{.body = std::string(request.path == "/" ? 32 << 20 : 10, 'x')};
  });
  const std::string large = "GET / HTTP/1.1\r\nConnection: close\r\n\r\n";
  const std::string& address = server->addresses().front();
  {
    RawConnection idle(address);
    idle.Send(large);
    CHECK(idle.ReadUntil("\r\n").starts_with("HTTP/1.1 200"));
    RawConnection second(address);
    second.Send(large);
    CHECK(second.ReadUntil("\r\n").starts_with("HTTP/1.1 503"));
    RawConnection small(address);
    small.Send("GET /small HTTP/1.1\r\nConnection: close\r\n\r\n");
    CHECK(small.ReadToEnd().ends_with("xxxxxxxxxx"));
  }
  // The server needs to see that the first is gone.
  std::string answer;
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!answer.starts_with("HTTP/1.1 200") && std::chrono::steady_clock::now() < end) {
    RawConnection again(address);
    again.Send(large);
    answer = again.ReadToEnd();
  }
  CHECK(answer.size() > 32 << 20);
}

TEST_CASE("a server listens on all its addresses", "[http_server]") {
  const auto server = StartServer({.listen_addresses = {"127.0.0.1:0", "127.0.0.1:0"}}, Echo);
  REQUIRE(server->addresses().size() == 2);
  CHECK(server->addresses()[0] != server->addresses()[1]);
  for (const std::string& address : server->addresses()) {
    RawConnection raw(address);
    raw.Send("GET /here HTTP/1.1\r\nConnection: close\r\n\r\n");
    CHECK(raw.ReadToEnd().ends_with("GET /here []"));
  }
}

TEST_CASE("Stop is bounded, whatever clients do, and may be called again", "[http_server]") {
  const auto server = StartServer({}, Body(std::string(64 << 20, 'x')));
  RawConnection idle(server->addresses().front());
  RawConnection amid_request(server->addresses().front());
  amid_request.Send("GET / HT");
  RawConnection not_reading(server->addresses().front());
  not_reading.Send("GET / HTTP/1.1\r\n\r\n");
  CHECK(not_reading.ReadUntil("\r\n\r\n").starts_with("HTTP/1.1 200 OK"));
  const auto start = std::chrono::steady_clock::now();
  server->Stop();
  server->Stop();
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(60));
  CHECK(idle.ReadToEnd().empty());
  CHECK(amid_request.ReadToEnd().empty());
}

TEST_CASE("Stop lets a response under way arrive", "[http_server]") {
  std::unique_ptr<HttpServer> server;
  std::atomic<bool> entered = false;
  std::atomic<bool> go_on = false;
  server = StartServer({}, [&](const HttpServerRequest& request) {
    entered = true;
    while (!go_on.load()) std::this_thread::yield();
    return Echo(request);
  });
  RawConnection raw(server->addresses().front());
  raw.Send("GET /last HTTP/1.1\r\n\r\n");
  while (!entered.load()) std::this_thread::yield();
  std::jthread stopper([&] { server->Stop(); });
  go_on = true;
  CHECK(raw.ReadToEnd().ends_with("GET /last []"));
}

TEST_CASE("a handler may stop its own server", "[http_server]") {
  std::unique_ptr<HttpServer> server;
  server = StartServer({}, [&server](const HttpServerRequest&) {
    server->Stop();
    return HttpServerResponse{.body = "bye"};
  });
  RawConnection raw(server->addresses().front());
  raw.Send("POST /quit HTTP/1.1\r\n\r\n");
  CHECK(raw.ReadToEnd().ends_with("bye"));
  server->Stop();
}

TEST_CASE("an address that cannot be listened on is an error that names it", "[http_server]") {
  const auto server = StartServer({}, Echo);
  const std::string used = server->addresses().front();
  for (const std::string& address :
       {used, std::string("nonsense"), std::string("1.2.3.4:99999"), std::string("999.1.1.1:0"),
        std::string("[::1]"), std::string("::1:80"), std::string("127.0.0.1:"),
        std::string("127.0.0.1:80x")}) {
    CAPTURE(address);
    const auto failed = HttpServer::Start({.listen_addresses = {address}}, Echo, Logger());
    REQUIRE_FALSE(failed.ok());
    CHECK(failed.error().message.find(address) != std::string::npos);
  }
}

TEST_CASE("IPv6 addresses and all addresses are listened on", "[http_server]") {
  const auto any = StartServer({.listen_addresses = {":0"}}, Echo);
  const std::string port = any->addresses().front().substr(any->addresses().front().rfind(':'));
  HttpLoop loop({});
  HttpRecorder over_ipv4;
  Run(loop, test::Get("http://127.0.0.1" + port + "/"), over_ipv4);
  CHECK(over_ipv4.body == "GET / []");

  auto loopback = HttpServer::Start({.listen_addresses = {"[::1]:0"}}, Echo, Logger());
  if (!loopback.ok()) return;  // a machine without IPv6
  CHECK((*loopback)->addresses().front().starts_with("[::1]:"));
  HttpRecorder over_ipv6;
  Run(loop, Request(**loopback, "/six"), over_ipv6);
  CHECK(over_ipv6.body == "GET /six []");
}

TEST_CASE("no bytes can stop the server", "[http_server]") {
  const uint64_t seed = std::random_device()();
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  const auto server = StartServer({.body_bytes_max = 100}, Echo);
  const std::string base =
      "POST /a?b=c HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\nhello";
  for (int round = 0; round < 300; ++round) {
    std::string bytes = base;
    for (uint64_t i = random() % 8; i > 0; --i) {
      bytes[random() % bytes.size()] = static_cast<char>(random());
    }
    bytes.resize(random() % (bytes.size() + 1));
    RawConnection raw(server->addresses().front());
    raw.Send(bytes);
    raw.SendEnd();
    if (round % 3 == 0) raw.ReadToEnd();
  }
  HttpLoop loop({});
  HttpRecorder recorder;
  Run(loop, Request(*server, "/alive"), recorder);
  CHECK(recorder.body == "GET /alive []");
}

TEST_CASE("Accept-Encoding is understood with its weights", "[http_server]") {
  const auto expect = [](std::string_view value, bool want) {
    CAPTURE(value);
    CHECK(internal::AcceptsGzip(value) == want);
  };
  expect("", false);
  expect("gzip", true);
  expect("GZip", true);
  expect("deflate, gzip;q=0.5, br", true);
  expect("gzip;q=0", false);
  expect("gzip; q=0.000", false);
  expect("gzip;q=0.001", true);
  expect("*", true);
  expect("*;q=0", false);
  expect("*, gzip;q=0", false);
  expect("identity", false);
  expect("x-gzip-not", false);
}

TEST_CASE("request targets are split and decoded", "[http_server]") {
  const auto path = [](std::string_view target) {
    const auto parsed = internal::ParseHttpTarget(target);
    return parsed.ok() ? parsed->path : "error: " + parsed.error().message;
  };
  CHECK(path("/") == "/");
  CHECK(path("/a/../b") == "/a/../b");
  CHECK(path("/a%2Fb%00") == std::string("/a/b\0", 5));
  CHECK(path("http://host/a?b") == "/a");
  CHECK(path("http://host") == "/");
  CHECK(path("/a#b?c") == "/a");
  CHECK(path("").starts_with("error: "));
  CHECK(path("*").starts_with("error: "));
  CHECK(path("/%").starts_with("error: "));
  CHECK(path("/%1").starts_with("error: "));
  CHECK(internal::ParseHttpTarget("/?&&a=b&")->query.size() == 1);
}

}  // namespace
}  // namespace sluice::agent
