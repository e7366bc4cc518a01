// Tokens of Google Cloud: of a service account's key, of a user, or of the machine.
#pragma once

#include <memory>
#include <string>

#include "base/cloud_config.h"
#include "base/environment.h"
#include "base/internal/credential_flow.h"

namespace sluice::internal {

Environment ReadGoogleEnvironment();

class GoogleFlow final : public CredentialFlow {
 public:
  // `client` is for the requests to token endpoints.
  GoogleFlow(GoogleConfig config, std::shared_ptr<const HttpClient> client,
             Environment environment = ReadGoogleEnvironment());

  Result<FlowStep> Begin(const ResolvedHttpClient& client, const FlowTime& time) override;
  Result<FlowStep> Next(const FlowAnswer& answer, const FlowTime& time) override;

  std::string_view failure() const override { return "google: cannot fetch token"; }

 private:
  Result<FlowStep> AskWithFile(const std::string& content, const FlowTime& time) const;
  FlowStep AskMachine() const;

  const GoogleConfig config_;
  const std::shared_ptr<const HttpClient> client_;
  const Environment environment_;
};

}  // namespace sluice::internal
