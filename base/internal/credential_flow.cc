#include "base/internal/credential_flow.h"

#include "base/internal/aws_flow.h"
#include "base/internal/azure_flow.h"
#include "base/internal/google_flow.h"
#include "base/internal/jwt_grant_flow.h"
#include "base/internal/oauth2_flow.h"

namespace sluice::internal {

std::unique_ptr<CredentialFlow> MakeCredentialFlow(const HttpClient& client) {
  const HttpClientConfig& config = client.config();
  if (config.aws) return std::make_unique<AwsFlow>(*config.aws);
  if (config.azure) return std::make_unique<AzureFlow>(*config.azure, client.token_client());
  if (config.google) return std::make_unique<GoogleFlow>(*config.google, client.token_client());
  if (config.oauth2->jwt_grant) {
    return std::make_unique<JwtGrantFlow>(*config.oauth2, client.token_client());
  }
  return std::make_unique<OAuth2Flow>(*config.oauth2, client.token_client());
}

}  // namespace sluice::internal
