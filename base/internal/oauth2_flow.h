// The grant "client credentials" of OAuth2.
#pragma once

#include <memory>
#include <string>

#include "base/internal/credential_flow.h"
#include "base/internal/oauth2_token.h"

namespace sluice::internal {

class OAuth2Flow final : public CredentialFlow {
 public:
  // `client` is the token_client() of whose settings `config` is.
  OAuth2Flow(OAuth2Config config, std::shared_ptr<const HttpClient> client);

  Result<FlowStep> Begin(const ResolvedHttpClient& client, const FlowTime& time) override;
  Result<FlowStep> Next(const FlowAnswer& answer, const FlowTime& time) override;

  std::string_view failure() const override { return kTokenFailure; }

 private:
  FlowStep Ask() const;

  const OAuth2Config config_;
  const std::shared_ptr<const HttpClient> client_;

  OAuth2Style style_ = OAuth2Style::kHeader;
  bool style_known_ = false;
  // Of this conversation.
  bool other_style_tried_ = false;
  std::string secret_;
};

}  // namespace sluice::internal
