#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "base/http_loop.h"
#include "base/internal/oauth2_token.h"
#include "tests/base/http_recorder.h"
#include "tests/support/scripted_http_server.h"

namespace sluice {
namespace {

using std::chrono::seconds;
using test::Fault;
using test::Get;
using test::HttpRecorder;
using test::PollUntil;
using test::ScriptedHttpServer;
using test::ScriptedRequest;
using test::ScriptedResponse;

// Answers token requests with numbered tokens, and says what it got under anything else.
class Servers {
 public:
  Servers()
      : tokens_([this](const ScriptedRequest&) -> ScriptedResponse {
          ++fetches;
          return {.body = "{\"access_token\":\"t" + std::to_string(fetches) +
                          "\",\"token_type\":\"bearer\",\"expires_in\":" + expires_in + "}"};
        }),
        resource_([](const ScriptedRequest& request) -> ScriptedResponse {
          return {.body = request.headers.at("authorization")};
        }) {}

  std::shared_ptr<const HttpClient> Client(OAuth2Config oauth2 = {}) const {
    HttpClientConfig config;
    config.oauth2 = std::move(oauth2);
    config.oauth2->client_id = "id x";
    config.oauth2->client_secret = Secret("hunter2&");
    config.oauth2->token_url = tokens_.Url("/token");
    return std::make_shared<const HttpClient>(config, ProxyEnvironment{});
  }

  ScriptedHttpServer& tokens() { return tokens_; }

  ScriptedHttpServer& resource() { return resource_; }

  std::atomic<int> fetches = 0;
  std::string expires_in = "3600";

 private:
  ScriptedHttpServer tokens_;
  ScriptedHttpServer resource_;
};

void Start(HttpLoop& loop, Servers& servers, const std::shared_ptr<const HttpClient>& client,
           HttpRecorder& recorder) {
  HttpRequest request = Get(servers.resource().Url());
  request.client = client;
  loop.Start(std::move(request), recorder);
}

std::string BodyOf(HttpLoop& loop, Servers& servers,
                   const std::shared_ptr<const HttpClient>& client) {
  HttpRecorder recorder;
  Start(loop, servers, client, recorder);
  REQUIRE(PollUntil(loop, [&] { return recorder.done(); }));
  CHECK(loop.active() == 0);
  return recorder.Message() == "ok" ? recorder.body : recorder.Message();
}

TEST_CASE("an OAuth2 token is fetched before the first request and kept", "[http]") {
  Servers servers;
  HttpLoop loop({});
  OAuth2Config oauth2;
  oauth2.scopes = {"a", "b c"};
  oauth2.endpoint_params = {{"audience", "x=y"}};
  const auto client = servers.Client(oauth2);
  CHECK(BodyOf(loop, servers, client) == "Bearer t1");
  CHECK(BodyOf(loop, servers, client) == "Bearer t1");
  REQUIRE(servers.tokens().request_count() == 1);
  const ScriptedRequest got = servers.tokens().requests().at(0);
  CHECK(got.method == "POST");
  CHECK(got.headers.at("content-type") == "application/x-www-form-urlencoded");
  CHECK(got.body == "grant_type=client_credentials&scope=a+b+c&audience=x%3Dy");
  // "id+x:hunter2%26"
  CHECK(got.headers.at("authorization") == "Basic aWQreDpodW50ZXIyJTI2");
}

TEST_CASE("requests that start together wait for one token", "[http]") {
  Servers servers;
  HttpLoop loop({});
  const auto client = servers.Client();
  std::vector<std::unique_ptr<HttpRecorder>> recorders;
  for (int i = 0; i < 20; ++i) {
    recorders.push_back(std::make_unique<HttpRecorder>());
    Start(loop, servers, client, *recorders.back());
  }
  for (const auto& recorder : recorders) {
    REQUIRE(PollUntil(loop, [&] { return recorder->done(); }));
    CHECK(recorder->body == "Bearer t1");
  }
  CHECK(servers.fetches == 1);
}

TEST_CASE("a token that is about to expire is fetched again", "[http]") {
  Servers servers;
  servers.expires_in = "5";  // less than the margin
  HttpLoop loop({});
  const auto client = servers.Client();
  CHECK(BodyOf(loop, servers, client) == "Bearer t1");
  CHECK(BodyOf(loop, servers, client) == "Bearer t2");
}

TEST_CASE("a token that was refused after it worked is fetched again, once", "[http]") {
  Servers servers;
  HttpLoop loop({});
  const auto client = servers.Client();
  CHECK(BodyOf(loop, servers, client) == "Bearer t1");
  servers.resource().SetScript([](const ScriptedRequest& request) -> ScriptedResponse {
    if (request.headers.at("authorization") == "Bearer t1") return {.status = 401, .body = "old"};
    return {.body = request.headers.at("authorization")};
  });
  CHECK(BodyOf(loop, servers, client) == "Bearer t2");
  servers.resource().SetScript(test::Always({.status = 401, .body = "never"}));
  CHECK(BodyOf(loop, servers, client) == "never");
  CHECK(servers.fetches == 3);
  // A token that never worked is not worth another.
  CHECK(BodyOf(loop, servers, client) == "never");
  CHECK(servers.fetches == 3);
}

TEST_CASE("a failed fetch fails those that wait, in words without secrets", "[http]") {
  Servers servers;
  HttpLoop loop({});
  const auto client = servers.Client();
  servers.tokens().SetScript(test::Always(
      {.status = 401, .body = R"({"error":"invalid_client","error_description":"who are you"})"}));
  CHECK(BodyOf(loop, servers, client) ==
        "oauth2: cannot fetch token: the token endpoint answered with status 401: invalid_client: "
        "who are you");
  CHECK(servers.resource().request_count() == 0);
  servers.tokens().SetScript(test::Always({.body = "<html>"}));
  CHECK(BodyOf(loop, servers, client) ==
        "oauth2: cannot fetch token: the answer of the token endpoint is not a JSON object");
  servers.tokens().GoDown();
  CHECK_THAT(BodyOf(loop, servers, client),
             Catch::StartsWith("oauth2: cannot fetch token: connect: "));
  servers.tokens().ComeUp();
  servers.tokens().SetScript(test::Always({.body = R"({"access_token": "back"})"}));
  CHECK(BodyOf(loop, servers, client) == "Bearer back");
}

TEST_CASE("a token endpoint that wants the secret in the body gets it there", "[http]") {
  Servers servers;
  HttpLoop loop({});
  const auto client = servers.Client();
  servers.tokens().SetScript([](const ScriptedRequest& request) -> ScriptedResponse {
    if (request.headers.count("authorization") != 0) return {.status = 400, .body = "{}"};
    return {.body = R"({"access_token": "b", "token_type": "Bearer", "expires_in": "1"})"};
  });
  CHECK(BodyOf(loop, servers, client) == "Bearer b");
  CHECK(BodyOf(loop, servers, client) == "Bearer b");
  REQUIRE(servers.tokens().request_count() == 3);
  CHECK(servers.tokens().requests().at(2).body ==
        "grant_type=client_credentials&client_id=id+x&client_secret=hunter2%26");
}

TEST_CASE("a request waits for a token no longer than its timeout", "[http]") {
  Servers servers;
  HttpLoop loop({});
  servers.tokens().SetScript(test::Always({.fault = Fault::kHang}));
  HttpRecorder recorder;
  HttpRequest request = Get(servers.resource().Url());
  request.client = servers.Client();
  request.timeout = std::chrono::milliseconds(50);
  loop.Start(std::move(request), recorder);
  REQUIRE(PollUntil(loop, [&] { return recorder.done(); }));
  CHECK(recorder.Code() == ErrorCode::kTimeout);
}

TEST_CASE("a request that waits for a token can be cancelled", "[http]") {
  Servers servers;
  auto loop = std::make_unique<HttpLoop>(HttpLoopOptions{});
  const auto client = servers.Client();
  servers.tokens().SetScript(
      test::Always({.body = R"({"access_token":"t"})", .fault = Fault::kHang}));
  HttpRecorder cancelled;
  HttpRequest request = Get(servers.resource().Url());
  request.client = client;
  const auto id = loop->Start(request, cancelled);
  REQUIRE(PollUntil(*loop, [&] { return servers.tokens().request_count() == 1; }));
  HttpRecorder other;
  loop->Start(request, other);
  loop->Poll(std::chrono::milliseconds(0));
  loop->Cancel(id);
  servers.tokens().ReleaseHanging();
  REQUIRE(PollUntil(*loop, [&] { return other.done(); }));
  CHECK(other.body == "Bearer t");
  CHECK_FALSE(cancelled.done());
  // And the loop may go while one waits.
  servers.tokens().SetScript(test::Always({.fault = Fault::kHang}));
  HttpRequest last = request;
  last.client = servers.Client();
  loop->Start(std::move(last), cancelled);
  loop->Poll(std::chrono::milliseconds(0));
  loop.reset();
  CHECK_FALSE(cancelled.done());
}

TEST_CASE("answers of token endpoints are read with care", "[http]") {
  const std::chrono::steady_clock::time_point now{seconds(1000)};
  const auto parse = [&](const std::string& body) {
    return internal::ParseOAuth2Answer(200, body, now);
  };
  const auto token = parse("{\n\t\"access_token\": \"a\\/b\",\n\t\"expires_in\": 60.5}");
  REQUIRE(token.ok());
  CHECK(token->authorization == "Bearer a/b");
  CHECK(token->good_until == now + seconds(50));
  CHECK(parse(R"({"access_token":"a","token_type":"MAC"})")->authorization == "MAC a");
  CHECK_FALSE(parse(R"({"access_token":"a"})")->good_until.has_value());
  CHECK_FALSE(parse(R"({"access_token":"a","expires_in":1e300})")->good_until.has_value());
  CHECK_FALSE(parse(R"({"access_token":"a","expires_in":-5})")->good_until.has_value());
  for (const auto* body : {"", "{}", "[]", "{\"access_token\":{}}", "{\"access_token\":\"\"}",
                           "{\"access_token\":\"a\\r\\nb\"}", "{\"access_token", "\xff\xfe"}) {
    CAPTURE(body);
    CHECK_FALSE(parse(body).ok());
  }
}

}  // namespace
}  // namespace sluice
