#include "base/internal/azure_flow.h"

#include <charconv>
#include <chrono>
#include <utility>

#include "base/file.h"
#include "base/internal/http_text.h"
#include "base/internal/oauth2_token.h"
#include "base/internal/token_request.h"
#include "base/json.h"
#include "base/jwt.h"

namespace sluice::internal {
namespace {

constexpr std::chrono::minutes kAssertionLife{10};
// Where there is no such service, nobody may answer at all.
constexpr std::chrono::seconds kMachineTimeout{2};
constexpr size_t kCertificateBytesMax = 1 << 20;
constexpr std::string_view kAllOfIt = "/.default";

// Which of the ways there is one for. Those that need a person, or another program, are none.
AzureConfig WithEnvironment(AzureConfig config, const Environment& environment) {
  if (config.method != AzureMethod::kEnvironment) return config;
  const auto fill = [&](std::string& field, const char* name) {
    if (field.empty()) field = Variable(environment, name);
  };
  fill(config.tenant_id, "AZURE_TENANT_ID");
  fill(config.client_id, "AZURE_CLIENT_ID");
  fill(config.token_file, "AZURE_FEDERATED_TOKEN_FILE");
  fill(config.certificate_file, "AZURE_CLIENT_CERTIFICATE_PATH");
  config.client_secret = Secret(Variable(environment, "AZURE_CLIENT_SECRET"));
  config.certificate_password = Secret(Variable(environment, "AZURE_CLIENT_CERTIFICATE_PASSWORD"));
  const bool is_named = !config.tenant_id.empty() && !config.client_id.empty();
  if (is_named && !config.client_secret.empty()) {
    config.method = AzureMethod::kClientSecret;
  } else if (is_named && !config.certificate_file.empty()) {
    config.method = AzureMethod::kCertificate;
  } else if (is_named && !config.token_file.empty()) {
    config.method = AzureMethod::kWorkloadIdentity;
  } else {
    config.method = AzureMethod::kManagedIdentity;
  }
  return config;
}

// Some services say only when the token ends, in seconds of Unix time, as text or number.
std::optional<TimestampMs> EndOf(const std::string& body) {
  const auto document = JsonDocument::Parse(body);
  if (!document.ok()) return std::nullopt;
  const JsonView end = (*document)->root()["expires_on"];
  std::string text(end.Text());
  if (text.empty()) text = end.NumberText();
  int64_t seconds = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  constexpr int64_t kSecondsMax = int64_t{1} << 40;
  if (error != std::errc() || seconds <= 0 || seconds > kSecondsMax) return std::nullopt;
  return seconds * 1000;
}

}  // namespace

Environment ReadAzureEnvironment() {
  return ReadEnvironment({"AZURE_", "IDENTITY_ENDPOINT", "IDENTITY_HEADER"});
}

AzureFlow::AzureFlow(AzureConfig config, std::shared_ptr<const HttpClient> client,
                     Environment environment)
    : environment_(std::move(environment)),
      config_(WithEnvironment(std::move(config), environment_)),
      client_(std::move(client)) {}

Result<FlowStep> AzureFlow::Begin(const ResolvedHttpClient& /*client*/, const FlowTime& time) {
  switch (config_.method) {
    case AzureMethod::kManagedIdentity:
    case AzureMethod::kEnvironment:
      return AskMachine();
    case AzureMethod::kWorkloadIdentity:
      return AskWithAssertion(ReadCredentialFile(config_.token_file, "Azure token file"));
    case AzureMethod::kCertificate:
      return AskWithAssertion(Certificate(time));
    case AzureMethod::kClientSecret:
      break;
  }
  return FlowStep(TokenRequest(TokenUrl(),
                               {{"grant_type", "client_credentials"},
                                {"client_id", config_.client_id},
                                {"client_secret", config_.client_secret.Reveal()},
                                {"scope", config_.scope}},
                               client_));
}

std::string AzureFlow::TokenUrl() const {
  std::string authority = config_.authority;
  while (authority.ends_with('/')) authority.pop_back();
  return authority + "/" + EncodeForm(config_.tenant_id) + "/oauth2/v2.0/token";
}

// The metadata of the machine, or the endpoint that App Service has for it.
FlowStep AzureFlow::AskMachine() const {
  std::string resource = config_.scope;
  if (resource.ends_with(kAllOfIt)) resource.resize(resource.size() - kAllOfIt.size());
  HttpRequest request;
  request.timeout = kMachineTimeout;
  request.follow_redirects = false;
  const std::string endpoint = Variable(environment_, "IDENTITY_ENDPOINT");
  const std::string header = Variable(environment_, "IDENTITY_HEADER");
  if (!endpoint.empty() && !header.empty()) {
    request.url = endpoint + "?api-version=2019-08-01";
    request.headers = {{"X-IDENTITY-HEADER", header}};
  } else {
    std::string host = Variable(environment_, "AZURE_POD_IDENTITY_AUTHORITY_HOST");
    if (host.empty()) host = "http://169.254.169.254";
    while (host.ends_with('/')) host.pop_back();
    request.url = host + "/metadata/identity/oauth2/token?api-version=2018-02-01";
    request.headers = {{"Metadata", "true"}};
  }
  request.url += "&resource=" + EncodeForm(resource);
  if (!config_.client_id.empty()) request.url += "&client_id=" + EncodeForm(config_.client_id);
  return request;
}

Result<FlowStep> AzureFlow::AskWithAssertion(Result<std::string> assertion) const {
  if (!assertion.ok()) return assertion.error();
  return FlowStep(TokenRequest(
      TokenUrl(),
      {{"grant_type", "client_credentials"},
       {"client_id", config_.client_id},
       {"client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"},
       {"client_assertion", *std::move(assertion)},
       {"scope", config_.scope}},
      client_));
}

// An assertion that is signed with the key of a certificate.
Result<std::string> AzureFlow::Certificate(const FlowTime& time) const {
  constexpr std::string_view kWhat = "Azure certificate";
  const Result<std::string> content = ReadFile(config_.certificate_file, kCertificateBytesMax);
  if (!content.ok()) return content.error().WithContext(kWhat);
  const Result<ClientCertificate> certificate =
      ReadClientCertificate(*content, config_.certificate_password.Reveal());
  if (!certificate.ok()) return certificate.error().WithContext(kWhat);
  JsonMembers header = {{"x5t", JsonString(EncodeBase64Url(certificate->thumbprint))}};
  if (config_.send_certificate_chain) {
    std::string chain;
    for (const std::string& each : certificate->chain) {
      chain += (chain.empty() ? "" : ",") + JsonString(EncodeBase64(each));
    }
    header.emplace_back("x5c", "[" + chain + "]");
  }
  JsonMembers claims = {{"aud", JsonString(TokenUrl())},
                        {"iss", JsonString(config_.client_id)},
                        {"sub", JsonString(config_.client_id)},
                        {"jti", JsonString(RandomUuid(time))},
                        {"nbf", std::to_string(time.wall_ms / 1000)}};
  AppendLife(claims, time.wall_ms, kAssertionLife);
  return SignJwt(certificate->key, RsaDigest::kSha256, std::move(header), claims);
}

Result<FlowStep> AzureFlow::Next(const FlowAnswer& answer, const FlowTime& time) {
  if (!answer.status.ok()) return answer.status.error();
  Result<Credentials> token = ParseOAuth2Answer(answer.http_status, answer.body, time.now);
  if (!token.ok()) return token.error();
  if (!token->good_until.has_value()) {
    if (const auto end_ms = EndOf(answer.body)) {
      token->good_until =
          time.now + std::chrono::milliseconds(*end_ms - time.wall_ms) - kTokenMargin;
    }
  }
  RefreshEarly(*token, time);
  return FlowStep(*std::move(token));
}

}  // namespace sluice::internal
