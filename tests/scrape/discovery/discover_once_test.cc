#include "scrape/discovery/discover_once.h"

#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "group_sink.h"
#include "polling_fixture.h"

namespace sluice::scrape {
namespace {

using std::chrono::milliseconds;
using test::Addresses;
using test::Json;
using test::ScriptedHttpServer;
using test::ScriptedRequest;
using test::ScriptedResponse;

DiscoveryConfig Asking(const ScriptedHttpServer& server, const std::string& path) {
  HttpSdConfig config;
  config.url = server.Url(path);
  return {.identity = path, .mechanism = config};
}

TEST_CASE("each discovery gives its first set, in the order of the entries", "[discovery]") {
  ScriptedHttpServer server([](const ScriptedRequest& request) {
    return Json(request.target == "/1" ? R"([{"targets": ["a"]}])"
                                       : R"([{"targets": ["b", "c"]}])");
  });
  const SystemClock clock;
  const auto sets =
      DiscoverOnce({Asking(server, "/2"), Asking(server, "/1"), Asking(server, "/2")}, {}, clock);
  REQUIRE(sets.size() == 3);
  CHECK(Addresses(sets[0].groups) == std::vector<std::string>{"b", "c"});
  CHECK(Addresses(sets[1].groups) == std::vector<std::string>{"a"});
  CHECK(Addresses(sets[2].groups) == Addresses(sets[0].groups));
  CHECK(sets[0].complete);
  CHECK(sets[0].errors.empty());
  CHECK(server.request_count() == 2);  // equal ones are one
}

TEST_CASE("a discovery without an answer in time says why, and the others are not lost",
          "[discovery]") {
  ScriptedHttpServer server([](const ScriptedRequest& request) {
    if (request.target == "/good") return Json(R"([{"targets": ["a"]}, {"targets": [1]}])");
    ScriptedResponse refused;
    refused.status = 503;
    return refused;
  });
  const SystemClock clock;
  std::vector<FirstSet> sets;
  // However little a busy machine gets done in the time.
  for (milliseconds time{300}; time < std::chrono::minutes(1); time *= 10) {
    sets =
        DiscoverOnce({Asking(server, "/good"), Asking(server, "/bad")}, {.timeout = time}, clock);
    if (sets.at(0).complete && !sets.at(1).errors.empty()) break;
  }
  REQUIRE(sets.size() == 2);
  CHECK(sets[0].complete);
  CHECK(sets[0].warnings.size() == 1);
  CHECK(Addresses(sets[0].groups) == std::vector<std::string>{"a"});
  CHECK_FALSE(sets[1].complete);
  REQUIRE(sets[1].errors.size() == 1);
  CHECK(sets[1].errors[0].find("503") != std::string::npos);
}

}  // namespace
}  // namespace sluice::scrape
