#include "base/internal/plain_http.h"

#include <array>
#include <chrono>
#include <memory>
#include <netinet/in.h>
#include <string>
#include <string_view>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "base/http_loop.h"
#include "tests/base/http_recorder.h"
#include "tests/support/scripted_http_server.h"

using namespace sluice;
using namespace sluice::internal;
using namespace sluice::test;
using std::chrono::seconds;
using SteadyTime = PlainHttp::SteadyTime;

namespace {

// A client, and its clock.
struct Client {
  Client() { REQUIRE(epoll_fd >= 0); }

  ~Client() { close(epoll_fd); }

  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // A whole exchange at `now`.
  void Get(const ScriptedHttpServer& server) {
    auto request = std::make_shared<HttpRequest>();
    request->url = server.Url();
    HttpRecorder recorder;
    HttpTransfer transfer(++last_id, request, recorder, unpacking);
    REQUIRE(transfer.Prepare(now).ok());
    REQUIRE(http.Begin(transfer, "", now));
    std::vector<PlainHttp::Ended> ended;
    while (ended.empty()) {
      std::array<epoll_event, 8> events{};
      const int count = epoll_wait(epoll_fd, events.data(), events.size(), 10'000);
      REQUIRE(count > 0);
      for (int i = 0; i < count; ++i) {
        const epoll_event& event = events[static_cast<size_t>(i)];
        http.OnEvent(event.data.u64, event.events, now);
      }
      ended = http.TakeEnded();
    }
    REQUIRE(ended.size() == 1);
    CHECK(ended.front().code == CURLE_OK);
  }

  const int epoll_fd = epoll_create1(EPOLL_CLOEXEC);
  PlainHttp http{epoll_fd, 100};
  Unpacking unpacking;
  SteadyTime now{std::chrono::hours(1)};
  uint64_t last_id = 0;
};

// A server that does as it is told, in the thread of the test.
class Peer {
 public:
  Peer() {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    REQUIRE(bind(listener_, reinterpret_cast<sockaddr*>(&address), size) == 0);
    REQUIRE(listen(listener_, 1) == 0);
    REQUIRE(getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) == 0);
    url_ = "http://127.0.0.1:" + std::to_string(ntohs(address.sin_port)) + "/";
  }

  ~Peer() {
    HangUp();
    close(listener_);
  }

  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;

  const std::string& url() const { return url_; }

  // A client that does not come is a failure, not to be waited for.
  void Accept() {
    const timeval patience{.tv_sec = 10, .tv_usec = 0};
    setsockopt(listener_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    connection_ = accept(listener_, nullptr, nullptr);
    REQUIRE(connection_ >= 0);
  }

  void ReadRequest() {
    std::string request;
    std::array<char, 1024> piece;
    while (!request.ends_with("\r\n\r\n")) {
      const ssize_t got = recv(connection_, piece.data(), piece.size(), 0);
      REQUIRE(got > 0);
      request.append(piece.data(), static_cast<size_t>(got));
    }
  }

  void Say(std::string_view text) {
    REQUIRE(send(connection_, text.data(), text.size(), MSG_NOSIGNAL) ==
            static_cast<ssize_t>(text.size()));
  }

  void HangUp() {
    if (connection_ >= 0) close(connection_);
    connection_ = -1;
  }

 private:
  const int listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  int connection_ = -1;
  std::string url_;
};

}  // namespace

TEST_CASE("what a peer says on a connection that is idle answers no later request", "[http]") {
  Peer peer;
  HttpLoop loop({.lean = true});
  HttpRecorder first;
  loop.Start(Get(peer.url()), first);
  loop.Poll(std::chrono::milliseconds(0));
  peer.Accept();
  peer.ReadRequest();
  peer.Say("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx");
  REQUIRE(PollUntil(loop, [&] { return first.done(); }));
  peer.Say("HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n");
  peer.HangUp();
  HttpRecorder second;
  loop.Start(Get(peer.url()), second);
  loop.Poll(std::chrono::milliseconds(0));
  peer.Accept();
  peer.ReadRequest();
  peer.Say("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\ny");
  REQUIRE(PollUntil(loop, [&] { return second.done(); }));
  CHECK(second.Message() == "ok");
  CHECK(second.head.status == 200);
  CHECK(second.body == "y");
  CHECK_FALSE(second.outcome->connection_reused);
}

TEST_CASE("a connection that nobody uses for ten minutes is closed", "[http]") {
  ScriptedHttpServer used(Always({.body = "x"}));
  ScriptedHttpServer left(Always({.body = "x"}));
  Client client;
  client.Get(left);
  client.Get(used);
  client.now += seconds(300);
  client.Get(used);
  client.http.Advance(client.now);
  CHECK(client.http.idle_count() == 2);
  client.now += seconds(300);
  client.http.Advance(client.now);
  CHECK(client.http.idle_count() == 2);
  client.now += seconds(1);
  client.http.Advance(client.now);
  CHECK(client.http.idle_count() == 1);
  client.Get(used);
  CHECK(used.connection_count() == 1);
  CHECK(left.connection_count() == 1);
  client.Get(left);
  CHECK(left.connection_count() == 2);
  CHECK(client.http.idle_count() == 2);
}
