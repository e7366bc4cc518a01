// A mechanism that asks a scripted server, on the real loop, with a clock that tests move.
#pragma once

#include <memory>
#include <string>

#include "group_sink.h"
#include "scrape/discovery/discovery.h"
#include "tests/support/fake_clock.h"
#include "tests/support/scripted_http_server.h"

namespace sluice::test {

inline ScriptedResponse Json(std::string body) {
  ScriptedResponse response;
  response.headers = {{"Content-Type", "application/json"}};
  response.body = std::move(body);
  return response;
}

struct PollingFixture {
  PollingFixture()
      : server([](const ScriptedRequest&) { return Json("[]"); }),
        loop({.http = {.user_agent = "sluice/test"}, .poll_max = std::chrono::milliseconds(2)},
             clock) {}

  template <class Config>
  void Start(const Config& config) {
    discovery = scrape::MakeDiscovery(
        {.identity = "test", .mechanism = config}, sink.Callback(),
        {.logger = Logger(), .telemetry = telemetry, .loop = loop, .config = "j", .seed = 1});
  }

  // The value of an exposed series, as text.
  std::string Exposed(const std::string& series) {
    const std::string text = telemetry.ExposeText();
    const size_t at = text.find("\n" + series + " ");
    if (at == std::string::npos) return "absent";
    const size_t from = at + series.size() + 2;
    return text.substr(from, text.find('\n', from) - from);
  }

  // Whether it has this value before the deadline.
  bool WaitForExposed(const std::string& series, const std::string& value) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    Mutex mu;
    CondVar never;
    while (Exposed(series) != value) {
      if (std::chrono::steady_clock::now() > end) return false;
      const MutexLock lock(mu);
      never.WaitFor(mu, std::chrono::milliseconds(1));
    }
    return true;
  }

  FakeClock clock;
  Telemetry telemetry;
  GroupSink sink;
  ScriptedHttpServer server;
  scrape::DiscoveryLoop loop;
  std::unique_ptr<scrape::Discovery> discovery;
};

}  // namespace sluice::test
