#include "base/internal/credential_flow.h"

#include "base/internal/aws_flow.h"
#include "base/internal/oauth2_flow.h"

namespace sluice::internal {

std::unique_ptr<CredentialFlow> MakeCredentialFlow(const HttpClient& client) {
  const HttpClientConfig& config = client.config();
  if (config.aws.has_value()) return std::make_unique<AwsFlow>(*config.aws);
  return std::make_unique<OAuth2Flow>(*config.oauth2, client.token_client());
}

}  // namespace sluice::internal
