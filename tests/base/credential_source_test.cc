#include "base/internal/credential_source.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "base/internal/aws_flow.h"
#include "tests/base/http_recorder.h"
#include "tests/support/scripted_http_server.h"

namespace sluice {
namespace {

using internal::Credentials;
using internal::CredentialSource;
using internal::FlowAnswer;
using internal::FlowStep;
using internal::FlowTime;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;
using test::Get;
using test::HttpRecorder;
using test::PollUntil;
using test::ScriptedHttpServer;
using test::ScriptedRequest;
using test::ScriptedResponse;

// One question; what comes back is the header, good as long as the test says.
class OneQuestion final : public internal::CredentialFlow {
 public:
  struct Life {
    seconds refresh_in;
    seconds good_for;
  };

  explicit OneQuestion(const Life& life) : life_(life) {}

  Result<FlowStep> Begin(const ResolvedHttpClient& /*client*/, const FlowTime& /*time*/) override {
    return FlowStep(HttpRequest{});
  }

  Result<FlowStep> Next(const FlowAnswer& answer, const FlowTime& time) override {
    if (!answer.status.ok()) return answer.status.error();
    return FlowStep(Credentials{.authorization = answer.body,
                                .refresh_at = time.now + life_.refresh_in,
                                .good_until = time.now + life_.good_for});
  }

  std::string_view failure() const override { return "no"; }

 private:
  const Life& life_;
};

// A source whose requests the test answers itself.
struct Bench {
  OneQuestion::Life life{.refresh_in = hours(1), .good_for = hours(2)};
  std::vector<HttpHandler*> asked = {};
  std::vector<std::pair<std::vector<uint64_t>, std::string>> settled = {};
  CredentialSource source{
      std::make_unique<OneQuestion>(life),
      [this](HttpRequest /*request*/, HttpHandler& handler) { asked.push_back(&handler); },
      [this](const auto& waiters, const auto& got) {
        settled.emplace_back(waiters, got.ok() ? (*got)->authorization : got.error().message);
      }};
  ResolvedHttpClient client = {};

  void Answer(const std::string& body) {
    HttpHandler& handler = *std::exchange(asked, {}).at(0);
    handler.OnHead(
        {.status = 200, .reason = {}, .content_type = {}, .retry_after = {}, .headers = {}});
    handler.OnBody(body);
    handler.OnDone({.status = {}, .http_status = 200});
  }

  void Fail() {
    std::exchange(asked, {}).at(0)->OnDone({.status = Error{ErrorCode::kTimeout, "timeout"}});
  }

  std::string Current(seconds later) const {
    const auto credentials = source.Current(steady_clock::now() + later);
    return credentials == nullptr ? "none" : credentials->authorization;
  }
};

TEST_CASE("credentials are replaced while they are still good", "[http]") {
  Bench bench;
  bench.source.Wait(7, bench.client);
  bench.source.Wait(8, bench.client);
  REQUIRE(bench.asked.size() == 1);
  bench.Answer("first");
  CHECK(bench.settled.back() == std::pair(std::vector<uint64_t>{7, 8}, std::string("first")));
  bench.source.RefreshIfDue(bench.client, steady_clock::now() + seconds(3000));
  CHECK(bench.asked.empty());
  bench.source.RefreshIfDue(bench.client, steady_clock::now() + seconds(3601));
  bench.source.RefreshIfDue(bench.client, steady_clock::now() + seconds(3601));
  REQUIRE(bench.asked.size() == 1);
  CHECK(bench.Current(seconds(3601)) == "first");
  bench.Answer("second");
  CHECK(bench.settled.back().first.empty());
  CHECK(bench.Current(seconds(3601)) == "second");
  CHECK(bench.Current(hours(3)) == "none");
}

TEST_CASE("credentials that cannot be replaced are used as long as they are good", "[http]") {
  Bench bench;
  bench.source.Wait(7, bench.client);
  bench.Answer("first");
  bench.source.RefreshIfDue(bench.client, steady_clock::now() + seconds(3601));
  bench.Fail();
  CHECK(bench.Current(seconds(3601)) == "first");
  // Not at once again.
  bench.source.RefreshIfDue(bench.client, steady_clock::now() + seconds(1));
  CHECK(bench.asked.empty());
  bench.source.RefreshIfDue(bench.client, steady_clock::now() + seconds(20));
  CHECK(bench.asked.size() == 1);
}

TEST_CASE("credentials that cannot be had fail those that wait for them, and no other", "[http]") {
  Bench bench;
  bench.source.Wait(7, bench.client);
  bench.Fail();
  CHECK(bench.settled.back() == std::pair(std::vector<uint64_t>{7}, std::string("no: timeout")));
  bench.source.Wait(8, bench.client);
  bench.Answer("x");
  CHECK(bench.settled.back() == std::pair(std::vector<uint64_t>{8}, std::string("x")));
}

TEST_CASE("keys for AWS that expire are replaced minutes before, the others never", "[aws]") {
  const FlowTime time{.now = steady_clock::time_point(hours(1)), .wall_ms = 1'767'323'045'000};
  const auto find = [&](const std::string& expiration) {
    internal::AwsFlow flow({.service = "aps"},
                           {{"AWS_REGION", "r"}, {"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/"}});
    REQUIRE(flow.Begin({}, time).ok());
    const std::string body = R"({"AccessKeyId":"a","SecretAccessKey":"s")" + expiration + "}";
    Result<FlowStep> step = flow.Next({.status = {}, .http_status = 200, .body = body}, time);
    REQUIRE(step.ok());
    return std::get<Credentials>(*step);
  };
  const Credentials hour = find(R"(,"Expiration":"2026-01-02T04:04:05Z")");
  CHECK(hour.refresh_at == time.now + std::chrono::minutes(55));
  CHECK(hour.good_until == time.now + hours(1) - seconds(10));
  CHECK(hour.aws_signature->service == "aps");
  const Credentials minute = find(R"(,"Expiration":"2026-01-02T03:05:05Z")");
  CHECK(minute.refresh_at == time.now + seconds(45));
  const Credentials lasting = find("");
  CHECK_FALSE(lasting.refresh_at.has_value());
  CHECK_FALSE(lasting.good_until.has_value());
}

std::shared_ptr<const HttpClient> AwsClient() {
  HttpClientConfig config;
  config.aws = AwsConfig{.region = "eu-west-1",
                         .access_key = "AKID",
                         .secret_key = Secret("s3cret"),
                         .service = "aps"};
  return std::make_shared<const HttpClient>(config, ProxyEnvironment{});
}

std::string Post(HttpLoop& loop, const ScriptedHttpServer& server,
                 const std::shared_ptr<const HttpClient>& client) {
  HttpRecorder recorder;
  HttpRequest request = Get(server.Url("/api/v1/remote_write"));
  request.method = "POST";
  request.headers = {{"Content-Type", "application/x-protobuf"}, {"Content-Encoding", "snappy"}};
  request.body = std::make_shared<const std::string>("body");
  request.client = client;
  loop.Start(std::move(request), recorder);
  REQUIRE(PollUntil(loop, [&] { return recorder.done(); }));
  return recorder.Message();
}

TEST_CASE("every request of a client for AWS is signed", "[aws]") {
  ScriptedHttpServer server(test::Always({.body = "x"}));
  HttpLoop loop({});
  const auto client = AwsClient();
  CHECK(Post(loop, server, client) == "ok");
  CHECK(Post(loop, server, client) == "ok");
  REQUIRE(server.request_count() == 2);
  for (const ScriptedRequest& sent : server.requests()) {
    CHECK_THAT(sent.headers.at("authorization"),
               Catch::StartsWith("AWS4-HMAC-SHA256 Credential=AKID/") &&
                   Catch::Contains("/eu-west-1/aps/aws4_request, SignedHeaders=") &&
                   Catch::Contains("content-encoding;content-type;host;x-amz-date"));
    CHECK(sent.body == "body");
  }
}

TEST_CASE("AWS is asked once more when it refuses keys that it had taken before", "[aws]") {
  ScriptedHttpServer server(test::Always({.status = 403, .body = "ExpiredToken"}));
  HttpLoop loop({});
  const auto client = AwsClient();
  CHECK(Post(loop, server, client) == "ok");
  CHECK(server.request_count() == 1);
  server.SetScript(test::Always({.body = "x"}));
  CHECK(Post(loop, server, client) == "ok");
  server.SetScript(test::Always({.status = 403, .body = "ExpiredToken"}));
  CHECK(Post(loop, server, client) == "ok");
  CHECK(server.request_count() == 4);
  CHECK(Post(loop, server, client) == "ok");
  CHECK(server.request_count() == 5);
}

TEST_CASE("a request whose keys for AWS cannot be had fails at once, by name", "[aws]") {
  ScriptedHttpServer server(test::Always({.body = "x"}));
  HttpLoop loop({});
  HttpClientConfig config;
  config.aws = AwsConfig{.region = "No/Region", .service = "aps"};
  CHECK(Post(loop, server, std::make_shared<const HttpClient>(config, ProxyEnvironment{})) ==
        "could not get SigV4 credentials: not an AWS region: No/Region");
  CHECK(server.request_count() == 0);
}

}  // namespace
}  // namespace sluice
