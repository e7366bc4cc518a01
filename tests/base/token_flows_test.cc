#include <chrono>
#include <fstream>
#include <string>

#include <catch2/catch.hpp>

#include "base/base64.h"
#include "base/internal/azure_flow.h"
#include "base/internal/google_flow.h"
#include "base/internal/jwt_grant_flow.h"
#include "base/internal/token_request.h"
#include "base/jwt.h"
#include "tests/base/http_recorder.h"
#include "tests/base/rsa_keys.h"
#include "tests/support/scripted_http_server.h"
#include "tests/support/temp_dir.h"

namespace sluice {
namespace {

using internal::CredentialFlow;
using internal::Credentials;
using internal::FlowStep;
using internal::FlowTime;
using std::chrono::seconds;

constexpr TimestampMs kNowMs = 1'767'323'045'678;

FlowTime Time() {
  return {.now = std::chrono::steady_clock::time_point(seconds(1000)),
          .wall_ms = kNowMs,
          .random = {0x0123456789abcdef, 0xfedcba9876543210}};
}

HttpRequest Asked(const Result<FlowStep>& step) {
  if (!step.ok()) FAIL(step.error().message);
  REQUIRE(std::holds_alternative<HttpRequest>(*step));
  return std::get<HttpRequest>(*step);
}

HttpRequest FirstOf(CredentialFlow& flow, const std::string& secret = "") {
  ResolvedHttpClient client;
  client.oauth2_secret = secret;
  return Asked(flow.Begin(client, Time()));
}

std::string Failure(const Result<FlowStep>& step) {
  return step.ok() ? "no failure" : step.error().message;
}

Credentials Answered(CredentialFlow& flow, const std::string& body) {
  const Result<FlowStep> step = flow.Next({.status = {}, .http_status = 200, .body = body}, Time());
  if (!step.ok()) FAIL(step.error().message);
  return std::get<Credentials>(*step);
}

// The field of a form, without its encoding; none of those here has a blank.
std::string Field(const HttpRequest& request, const std::string& name) {
  const std::string form = "&" + *request.body;
  const size_t at = form.find("&" + name + "=");
  if (at == std::string::npos) return "(none)";
  std::string out;
  for (size_t i = at + name.size() + 2; i < form.size() && form[i] != '&'; ++i) {
    if (form[i] == '%') {
      out += static_cast<char>(std::stoi(form.substr(i + 1, 2), nullptr, 16));
      i += 2;
    } else {
      out += form[i];
    }
  }
  return out;
}

std::string FromBase64Url(std::string text) {
  std::replace(text.begin(), text.end(), '-', '+');
  std::replace(text.begin(), text.end(), '_', '/');
  while (text.size() % 4 != 0) text += '=';
  return DecodeBase64(text).value_or("(no base64)");
}

struct Jwt {
  std::string header;
  std::string claims;
  bool is_signed = false;
};

Jwt Parts(const std::string& token) {
  const size_t first = token.find('.');
  const size_t second = token.find('.', first + 1);
  REQUIRE(second != std::string::npos);
  const std::string text = token.substr(0, second);
  return {.header = FromBase64Url(token.substr(0, first)),
          .claims = FromBase64Url(token.substr(first + 1, second - first - 1)),
          .is_signed = FromBase64Url(token.substr(second + 1)) ==
                       *SignRsa(test::kRsaKey, RsaDigest::kSha256, text)};
}

TEST_CASE("texts are signed with RSA as openssl signs them", "[jwt]") {
  CHECK(EncodeBase64(*SignRsa(test::kRsaKey, RsaDigest::kSha256, "text")) == test::kSignature256);
  CHECK(EncodeBase64(*SignRsa(test::kRsaKey, RsaDigest::kSha384, "text")) == test::kSignature384);
  CHECK(EncodeBase64(*SignRsa(test::kRsaKey, RsaDigest::kSha512, "text")) == test::kSignature512);
}

TEST_CASE("what is no RSA key without a passphrase is refused, in words without it", "[jwt]") {
  const auto refusal = [](std::string_view key) {
    const auto signature = SignRsa(key, RsaDigest::kSha256, "text");
    return signature.ok() ? "accepted" : signature.error().message;
  };
  CHECK(refusal(test::kEllipticKey) == "not an RSA key");
  for (const std::string_view key :
       {std::string_view(), std::string_view("secret"), test::kRsaCertificate, test::kEncryptedKey,
        test::kRsaKey.substr(0, 300)}) {
    CHECK(refusal(key) == "not a private key in PEM without a passphrase");
  }
}

TEST_CASE("a client certificate is read from PEM and from PKCS #12", "[jwt]") {
  const std::string pem = std::string(test::kRsaKey) + std::string(test::kRsaCertificate);
  for (const auto& read : {ReadClientCertificate(pem, ""),
                           ReadClientCertificate(*DecodeBase64(test::kArchive), "open")}) {
    REQUIRE(read.ok());
    CHECK(EncodeBase64(read->thumbprint) == test::kThumbprint);
    CHECK(EncodeBase64(*SignRsa(read->key, RsaDigest::kSha256, "text")) == test::kSignature256);
    CHECK(read->chain.size() == 1);
  }
  const auto refusal = [](std::string_view bytes, const std::string& password) {
    const auto read = ReadClientCertificate(bytes, password);
    return read.ok() ? "accepted" : read.error().message;
  };
  CHECK(refusal(*DecodeBase64(test::kArchive), "hush") ==
        "the PKCS #12 archive does not open with this password");
  CHECK(refusal(test::kRsaKey, "") == "no certificate for the private key");
  CHECK(refusal(test::kRsaCertificate, "") == "not a private key in PEM without a passphrase");
  CHECK(refusal("junk", "") == "neither PEM nor PKCS #12");
  CHECK(refusal("", "") == "neither PEM nor PKCS #12");
}

OAuth2Config JwtConfig() {
  OAuth2Config config;
  config.client_id = "me";
  config.token_url = "https://t/token";
  config.jwt_grant.emplace();
  return config;
}

TEST_CASE("a JWT that Prometheus would sign is exchanged for a token", "[jwt]") {
  OAuth2Config config = JwtConfig();
  config.scopes = {"a", "b"};
  internal::JwtGrantFlow flow(config, nullptr);
  const HttpRequest request = FirstOf(flow, std::string(test::kRsaKey));
  CHECK(request.method == "POST");
  CHECK(request.url == "https://t/token");
  CHECK(Field(request, "grant_type") == "urn:ietf:params:oauth:grant-type:jwt-bearer");
  const Jwt jwt = Parts(Field(request, "assertion"));
  CHECK(jwt.is_signed);
  CHECK(jwt.header == R"({"alg":"RS256","typ":"JWT"})");
  CHECK(jwt.claims ==
        R"({"iss":"me","sub":"me","jti":"01234567-89ab-4def-bedc-ba9876543210",)"
        R"("aud":"https://t/token","iat":1767323045,"exp":1767323645,"scope":"a b"})");
  CHECK(Answered(flow, R"({"access_token":"t","expires_in":60})").authorization == "Bearer t");
}

TEST_CASE("a JWT has the issuer, audience, key and claims that the settings name", "[jwt]") {
  OAuth2Config config = JwtConfig();
  config.jwt_grant->issuer = "i\"";
  config.jwt_grant->audience = "a";
  config.jwt_grant->key_id = "k";
  config.jwt_grant->digest = RsaDigest::kSha512;
  config.jwt_grant->claims = {{"sub", "\"other\""}, {"deep", R"({"n":[1,true]})"}};
  internal::JwtGrantFlow flow(config, nullptr);
  const Jwt jwt = Parts(Field(FirstOf(flow, std::string(test::kRsaKey)), "assertion"));
  CHECK(jwt.header == R"({"alg":"RS512","typ":"JWT","kid":"k"})");
  CHECK(jwt.claims == R"({"iss":"i\"","jti":"01234567-89ab-4def-bedc-ba9876543210","aud":"a",)"
                      R"("iat":1767323045,"exp":1767323645,"sub":"other","deep":{"n":[1,true]}})");
  internal::JwtGrantFlow keyless(config, nullptr);
  CHECK(Failure(keyless.Begin({}, Time())) ==
        "client_certificate_key: not a private key in PEM without a passphrase");
}

TEST_CASE("a client with a jwt_grant authorizes its requests, by a key that may be in a file",
          "[jwt]") {
  const test::TempDir folder;
  std::ofstream(folder.File("key")) << test::kRsaKey;
  test::ScriptedHttpServer server([](const test::ScriptedRequest& request) {
    const auto authorization = request.headers.find("authorization");
    test::ScriptedResponse response{.body = R"({"access_token":"tok"})"};
    if (authorization != request.headers.end()) response.body = authorization->second;
    return response;
  });
  HttpClientConfig config;
  config.oauth2 = JwtConfig();
  config.oauth2->token_url = server.Url("/token");
  config.oauth2->jwt_grant->key_file = folder.File("key");
  HttpLoop loop({});
  test::HttpRecorder recorder;
  HttpRequest request = test::Get(server.Url());
  request.client = std::make_shared<const HttpClient>(config, ProxyEnvironment{});
  loop.Start(std::move(request), recorder);
  REQUIRE(test::PollUntil(loop, [&] { return recorder.done(); }));
  CHECK(recorder.body == "Bearer tok");
}

AzureConfig Azure(AzureMethod method) {
  return {.method = method,
          .authority = "https://login/",
          .scope = "https://monitor.azure.com//.default",
          .tenant_id = "ten.ant",
          .client_id = "cli",
          .client_secret = Secret("hush&")};
}

TEST_CASE("Azure is asked with a client secret at the tenant's endpoint", "[azure]") {
  internal::AzureFlow flow(Azure(AzureMethod::kClientSecret), nullptr, {});
  const HttpRequest request = FirstOf(flow);
  CHECK(request.url == "https://login/ten.ant/oauth2/v2.0/token");
  CHECK(*request.body ==
        "grant_type=client_credentials&client_id=cli&client_secret=hush%26&scope=https%3A%2F%2F"
        "monitor.azure.com%2F%2F.default");
  const Credentials token =
      Answered(flow, R"({"token_type":"Bearer","expires_in":3610,"access_token":"t"})");
  CHECK(token.authorization == "Bearer t");
  CHECK(token.good_until == Time().now + seconds(3600));
  CHECK(token.refresh_at == Time().now + seconds(2700));
}

TEST_CASE("Azure is asked with the token of a workload, read each time", "[azure]") {
  const test::TempDir folder;
  AzureConfig config = Azure(AzureMethod::kWorkloadIdentity);
  config.token_file = folder.File("token");
  internal::AzureFlow flow(config, nullptr, {});
  CHECK_THAT(Failure(flow.Begin({}, Time())), Catch::StartsWith("unable to read the Azure token "));
  std::ofstream(folder.File("token")) << "one\n";
  CHECK(Field(FirstOf(flow), "client_assertion") == "one");
  std::ofstream(folder.File("token")) << "two\n";
  const HttpRequest request = FirstOf(flow);
  CHECK(Field(request, "client_assertion") == "two");
  CHECK(Field(request, "client_assertion_type") ==
        "urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
  CHECK(Field(request, "client_secret") == "(none)");
}

TEST_CASE("Azure is asked with an assertion that a certificate's key signed", "[azure]") {
  const test::TempDir folder;
  std::ofstream(folder.File("c.pem")) << test::kRsaCertificate << test::kRsaKey;
  AzureConfig config = Azure(AzureMethod::kCertificate);
  config.certificate_file = folder.File("c.pem");
  internal::AzureFlow flow(config, nullptr, {});
  const Jwt jwt = Parts(Field(FirstOf(flow), "client_assertion"));
  CHECK(jwt.is_signed);
  const std::string x5t = EncodeBase64Url(*DecodeBase64(test::kThumbprint));
  CHECK(jwt.header == R"({"alg":"RS256","typ":"JWT","x5t":")" + x5t + R"("})");
  CHECK(jwt.claims ==
        R"({"aud":"https://login/ten.ant/oauth2/v2.0/token","iss":"cli","sub":"cli",)"
        R"("jti":"01234567-89ab-4def-bedc-ba9876543210","nbf":1767323045,"iat":1767323045,)"
        R"("exp":1767323645})");
  config.send_certificate_chain = true;
  internal::AzureFlow chained(config, nullptr, {});
  CHECK_THAT(Parts(Field(FirstOf(chained), "client_assertion")).header,
             Catch::Contains(R"("x5c":["MI)"));
}

TEST_CASE("a machine in Azure is asked for its own identity, or the one that is named", "[azure]") {
  AzureConfig config = Azure(AzureMethod::kManagedIdentity);
  config.client_id = "";
  internal::AzureFlow own(config, nullptr, {});
  const HttpRequest request = FirstOf(own);
  CHECK(request.method == "GET");
  CHECK(request.url ==
        "http://169.254.169.254/metadata/identity/oauth2/token?api-version=2018-02-01&resource="
        "https%3A%2F%2Fmonitor.azure.com%2F");
  CHECK(request.headers.at(0) == std::pair<std::string, std::string>("Metadata", "true"));
  CHECK(Answered(own, R"({"access_token":"t","expires_in":"70"})").good_until ==
        Time().now + seconds(60));
  internal::AzureFlow named(Azure(AzureMethod::kManagedIdentity), nullptr,
                            {{"AZURE_POD_IDENTITY_AUTHORITY_HOST", "http://127.0.0.1:1/"}});
  CHECK_THAT(FirstOf(named).url, Catch::StartsWith("http://127.0.0.1:1/metadata/") &&
                                     Catch::EndsWith("&client_id=cli"));
}

TEST_CASE("App Service has an endpoint of its own, and says only when a token ends", "[azure]") {
  internal::AzureFlow flow(
      Azure(AzureMethod::kManagedIdentity), nullptr,
      {{"IDENTITY_ENDPOINT", "http://127.0.0.1:2/msi"}, {"IDENTITY_HEADER", "h"}});
  const HttpRequest request = FirstOf(flow);
  CHECK_THAT(request.url,
             Catch::StartsWith("http://127.0.0.1:2/msi?api-version=2019-08-01&resource="));
  CHECK(request.headers.at(0) == std::pair<std::string, std::string>("X-IDENTITY-HEADER", "h"));
  for (const auto* end : {"1767323145", "\"1767323145\""}) {
    const Credentials token =
        Answered(flow, R"({"access_token":"t","expires_on":)" + std::string(end) + "}");
    CHECK(token.good_until == Time().now + std::chrono::milliseconds(99'322 - 10'000));
  }
}

TEST_CASE("the environment chooses how Azure is asked", "[azure]") {
  const AzureConfig config{.method = AzureMethod::kEnvironment, .scope = "s/.default"};
  Environment environment = {{"AZURE_TENANT_ID", "t"}, {"AZURE_CLIENT_ID", "c"}};
  const auto form = [&] {
    internal::AzureFlow flow(config, nullptr, environment);
    const HttpRequest request = FirstOf(flow);
    return request.body == nullptr ? request.url : *request.body;
  };
  CHECK_THAT(form(), Catch::EndsWith("&resource=s&client_id=c"));
  const test::TempDir folder;
  std::ofstream(folder.File("token")) << "jwt";
  environment["AZURE_FEDERATED_TOKEN_FILE"] = folder.File("token");
  CHECK_THAT(form(), Catch::Contains("client_assertion=jwt"));
  environment["AZURE_CLIENT_SECRET"] = "x";
  CHECK_THAT(form(), Catch::Contains("client_secret=x"));
}

std::string ServiceAccount(const std::string& token_url) {
  return R"({"type":"service_account","client_email":"me@x","private_key_id":"kid","private_key":)" +
         JsonString(test::kRsaKey) +
         (token_url.empty() ? "" : R"(,"token_uri":")" + token_url + "\"") + "}";
}

TEST_CASE("Google is asked with a JWT of the service account", "[google]") {
  const test::TempDir folder;
  std::ofstream(folder.File("key.json")) << ServiceAccount("");
  internal::GoogleFlow flow({.credentials_file = folder.File("key.json"), .scope = "sc"}, nullptr,
                            {});
  const HttpRequest request = FirstOf(flow);
  CHECK(request.url == "https://oauth2.googleapis.com/token");
  CHECK(Field(request, "grant_type") == "urn:ietf:params:oauth:grant-type:jwt-bearer");
  const Jwt jwt = Parts(Field(request, "assertion"));
  CHECK(jwt.is_signed);
  CHECK(jwt.header == R"({"alg":"RS256","typ":"JWT","kid":"kid"})");
  CHECK(jwt.claims == R"({"iss":"me@x","scope":"sc","aud":"https://oauth2.googleapis.com/token",)"
                      R"("iat":1767323045,"exp":1767326645})");
  CHECK(Answered(flow, R"({"access_token":"t","expires_in":3610})").refresh_at ==
        Time().now + seconds(2700));
}

TEST_CASE("a client with a service account's key of Google exchanges it for what authorizes it",
          "[google]") {
  const test::TempDir folder;
  test::ScriptedHttpServer server([](const test::ScriptedRequest& request) {
    if (request.target == "/token") {
      return test::ScriptedResponse{.body = R"({"access_token":"tok","expires_in":3600})"};
    }
    const auto authorization = request.headers.find("authorization");
    return test::ScriptedResponse{
        .body = authorization == request.headers.end() ? "(none)" : authorization->second};
  });
  std::ofstream(folder.File("key.json")) << ServiceAccount(server.Url("/token"));
  HttpClientConfig config;
  config.google = GoogleConfig{.credentials_file = folder.File("key.json"), .scope = "sc"};
  const auto client = std::make_shared<const HttpClient>(config, ProxyEnvironment{});
  HttpLoop loop({});
  for (int i = 0; i < 2; ++i) {
    test::HttpRecorder recorder;
    HttpRequest request = test::Get(server.Url("/write"));
    request.client = client;
    loop.Start(std::move(request), recorder);
    REQUIRE(test::PollUntil(loop, [&] { return recorder.done(); }));
    CHECK(recorder.body == "Bearer tok");
  }
  const auto seen = server.requests();
  REQUIRE(seen.size() == 3);  // the second request has the token of the first
  CHECK(seen[0].method == "POST");
  CHECK(seen[0].headers.at("content-type") == "application/x-www-form-urlencoded");
  HttpRequest form;
  form.body = std::make_shared<const std::string>(seen[0].body);
  const Jwt jwt = Parts(Field(form, "assertion"));
  CHECK(jwt.is_signed);
  CHECK_THAT(jwt.claims, Catch::Contains("\"aud\":\"" + server.Url("/token") + "\""));
}

TEST_CASE("Google's default credentials are a file of the environment, of the user, the machine",
          "[google]") {
  const test::TempDir folder;
  const Environment home = {{"HOME", folder.path().string()}, {"GCE_METADATA_HOST", "127.0.0.1:3"}};
  internal::GoogleFlow machine({.scope = "https://a b"}, nullptr, home);
  const HttpRequest request = FirstOf(machine);
  CHECK(request.url ==
        "http://127.0.0.1:3/computeMetadata/v1/instance/service-accounts/default/token?scopes="
        "https%3A%2F%2Fa+b");
  CHECK(request.headers.at(0) == std::pair<std::string, std::string>("Metadata-Flavor", "Google"));
  std::filesystem::create_directories(folder.path() / ".config/gcloud");
  std::ofstream(folder.path() / ".config/gcloud/application_default_credentials.json")
      << R"({"type":"authorized_user","client_id":"c","client_secret":"s","refresh_token":"r"})";
  internal::GoogleFlow user({.scope = "sc"}, nullptr, home);
  CHECK(*FirstOf(user).body ==
        "grant_type=refresh_token&client_id=c&client_secret=s&refresh_token=r");
  std::ofstream(folder.File("key.json")) << ServiceAccount("https://x/");
  Environment named = home;
  named["GOOGLE_APPLICATION_CREDENTIALS"] = folder.File("key.json");
  internal::GoogleFlow account({.scope = "sc"}, nullptr, named);
  CHECK(FirstOf(account).url == "https://x/");
}

TEST_CASE("a credentials file of Google that is no good is named, not shown", "[google]") {
  const test::TempDir folder;
  const auto failure = [&](const std::string& content) {
    std::ofstream(folder.File("f")) << content;
    internal::GoogleFlow flow({.credentials_file = folder.File("f"), .scope = "sc"}, nullptr, {});
    return Failure(flow.Begin({}, Time()));
  };
  CHECK(failure("hush") == "error parsing Google credentials file: not JSON");
  CHECK(failure(R"({"type":"external_account"})") ==
        "error parsing Google credentials file: the type \"external_account\" is not supported");
  CHECK(failure(R"({"type":"service_account","private_key":"hush"})") ==
        "error parsing Google credentials file: private_key: not a private key in PEM without a "
        "passphrase");
  internal::GoogleFlow gone({.credentials_file = folder.File("gone"), .scope = "sc"}, nullptr, {});
  CHECK_THAT(Failure(gone.Begin({}, Time())),
             Catch::StartsWith("error reading Google credentials file: "));
}

TEST_CASE("JSON is written with its escapes, and the last of equal names", "[json]") {
  CHECK(JsonString("a\"\\\n\r\t\x01\x7f\xff") ==
        "\"a\\\"\\\\\\n\\r\\t\\u0001\\u007f\xef\xbf\xbd\"");
  CHECK(JsonObject({{"a", "1"}, {"b", "2"}, {"a", "3"}}) == R"({"b":2,"a":3})");
  CHECK(JsonObject({}) == "{}");
}

}  // namespace
}  // namespace sluice
