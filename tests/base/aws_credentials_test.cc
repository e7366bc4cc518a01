#include "base/aws_credentials.h"

#include <fstream>
#include <functional>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "base/utc_time.h"
#include "tests/support/temp_dir.h"

namespace sluice {
namespace {

using Answer = AwsCredentialSearch::Answer;
using Goal = AwsCredentialSearch::Goal;
using Catch::Contains;

constexpr TimestampMs kNow = 1'700'000'000'000;

std::string Keys(const std::string& name) {
  return R"({"Code":"Success","AccessKeyId":")" + name + R"(","SecretAccessKey":"s-)" + name +
         R"(","Token":"t-)" + name + R"(","Expiration":"2026-01-02T03:04:05Z"})";
}

std::string StsAnswer(const std::string& action, const std::string& name) {
  return "<" + action + "Response xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><" + action +
         "Result><Credentials><AccessKeyId>" + name + "</AccessKeyId><SecretAccessKey>s-" + name +
         "</SecretAccessKey><SessionToken>t-" + name +
         "</SessionToken><Expiration>2026-01-02T03:04:05Z</Expiration></Credentials></" + action +
         "Result></" + action + "Response>";
}

Answer Ok(std::string body) { return {.status = {}, .http_status = 200, .body = std::move(body)}; }

Answer Says(int status, std::string body = "") {
  return {.status = {}, .http_status = status, .body = std::move(body)};
}

std::string HeaderOf(const HttpRequest& request, const std::string& name) {
  for (const auto& [key, value] : request.headers) {
    if (key == name) return value;
  }
  return "(none)";
}

std::string BodyOf(const HttpRequest& request) {
  return request.body == nullptr ? "" : *request.body;
}

// A search, its answers as a function of the request, and what was asked.
struct Search {
  std::function<Answer(const HttpRequest&)> answer;
  std::vector<HttpRequest> asked = {};

  Result<AwsCredentials> Run(const AwsConfig& config, Environment environment,
                             Goal goal = Goal::kCredentials) {
    AwsCredentialSearch search(config, std::move(environment), goal);
    Result<AwsCredentialSearch::Step> step = search.Begin(kNow);
    while (step.ok() && std::holds_alternative<HttpRequest>(*step)) {
      REQUIRE(asked.size() < 20);
      asked.push_back(std::get<HttpRequest>(*step));
      step = search.Next(answer(asked.back()));
    }
    if (!step.ok()) return step.error();
    return std::get<AwsCredentials>(*step);
  }
};

// "REGION KEY SECRET TOKEN", or the message.
std::string Show(const Result<AwsCredentials>& keys) {
  if (!keys.ok()) return keys.error().message;
  return keys->region + " " + keys->access_key + " " + keys->secret_key.Reveal() + " " +
         keys->session_token.Reveal();
}

std::string FindAlone(const AwsConfig& config, const Environment& environment) {
  Search search{[](const HttpRequest& request) -> Answer {
    return {.status = Error{ErrorCode::kRetryable, "asked " + request.url}};
  }};
  return Show(search.Run(config, environment));
}

class Home {
 public:
  std::string Write(const std::string& name, const std::string& text) const {
    std::filesystem::create_directories(folder_.path() / ".aws");
    std::ofstream(folder_.path() / ".aws" / name) << text;
    return (folder_.path() / ".aws" / name).string();
  }

  Environment Variables(Environment more = {}) const {
    more.emplace("HOME", folder_.path().string());
    return more;
  }

 private:
  test::TempDir folder_;
};

// The metadata of an instance in eu-west-3 with the role `web`.
Answer Instance(const HttpRequest& request) {
  if (request.method == "PUT") return Ok("imds-token");
  if (HeaderOf(request, "X-aws-ec2-metadata-token") != "imds-token") return Says(401);
  if (request.url.ends_with("/document")) return Ok(R"({"region":"eu-west-3"})");
  if (request.url.ends_with("/security-credentials/")) return Ok("web\n");
  if (request.url.ends_with("/security-credentials/web")) return Ok(Keys("INSTANCE"));
  return Says(404);
}

TEST_CASE("keys of the settings win over all that the environment says", "[aws]") {
  const AwsConfig config{.region = "eu-west-1", .access_key = "AK", .secret_key = Secret("SK")};
  CHECK(FindAlone(config, {{"AWS_ACCESS_KEY_ID", "E"}, {"AWS_SECRET_ACCESS_KEY", "E"}}) ==
        "eu-west-1 AK SK ");
}

TEST_CASE("keys, session token and region come from the environment", "[aws]") {
  CHECK(FindAlone({}, {{"AWS_ACCESS_KEY_ID", "AK"},
                       {"AWS_SECRET_ACCESS_KEY", "SK"},
                       {"AWS_SESSION_TOKEN", "T"},
                       {"AWS_DEFAULT_REGION", "b"},
                       {"AWS_REGION", "a"}}) == "a AK SK T");
}

TEST_CASE("profiles are read from both files, and the credentials file counts where both speak",
          "[aws]") {
  const Home home;
  home.Write("config",
             "# c\n[default]\nregion = eu-1 # here\n"
             "[profile two words]\naws_access_key_id = C\n"
             "s3 =\n  region = nested\nregion=eu-2\n[sso-session two words]\nregion=no\n");
  home.Write("credentials",
             "[default]\naws_access_key_id=D\naws_secret_access_key = a=b;c\n"
             "[two words]\naws_access_key_id=W\naws_secret_access_key=S\naws_session_token=T\n");
  CHECK(FindAlone({}, home.Variables()) == "eu-1 D a=b;c ");
  CHECK(FindAlone({.profile = "two words"}, home.Variables()) == "eu-2 W S T");
  CHECK(FindAlone({}, home.Variables({{"AWS_PROFILE", "two words"}})) == "eu-2 W S T");
  CHECK(FindAlone({.profile = "other"}, home.Variables()) ==
        "failed to get shared config profile, other");
}

TEST_CASE("a profile that the settings name wins over keys of the environment", "[aws]") {
  const Home home;
  const std::string file =
      home.Write("elsewhere", "[p]\naws_access_key_id=P\naws_secret_access_key=S\nregion=r\n");
  CHECK(FindAlone({.profile = "p"}, {{"AWS_SHARED_CREDENTIALS_FILE", file},
                                     {"AWS_ACCESS_KEY_ID", "E"},
                                     {"AWS_SECRET_ACCESS_KEY", "E"}}) == "r P S ");
}

TEST_CASE("a web identity is exchanged for keys, and its token read again each time", "[aws]") {
  const Home home;
  const Environment environment = {{"AWS_WEB_IDENTITY_TOKEN_FILE", home.Write("token", "jwt+1\n")},
                                   {"AWS_ROLE_ARN", "arn:aws:iam::1:role/r"},
                                   {"AWS_REGION", "eu-west-1"}};
  Search search{
      [](const HttpRequest&) { return Ok(StsAnswer("AssumeRoleWithWebIdentity", "WEB")); }};
  const Result<AwsCredentials> keys = search.Run({}, environment);
  CHECK(Show(keys) == "eu-west-1 WEB s-WEB t-WEB");
  CHECK(keys->expires_ms == ParseUtcTime("2026-01-02T03:04:05Z"));
  REQUIRE(search.asked.size() == 1);
  CHECK(search.asked[0].url == "https://sts.eu-west-1.amazonaws.com/");
  CHECK(search.asked[0].aws_signature == nullptr);
  CHECK(BodyOf(search.asked[0]) ==
        "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole"
        "%2Fr&RoleSessionName=sluice-1700000000000&WebIdentityToken=jwt%2B1");
  home.Write("token", "jwt2");
  CHECK(search.Run({}, environment).ok());
  CHECK_THAT(BodyOf(search.asked[1]), Contains("WebIdentityToken=jwt2"));
}

TEST_CASE("the role of the settings is assumed with what was found", "[aws]") {
  const Environment environment = {
      {"AWS_ACCESS_KEY_ID", "AK"}, {"AWS_SECRET_ACCESS_KEY", "SK"}, {"AWS_REGION", "us-east-1"}};
  Search search{[](const HttpRequest&) { return Ok(StsAnswer("AssumeRole", "ROLE")); }};
  AwsConfig config{.role_arn = "arn:r", .external_id = "x y"};
  CHECK(Show(search.Run(config, environment)) == "us-east-1 ROLE s-ROLE t-ROLE");
  REQUIRE(search.asked.size() == 1);
  REQUIRE(search.asked[0].aws_signature != nullptr);
  CHECK(search.asked[0].aws_signature->access_key == "AK");
  CHECK(search.asked[0].aws_signature->service == "sts");
  CHECK(BodyOf(search.asked[0]) ==
        "Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Ar&RoleSessionName=sluice-1700000000000"
        "&DurationSeconds=900&ExternalId=x+y");
  config.use_fips_sts_endpoint = true;
  for (const auto& [region, host] :
       std::map<std::string, std::string>{{"us-east-1", "sts-fips.us-east-1.amazonaws.com"},
                                          {"us-gov-west-1", "sts.us-gov-west-1.amazonaws.com"},
                                          {"cn-north-1", "sts-fips.cn-north-1.amazonaws.com.cn"}}) {
    config.region = region;
    CHECK(search.Run(config, environment).ok());
    CHECK(search.asked.back().url == "https://" + host + "/");
  }
}

TEST_CASE("a profile's role is assumed with the credentials of its source profile", "[aws]") {
  const Home home;
  home.Write("config",
             "[profile top]\nrole_arn=arn:top\nsource_profile=mid\nregion=r\nexternal_id=e\n"
             "[profile mid]\nrole_arn=arn:mid\nsource_profile=base\nduration_seconds=3600\n"
             "[profile base]\naws_access_key_id=B\naws_secret_access_key=S\n"
             "[profile loop]\nrole_arn=arn:l\nsource_profile=pool\n"
             "[profile pool]\nrole_arn=arn:p\nsource_profile=loop\n");
  Search search{[&](const HttpRequest& request) {
    return Ok(StsAnswer("AssumeRole", BodyOf(request).find("mid") < 200 ? "MID" : "TOP"));
  }};
  CHECK(Show(search.Run({.profile = "top"}, home.Variables())) == "r TOP s-TOP t-TOP");
  REQUIRE(search.asked.size() == 2);
  CHECK(search.asked[0].aws_signature->access_key == "B");
  CHECK_THAT(BodyOf(search.asked[0]), Contains("DurationSeconds=3600"));
  CHECK(search.asked[1].aws_signature->access_key == "MID");
  CHECK(search.asked[1].aws_signature->session_token.Reveal() == "t-MID");
  CHECK_THAT(BodyOf(search.asked[1]), Contains("ExternalId=e"));
  CHECK_THAT(FindAlone({.region = "r", .profile = "loop"}, home.Variables()),
             Contains("leads back to it"));
}

TEST_CASE("containers get keys from their endpoint, with a token that is read each time", "[aws]") {
  const Home home;
  Environment environment = {{"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/v2/credentials/x"},
                             {"AWS_REGION", "r"}};
  Search search{[](const HttpRequest&) { return Ok(Keys("ECS")); }};
  CHECK(Show(search.Run({}, environment)) == "r ECS s-ECS t-ECS");
  CHECK(search.asked.back().url == "http://169.254.170.2/v2/credentials/x");
  CHECK(HeaderOf(search.asked.back(), "Authorization") == "(none)");
  environment["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = "http://169.254.170.23/v1/credentials";
  environment["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"] = home.Write("token", "tok\n");
  CHECK(search.Run({}, environment).ok());
  CHECK(search.asked.back().url == "http://169.254.170.23/v1/credentials");
  CHECK(HeaderOf(search.asked.back(), "Authorization") == "tok");
  environment["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = "http://203.0.113.1/";
  CHECK_THAT(FindAlone({}, environment), Contains("must be https"));
}

TEST_CASE("an instance's metadata give region and keys, by IMDSv2", "[aws]") {
  Search search{&Instance};
  CHECK(Show(search.Run({}, {})) == "eu-west-3 INSTANCE s-INSTANCE t-INSTANCE");
  REQUIRE(search.asked.size() == 4);
  CHECK(search.asked[0].url == "http://169.254.169.254/latest/api/token");
  CHECK(HeaderOf(search.asked[0], "X-aws-ec2-metadata-token-ttl-seconds") == "21600");
  CHECK(search.Run({.region = "r"}, {{"AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://127.0.0.1:1/"}})
            ->region == "r");
  CHECK(search.asked.size() == 7);
  CHECK(search.asked[6].url == "http://127.0.0.1:1/latest/meta-data/iam/security-credentials/web");
}

TEST_CASE("an instance without IMDSv2 is asked without a token", "[aws]") {
  Search search{[](const HttpRequest& request) {
    if (request.method == "PUT") return Says(404);
    if (HeaderOf(request, "X-aws-ec2-metadata-token") != "(none)") return Says(400);
    return request.url.ends_with("/") ? Ok("web") : Ok(Keys("V1"));
  }};
  CHECK(Show(search.Run({.region = "r"}, {})) == "r V1 s-V1 t-V1");
}

TEST_CASE("the region alone takes no keys", "[aws]") {
  Search search{&Instance};
  CHECK(Show(search.Run({}, {}, Goal::kRegion)) == "eu-west-3   ");
  CHECK(search.asked.size() == 2);
  CHECK(Show(search.Run({.region = "r"}, {}, Goal::kRegion)) == "r   ");
  CHECK(search.asked.size() == 2);
}

TEST_CASE("what fails is named, without a secret", "[aws]") {
  const Environment keys = {
      {"AWS_ACCESS_KEY_ID", "AK"}, {"AWS_SECRET_ACCESS_KEY", "hush"}, {"AWS_REGION", "r"}};
  const auto with = [&](Answer answer, const AwsConfig& config, const Environment& environment) {
    Search search{[&](const HttpRequest&) { return answer; }};
    return Show(search.Run(config, environment));
  };
  CHECK(with(Says(403,
                  "<ErrorResponse><Error><Code>AccessDenied</Code><Message>not "
                  "you\n</Message></Error></ErrorResponse>"),
             {.role_arn = "a"},
             keys) == "AWS STS: answered with status 403: AccessDenied: not you ");
  CHECK(with(Ok("<a/>"), {.role_arn = "a"}, keys) == "AWS STS: the answer has no keys in it");
  CHECK(with(Ok("nonsense"), {.role_arn = "a"}, keys) == "AWS STS: the answer is not XML");
  CHECK(with({.status = Error{ErrorCode::kTimeout, "timeout"}}, {.role_arn = "a"}, keys) ==
        "AWS STS: timeout");
  CHECK(with({.status = Error{ErrorCode::kTimeout, "timeout"}}, {.region = "r"}, {}) ==
        "no credentials for AWS are configured, and the metadata of the EC2 instance cannot be "
        "had: timeout");
  CHECK_THAT(with(Says(500), {}, {}), Catch::StartsWith("no region for AWS"));
  CHECK(with(Ok("x"), {}, {{"AWS_EC2_METADATA_DISABLED", "TRUE"}}) ==
        "region not configured in sigv4 or in default credentials chain");
  CHECK(with(Ok("x"), {.region = "r"}, {{"AWS_EC2_METADATA_DISABLED", "true"}}) ==
        "no credentials for AWS are configured");
  const Environment container = {{"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/"},
                                 {"AWS_REGION", "r"}};
  CHECK(with(Ok("{\"Code\":\"Failed\",\"Message\":\"m\"}"), {}, container) ==
        "the AWS endpoint for containers: Failed: m");
  CHECK(with(Ok("[]"), {}, container) ==
        "the AWS endpoint for containers: the answer has no keys in it");
  CHECK(with(Ok(R"({"AccessKeyId":"a","SecretAccessKey":"hush","Expiration":"soon"})"), {},
             container) ==
        "the AWS endpoint for containers: the expiration in the answer is not a time");
  CHECK(with(Ok("{\"AccessKeyId\":\"a\\r\\nb\",\"SecretAccessKey\":\"hush\"}"), {}, container) ==
        "the AWS endpoint for containers: the keys in the answer cannot be sent in a header");
  CHECK(with(Ok(""), {.region = "Evil/"}, keys) == "not an AWS region: Evil/");
}

TEST_CASE("times in UTC are read, and nothing else", "[time]") {
  CHECK(ParseUtcTime("1970-01-01T00:00:00Z") == 0);
  CHECK(ParseUtcTime("2026-01-02T03:04:05Z") == 1'767'323'045'000);
  CHECK(ParseUtcTime("2026-01-02T03:04:05.5Z") == 1'767'323'045'500);
  CHECK(ParseUtcTime("2026-01-02T03:04:05.123456789Z") == 1'767'323'045'123);
  CHECK(ParseUtcTime("2026-01-02T04:34:05+01:30") == 1'767'323'045'000);
  CHECK(ParseUtcTime("2024-02-29T00:00:00-00:00") == 1'709'164'800'000);
  for (const char* text :
       {"", "2026-01-02", "2026-01-02T03:04:05", "2026-13-02T03:04:05Z", "2026-02-30T03:04:05Z",
        "2026-01-02T24:04:05Z", "2026-01-02T03:04:05Zx", "2026-01-02T03:04:05.Z",
        "+026-01-02T03:04:05Z", "-026-01-02T03:04:05Z"}) {
    CAPTURE(text);
    CHECK_FALSE(ParseUtcTime(text).has_value());
  }
}

}  // namespace
}  // namespace sluice
