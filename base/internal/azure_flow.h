// Tokens of Microsoft Entra ID (Azure AD), in the ways of Microsoft's own libraries.
#pragma once

#include <memory>
#include <string>

#include "base/cloud_config.h"
#include "base/environment.h"
#include "base/internal/credential_flow.h"

namespace sluice::internal {

Environment ReadAzureEnvironment();

class AzureFlow final : public CredentialFlow {
 public:
  // `client` is for the requests to the authority.
  AzureFlow(AzureConfig config, std::shared_ptr<const HttpClient> client,
            Environment environment = ReadAzureEnvironment());

  Result<FlowStep> Begin(const ResolvedHttpClient& client, const FlowTime& time) override;
  Result<FlowStep> Next(const FlowAnswer& answer, const FlowTime& time) override;

  std::string_view failure() const override { return "Failed to get access token"; }

 private:
  FlowStep AskMachine() const;
  Result<FlowStep> AskWithAssertion(Result<std::string> assertion) const;
  Result<std::string> Certificate(const FlowTime& time) const;
  std::string TokenUrl() const;

  const Environment environment_;
  const AzureConfig config_;  // with what the environment says
  const std::shared_ptr<const HttpClient> client_;
};

}  // namespace sluice::internal
