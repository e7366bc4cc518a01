#include <random>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "polling_fixture.h"
#include "scrape/discovery/http/http_sd_plan.h"
#include "scrape/discovery/http_refresher.h"

namespace sluice::scrape {
namespace {

using std::chrono::milliseconds;
using test::Addresses;
using test::Fault;
using test::Json;
using test::PollingFixture;
using test::ScriptedRequest;
using test::ScriptedResponse;

HttpAnswer Answer(std::string body, int status = 200, std::string type = "application/json") {
  HttpAnswer answer;
  answer.head.status = status;
  answer.head.content_type = std::move(type);
  answer.body = std::move(body);
  answer.url = "http://h/sd";
  return answer;
}

Result<HttpStep> Next(const HttpAnswer& answer) {
  HttpSdConfig config;
  config.url = "http://user:pass@h/sd";
  HttpSdPlan plan(config);
  REQUIRE(plan.Begin().ok());
  return plan.Next({answer});
}

Refreshed Read(const std::string& body) {
  Result<HttpStep> step = Next(Answer(body));
  REQUIRE(step.ok());
  REQUIRE(std::holds_alternative<Refreshed>(*step));
  return std::get<Refreshed>(*step);
}

TEST_CASE("groups of an HTTP server get the URL as a label and the index as a source",
          "[http_sd]") {
  const Refreshed refreshed = Read(
      R"([{"targets": ["a:1", "b"], "labels": {"x": "y", "__meta_url": "mine", "e": ""}},
          {"targets": ["c"]}, {"labels": {"only": "labels"}}, {}])");
  CHECK(refreshed.bad_entries.empty());
  REQUIRE(refreshed.groups.size() == 4);
  CHECK(refreshed.groups[0].source == "http://h/sd:0");
  CHECK(refreshed.groups[0].targets ==
        std::vector<relabel::Labels>{{{"__address__", "a:1"}}, {{"__address__", "b"}}});
  CHECK(refreshed.groups[0].labels ==
        relabel::Labels{{"__meta_url", "http://user:pass@h/sd"}, {"x", "y"}});
  CHECK(refreshed.groups[1].source == "http://h/sd:1");
  CHECK(refreshed.groups[1].labels == relabel::Labels{{"__meta_url", "http://user:pass@h/sd"}});
  CHECK(refreshed.groups[2].targets.empty());
  CHECK(refreshed.groups[3].targets.empty());
}

TEST_CASE("a bad group is left out and the others are kept", "[http_sd]") {
  for (const auto& [bad, reason] : std::vector<std::pair<std::string, std::string>>{
           {"null", "nil target group item found"},
           {"5", "expected an object, got 5"},
           {R"({"targets": "a"})", "expected a list, got \"a\""},
           {R"({"targets": [5]})", "expected a string, got 5"},
           {R"({"targets": ["a"], "label": {}})", "unknown field \"label\""},
           {R"({"targets": ["a"], "labels": {"x": 5}})", "expected a string, got 5"},
           {R"({"targets": ["a"], "labels": {"": "x"}})", "\"\" is not a valid label name"},
           {R"({"targets": ["a"], "labels": []})", "expected an object, got []"},
       }) {
    CAPTURE(bad);
    const Refreshed refreshed = Read("[{\"targets\": [\"good\"]}, " + bad + ", {}]");
    CHECK(refreshed.bad_entries == std::vector<std::string>{"http://h/sd:1: " + reason});
    CHECK(Addresses(refreshed.groups) == std::vector<std::string>{"good"});
    CHECK(refreshed.groups.back().source == "http://h/sd:2");
  }
}

TEST_CASE("an answer that is no list of groups is a failure", "[http_sd]") {
  const auto message = [](const HttpAnswer& answer) {
    const Result<HttpStep> step = Next(answer);
    return step.ok() ? "" : step.error().message;
  };
  CHECK(message(Answer("{}")) == "http://h/sd: expected a list, got {}");
  CHECK_THAT(message(Answer("[{]")), Catch::StartsWith("http://h/sd: not valid JSON"));
  CHECK_THAT(message(Answer("")), Catch::StartsWith("http://h/sd: not valid JSON"));
  CHECK(message(Answer("[]", 404)) == "http://h/sd: server returned HTTP status 404");
  CHECK_THAT(message(Answer("[]", 204)), Catch::Contains("204"));
  CHECK(message(Answer("[]", 200, "text/html")) ==
        "http://h/sd: unsupported content type \"text/html\"");
  CHECK(Read("null").groups.empty());
}

TEST_CASE("the content type is JSON in UTF-8, in any case", "[http_sd]") {
  for (const char* type : {"application/json", "Application/JSON", " application/json ",
                           "application/json;charset=utf-8", "application/json; charset=UTF-8",
                           "application/json;  charset=\"utf-8\""}) {
    CAPTURE(type);
    CHECK(IsJsonContentType(type));
  }
  for (const char* type :
       {"", "text/plain", "application/json2", "application/json; charset=latin1",
        "application/json;", "application/json ; charset=utf-8",
        "application/json; charset=utf-8; x=y", "xapplication/json"}) {
    CAPTURE(type);
    CHECK_FALSE(IsJsonContentType(type));
  }
}

TEST_CASE("no bytes can break the reading of groups", "[http_sd]") {
  const uint64_t seed = std::random_device()();
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  const std::string base = R"([{"targets": ["a:1", "b"], "labels": {"x": "y"}}, null, {"t": 1}])";
  constexpr std::string_view kMarks = "[]{}:,\"\\0n ";
  for (int round = 0; round < 3000; ++round) {
    std::string text = base.substr(0, random() % (base.size() + 1));
    for (uint64_t i = random() % 4; i > 0 && !text.empty(); --i) {
      text[random() % text.size()] = kMarks[random() % kMarks.size()];
    }
    static_cast<void>(Next(Answer(text)).ok());
  }
}

HttpSdConfig ConfigFor(const PollingFixture& fixture, milliseconds interval) {
  HttpSdConfig config;
  config.url = fixture.server.Url("/sd?x=1");
  config.refresh_interval = interval;
  return config;
}

TEST_CASE_METHOD(PollingFixture, "a server is asked as Prometheus asks, and again in time",
                 "[http_sd]") {
  server.SetScript([](const ScriptedRequest&) { return Json(R"([{"targets": ["a"]}])"); });
  Start(ConfigFor(*this, milliseconds(90'500)));
  REQUIRE(sink.WaitFor({"a"}));
  const ScriptedRequest request = server.requests().at(0);
  CHECK(request.method == "GET");
  CHECK(request.target == "/sd?x=1");
  CHECK(request.headers.at("accept") == "application/json");
  CHECK(request.headers.at("user-agent") == "sluice/test");
  CHECK(request.headers.at("x-prometheus-refresh-interval-seconds") == "90.5");

  server.SetScript([](const ScriptedRequest&) { return Json(R"([{"targets": ["b"]}])"); });
  clock.Advance(milliseconds(80'000));
  CHECK_FALSE(server.WaitForRequests(2, milliseconds(30)));
  clock.Advance(milliseconds(10'500));
  REQUIRE(sink.WaitFor({"b"}));
  CHECK(server.request_count() == 2);
  CHECK(
      Exposed("sluice_discovery_last_success_timestamp_seconds{config=\"j\",mechanism=\"http\"}") !=
      "absent");
}

TEST_CASE_METHOD(PollingFixture, "whatever fails, the last targets stay, and it is tried again",
                 "[http_sd]") {
  ScriptedResponse bad = Json(R"([{"targets": ["bad"]}])");
  SECTION("an error") { bad.status = 500; }
  SECTION("no JSON") { bad.body = "<html>"; }
  SECTION("another type") { bad.headers = {{"Content-Type", "text/html"}}; }
  SECTION("no answer") { bad.fault = Fault::kClose; }
  SECTION("half an answer") { bad.fault = Fault::kCloseMidBody; }
  SECTION("nothing that may be read") { bad.status = 401; }
  server.SetScript([](const ScriptedRequest&) { return Json(R"([{"targets": ["a"]}])"); });
  Start(ConfigFor(*this, milliseconds(60'000)));
  REQUIRE(sink.WaitFor({"a"}));
  server.SetScript([bad](const ScriptedRequest&) { return bad; });
  const std::string failures =
      "prometheus_sd_refresh_failures_total{config=\"j\",mechanism=\"http\"}";
  CHECK(Exposed(failures) == "0");
  clock.Advance(milliseconds(60'000));
  REQUIRE(WaitForExposed(failures, "1"));
  CHECK(Exposed("prometheus_sd_http_failures_total") == "1");
  CHECK(sink.calls() == 1);
  // Sooner than in an interval.
  clock.Advance(milliseconds(1000));
  REQUIRE(WaitForExposed(failures, "2"));
  server.SetScript([](const ScriptedRequest&) { return Json("[]"); });
  clock.Advance(milliseconds(2000));
  REQUIRE(sink.WaitFor({}));
  CHECK(sink.calls() == 2);
}

TEST_CASE_METHOD(PollingFixture, "an answer that is too large is a failure", "[http_sd]") {
  server.SetScript([](const ScriptedRequest&) {
    return Json("[" + std::string(HttpRefresher::kAnswerBytesMax, ' ') + "]");
  });
  Start(ConfigFor(*this, milliseconds(60'000)));
  REQUIRE(WaitForExposed("prometheus_sd_http_failures_total", "1"));
  CHECK(sink.calls() == 0);
}

TEST_CASE_METHOD(PollingFixture, "bad groups are counted", "[http_sd]") {
  server.SetScript([](const ScriptedRequest&) { return Json(R"([null, {"targets": ["a"]}])"); });
  Start(ConfigFor(*this, milliseconds(60'000)));
  REQUIRE(sink.WaitFor({"a"}));
  CHECK(Exposed("sluice_discovery_bad_entries_total{config=\"j\",mechanism=\"http\"}") == "1");
}

TEST_CASE_METHOD(PollingFixture, "a discovery that waits for an answer stops at once",
                 "[http_sd]") {
  server.SetScript([](const ScriptedRequest&) {
    ScriptedResponse response = Json("[]");
    response.fault = Fault::kHang;
    return response;
  });
  Start(ConfigFor(*this, milliseconds(600'000)));
  REQUIRE(server.WaitForRequests(1));
  discovery.reset();
  server.ReleaseHanging();
  CHECK(sink.calls() == 0);
}

}  // namespace
}  // namespace sluice::scrape
