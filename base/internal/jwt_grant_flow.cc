#include "base/internal/jwt_grant_flow.h"

#include <chrono>
#include <utility>

#include "base/internal/token_request.h"
#include "base/jwt.h"

namespace sluice::internal {
namespace {

// As Prometheus has it.
constexpr std::chrono::minutes kAssertionLife{10};

std::string Or(const std::string& text, const std::string& fallback) {
  return text.empty() ? fallback : text;
}

}  // namespace

JwtGrantFlow::JwtGrantFlow(OAuth2Config config, std::shared_ptr<const HttpClient> client)
    : config_(std::move(config)), client_(std::move(client)) {}

Result<FlowStep> JwtGrantFlow::Begin(const ResolvedHttpClient& client, const FlowTime& time) {
  const JwtGrantConfig& grant = *config_.jwt_grant;
  JsonMembers claims = {{"iss", JsonString(Or(grant.issuer, config_.client_id))},
                        {"sub", JsonString(config_.client_id)},
                        {"jti", JsonString(RandomUuid(time))},
                        {"aud", JsonString(Or(grant.audience, config_.token_url))}};
  AppendLife(claims, time.wall_ms, kAssertionLife);
  const std::string scopes = ScopeText(config_.scopes);
  if (!scopes.empty()) claims.emplace_back("scope", JsonString(scopes));
  claims.insert(claims.end(), grant.claims.begin(), grant.claims.end());
  JsonMembers header;
  if (!grant.key_id.empty()) header.emplace_back("kid", JsonString(grant.key_id));
  Result<std::string> assertion =
      SignJwt(client.oauth2_secret, grant.digest, std::move(header), claims);
  if (!assertion.ok()) return assertion.error().WithContext("client_certificate_key");
  return FlowStep(TokenRequest(
      config_.token_url,
      {{"grant_type", std::string(kJwtBearerGrant)}, {"assertion", *std::move(assertion)}},
      client_));
}

Result<FlowStep> JwtGrantFlow::Next(const FlowAnswer& answer, const FlowTime& time) {
  if (!answer.status.ok()) return answer.status.error();
  Result<Credentials> token = ParseOAuth2Answer(answer.http_status, answer.body, time.now);
  if (!token.ok()) return token.error();
  return FlowStep(*std::move(token));
}

}  // namespace sluice::internal
