#include "base/internal/plain_http.h"

#include <array>
#include <chrono>
#include <memory>
#include <string>
#include <sys/epoll.h>
#include <unistd.h>

#include <catch2/catch.hpp>

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

}  // namespace

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
