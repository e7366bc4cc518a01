// The grant "JWT bearer" of OAuth2 (RFC 7523, 2.1): a signed claim is exchanged for a token.
#pragma once

#include <memory>

#include "base/internal/credential_flow.h"
#include "base/internal/oauth2_token.h"

namespace sluice::internal {

class JwtGrantFlow final : public CredentialFlow {
 public:
  // `config` has a jwt_grant; `client` is the token_client() of whose settings it is.
  JwtGrantFlow(OAuth2Config config, std::shared_ptr<const HttpClient> client);

  Result<FlowStep> Begin(const ResolvedHttpClient& client, const FlowTime& time) override;
  Result<FlowStep> Next(const FlowAnswer& answer, const FlowTime& time) override;

  std::string_view failure() const override { return kTokenFailure; }

 private:
  const OAuth2Config config_;
  const std::shared_ptr<const HttpClient> client_;
};

}  // namespace sluice::internal
