// Credentials for AWS, for every request of a client.
#pragma once

#include "base/aws_credentials.h"
#include "base/internal/credential_flow.h"

namespace sluice::internal {

class AwsFlow final : public CredentialFlow {
 public:
  explicit AwsFlow(AwsConfig config, Environment environment = ReadAwsEnvironment());

  Result<FlowStep> Begin(const ResolvedHttpClient& client, const FlowTime& time) override;
  Result<FlowStep> Next(const FlowAnswer& answer, const FlowTime& time) override;

  std::string_view failure() const override { return "could not get SigV4 credentials"; }

 private:
  Result<FlowStep> Take(Result<AwsCredentialSearch::Step> step, const FlowTime& time) const;

  const std::string service_;
  AwsCredentialSearch search_;
};

}  // namespace sluice::internal
